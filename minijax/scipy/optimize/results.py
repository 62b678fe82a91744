"""What a minimisation returns."""

from typing import Any, NamedTuple


class OptimizeResults(NamedTuple):
    """What a minimisation returns.

    Attributes:
      x: the solution.
      success: whether the gradient became small enough.
      status: 0 converged; 1 too many iterations; 2 too many evaluations; 3 too many
        gradients, or no step of the line search was good enough; 4 the value stopped
        falling (l-bfgs); 5 the line search found no lower value.
      fun: the value there.
      jac: the gradient there.
      hess_inv: the last estimate of the inverse Hessian, None for l-bfgs.
      nfev, njev: how often the function and its gradient were computed.
      nit: iterations.
    """

    x: Any
    success: Any
    status: Any
    fun: Any
    jac: Any
    hess_inv: Any
    nfev: Any
    njev: Any
    nit: Any
