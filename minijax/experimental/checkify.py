"""Checks inside compiled programs: `minijax.experimental.checkify` is JAX's.

    def f(x):
        checkify.check(x > 0, "x must be positive, got {}", x)
        return jnp.log(x)

    error, y = jit(checkify.checkify(f))(-1.0)
    error.throw()         raises: x must be positive, got -1.0 (`check` failed)

A compiled program cannot raise. `checkify` traces a function and writes it anew, with
the first failure as one more value that all its parts pass on; checks that the function
does not write itself (NaN, division by zero, index out of bounds) are added on request.
"""

from collections.abc import Callable, Iterable

import numpy as np

from .. import dtypes, tree
from ..control.bodies import as_value, flatten, name_of
from ..control.callback import FieldsOnly
from ..control.check import (
    Check,
    CheckError,
    DivisionByZeroError,
    FailedCheckError,
    JaxRuntimeError,
    NaNError,
    OOBError,
    bind_check,
    described,
    failures,
)
from ..core.literal import Literal, aval_of
from ..core.trace import Tracer, is_eager
from ..core.tracebacks import boundary
from ..primitives.elementwise import bitwise_and, bitwise_not, eq
from ..runtime.array import as_array
from ..transforms.stage import hoist, stage
from .checkify_rules import Checker, payloads_of

__all__ = [
    "Error",
    "ErrorCategory",
    "JaxRuntimeError",
    "all_checks",
    "automatic_checks",
    "check",
    "check_error",
    "checkify",
    "debug_check",
    "div_checks",
    "float_checks",
    "index_checks",
    "init_error",
    "nan_checks",
    "user_checks",
]

ErrorCategory = type[CheckError]

user_checks = frozenset([FailedCheckError])
nan_checks = frozenset([NaNError])
div_checks = frozenset([DivisionByZeroError])
index_checks = frozenset([OOBError])
float_checks = nan_checks | div_checks
automatic_checks = float_checks | index_checks
all_checks = automatic_checks | user_checks


class Error:
    """The first failure of a function, or none: a container of arrays.

    Under `vmap` it holds one failure for each member.
    """

    def __init__(self, failed, code, payloads, checks):
        self._failed = failed  # bool[...], the axes being those of vmap
        self._code = code  # i32[...]: which of the checks
        self._payloads = payloads  # arrays by the types they have in one member
        self._checks = checks  # Check -> the types of what it shows

    def get(self) -> str | None:
        """What failed, as text; None if nothing did."""
        return described(self._failures()) or None

    def get_exception(self) -> Exception | None:
        """What failed, as an exception that is not raised; None if nothing did."""
        found = self._failures()
        if len(found) == 1 and () in found:
            return found[()]
        return JaxRuntimeError(described(found)) if found else None

    def throw(self) -> None:
        """Raise what failed.

        Raises:
          JaxRuntimeError: a ValueError, if anything did.
        """
        message = self.get()
        if message is not None:
            raise JaxRuntimeError(message)

    def _failures(self):
        found = {}
        for k, (check, avals) in enumerate(self._checks.items()):
            bad = np.asarray(self._failed) & (np.asarray(self._code) == k)
            if bad.any():
                found.update(failures(check, bad, self._payloads[avals]))
        return dict(sorted(found.items()))

    def __repr__(self):
        if isinstance(self._failed, Tracer):
            return f"Error({self._failed})"
        return f"Error({self.get()})"


def _flatten_error(error):
    children = error._failed, error._code, list(error._payloads.values())
    return children, (tuple(error._payloads), tuple(error._checks.items()))


def _unflatten_error(known, children):
    failed, code, payloads = children
    avals, checks = known
    return Error(failed, code, dict(zip(avals, payloads, strict=True)), dict(checks))


tree.register_pytree_node(Error, _flatten_error, _unflatten_error)

init_error = Error(np.False_, np.int32(-1), {}, {})


