"""Un-jitted evaluation of one primitive."""

from ..core.trace import evaluator


def apply_primitive(primitive, *operands, **params):
    """Evaluate a primitive by compiling and running it, for `def_impl`.

    >>> from minijax.lax import sin_p
    >>> apply_primitive(sin_p, 0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    return evaluator.process(primitive, operands, params)