@boundary
def check(pred, msg: str, *fmt_args, debug: bool = False, **fmt_kwargs) -> None:
    """Require that `pred` holds; else fail with `msg.format(*fmt_args, **fmt_kwargs)`.

    Un-jitted it raises at once. In a function that is compiled, or is the body of a
    loop or a branch, it needs `checkify` around the function.

    Args:
      pred: a boolean, rank 0.
      msg: a format string.
      fmt_args, fmt_kwargs: containers of arrays.
      debug: only look at it under `checkify`.

    Raises:
      JaxRuntimeError: a ValueError, if `pred` is known not to hold.

    >>> check(True, "never shown")
    >>> error, y = checkify(lambda x: (check(x > 0, "got {}", x), x)[1])(-1.0)
    >>> error
    Error(got -1.0 (`check` failed))
    """
    if not _is_boolean_scalar(pred):
        raise TypeError(
            f"check takes a scalar pred as argument: a boolean of rank 0, got "
            f"{pred!r:.60}. Reduce it with jnp.all."
        )
    leaves, treedef = tree.flatten((fmt_args, fmt_kwargs))
    values = [as_value(x) for x in leaves]
    for x, value in zip(leaves, values, strict=True):
        if value is None:
            raise TypeError(
                "Formatting arguments to checkify.check need to be PyTrees of arrays, "
                f"but got {x!r:.60} of type {type(x).__name__}. Put it into the "
                "message."
            )
    FieldsOnly().format(msg, *fmt_args, **fmt_kwargs)
    record = Check(FailedCheckError, f"{msg} (`check` failed)", treedef)
    bind_check(as_value(pred), record, values, debug=debug)


def debug_check(pred, msg: str, *fmt_args, **fmt_kwargs) -> None:
    """Like `check`, but without `checkify` around it nothing happens.

    >>> debug_check(False, "never shown")
    """
    check(pred, msg, *fmt_args, debug=True, **fmt_kwargs)


def _is_boolean_scalar(pred):
    value = as_value(pred)
    if value is None:
        return False
    aval = aval_of(value)
    return (aval.shape, aval.dtype) == ((), dtypes.bool_)


@boundary
def check_error(error: Error) -> None:
    """Require that an error holds no failure: the failure, if any, is raised again.

    In a function that is compiled it needs `checkify` around it, like `check`.

    >>> check_error(init_error)
    """
    if not isinstance(error, Error):
        raise ValueError(
            f"check_error takes an Error as argument, got type {type(error).__name__}. "
            "Pass the first result of a checkified function."
        )
    axes = aval_of(error._failed).ndim
    for k, (record, avals) in enumerate(error._checks.items()):
        here = eq(error._code, np.full(aval_of(error._code).shape, k, np.int32))
        ok = bitwise_not(bitwise_and(error._failed, here))
        bind_check(ok, record, error._payloads[avals], axes)


def checkify(f: Callable, errors: Iterable[ErrorCategory] = user_checks) -> Callable:
    """A function that returns a pair of `Error` and the result of `f`.

    Args:
      f: a function of containers of arrays; other arguments are passed as they are.
      errors: what to look for, a union of `user_checks`, `nan_checks`, `div_checks`
        and `index_checks`; `float_checks`, `automatic_checks` and `all_checks` are
        unions.

    The result can be compiled, mapped and differentiated (with `has_aux`), and a
    compiled function can be checkified. Of several failures the first is reported.

    >>> error, y = checkify(jnp.log, errors=float_checks)(-1.0)
    >>> error.get()
    'nan generated by primitive: log.'
    """
    if not callable(f):
        raise TypeError(f"checkify: f must be a function, got {f!r:.60}.")
    wanted = frozenset(errors)

    @boundary
    def checked(*args, **kwargs):
        leaves, in_tree = tree.flatten_raw((args, kwargs), None)
        values = [as_value(x) for x in leaves]
        given = [value is not None for value in values]
        values = [value for value in values if value is not None]
        out_tree = None

        def flat(*tracers):
            nonlocal out_tree
            rest = iter(tracers)
            pairs = zip(leaves, given, strict=True)
            filled = [next(rest) if on else x for x, on in pairs]
            args, kwargs = tree.unflatten(in_tree, filled)
            out = f(*args, **kwargs)
            outs, out_tree = flatten("checkify", f"the result of {name_of(f)}", out)
            return outs

        verb = f"by checkify in {name_of(f)}"
        closed, consts = hoist(stage(flat, [aval_of(x) for x in values], verb))
        checker = Checker(wanted, payloads_of(closed.jaxpr, wanted))
        outs = checker.run(closed.jaxpr, closed.consts, [*consts, *values])
        error = Error(checker.failed, checker.code, checker.payloads, checker.checks)
        result = error, tree.unflatten(out_tree, outs)
        return tree.map(_materialized, result) if is_eager(*values) else result

    checked.__name__ = f"checkified_{name_of(f)}"
    return checked


def _materialized(x):
    return as_array(x) if type(x) is Literal else x
