"""The primitives that call Python functions from programs, and their rules.

    b:f32[3] = pure_callback[callback=f result_avals=(f32[3],) vmap_method=None] a
    c:f32[3] = io_callback[callback=f ordered=True result_avals=(f32[3],)] a
    debug_callback[callback=print ordered=False] a

The first is a function like any other: it may run never, once or twice. The others have
an effect, so each runs exactly when the program says; ordered ones also one after the
other. What is called is a `Callback`, a function of flat operands.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .. import dtypes, tree
from ..config import state
from ..core.avals import ShapedArray
from ..core.literal import aval_of
from ..core.primitive import Primitive
from ..core.trace import is_eager
from ..errors import JaxRuntimeError
from ..mismatch import describe_mismatch
from ..primitives.index import dynamic_index_in_dim
from ..primitives.shape import expand_dims, move_batch
from ..primitives.slicing import concatenate
from ..transforms.stage import stage
from .bodies import avals_of, name_of, paths_of
from .programs import split, spread
from .scan_rules import bind_scan

VMAP_METHODS = (
    "sequential",
    "sequential_unrolled",
    "expand_dims",
    "broadcast_all",
    "legacy_vectorized",
)


class HostEffect(NamedTuple):
    """The effect of a step that calls Python for more than its results."""

    kind: str
    ordered: bool

    def __repr__(self):
        return f"Ordered{self.kind}" if self.ordered else self.kind


def has_order(effects) -> bool:
    """Whether some of the effects must happen one after the other."""
    return any(type(e) is HostEffect and e.ordered for e in effects)


def does_io(effects) -> bool:
    """Whether some of the effects must not happen again when values are recomputed."""
    return any(type(e) is HostEffect and e.kind == "IO" for e in effects)


class Callback:
    """A Python function as a program calls it: operands and results are flat.

    Args:
      where: what the user called, for messages: `pure_callback`.
      function: the user's function.
      flat: from a sequence of arrays to what `function` returns for them.
      out_tree: the structure it must return, or None if results are ignored.
    """

    __slots__ = ("flat", "function", "out_tree", "where", "x64")

    def __init__(self, where: str, function: Callable, flat: Callable, out_tree=None):
        self.where = where
        self.function = function
        self.flat = flat
        self.out_tree = out_tree
        self.x64 = state.enable_x64

    def with_token(self) -> "TokenCallback":
        """The same function, which takes and returns a token before all."""
        made = TokenCallback(self.where, self.function, self.flat, self.out_tree)
        made.x64 = self.x64
        return made

    def __repr__(self):
        return name_of(self.function)

    def __call__(self, arrays: Sequence, result_avals: Sequence) -> list[np.ndarray]:
        """Call the function; its results as NumPy arrays of the types promised.

        Raises:
          JaxRuntimeError: the function raised, which is then the cause, or returned
            something else.
        """
        try:
            out = self.flat(arrays)
        except Exception as error:
            raise JaxRuntimeError(
                f"{self.where}: {self} raised {type(error).__name__}: {error}"
            ) from error
        return [] if self.out_tree is None else self._checked(out, result_avals)

    def _checked(self, out, avals):
        leaves, treedef = tree.flatten_raw(_plain(out), None)
        declared = tree.unflatten(self.out_tree, range(len(avals)))
        declared = tree.structure(_plain(declared))
        if treedef != declared:
            difference = describe_mismatch(
                "result_shape_dtypes", declared, "the result", treedef
            )
            raise JaxRuntimeError(
                f"{self.where}: {self} must return what it was declared to: "
                f"{difference}"
            )
        results = [self._as_numpy(x) for x in leaves]
        for k, (x, aval) in enumerate(zip(results, avals, strict=True)):
            if x is None or (x.shape, x.dtype) != (aval.shape, aval.dtype):
                path = paths_of("result", self.out_tree)[k]
                raise JaxRuntimeError(
                    f"{self.where}: {self} must return {aval} for {path}, got "
                    f"{_type_of(leaves[k], x)}. Return an array of the declared type, "
                    "or change result_shape_dtypes."
                )
        return results

    def _as_numpy(self, x):
        """A result as an array, narrowed as everywhere when 64-bit types are off."""
        value = np.asarray(x)
        if value.dtype not in dtypes.ALL:
            return None
        if self.x64:
            return value
        return value.astype(_NARROW.get(value.dtype, value.dtype), copy=False)


_NARROW = {
    np.dtype(wide): np.dtype(narrow)
    for wide, narrow in [
        ("int64", "int32"),
        ("uint64", "uint32"),
        ("float64", "float32"),
        ("complex128", "complex64"),
    ]
}


def _plain(out):
    """A result with tuples for named tuples and lists: NumPy returns all three."""
    if isinstance(out, list | tuple):
        return tuple([_plain(x) for x in out])
    if type(out) is dict:
        return {key: _plain(x) for key, x in out.items()}
    return out


def _type_of(leaf, value):
    return type(leaf).__name__ if value is None else str(aval_of(value))


class TokenCallback(Callback):
    """An ordered callback as `optimize.ordering` writes it: it takes a token first and
    returns a token first, so whoever takes that one waits for it.
    """

    __slots__ = ()

    def __call__(self, arrays, result_avals):
        """Call the function without the tokens."""
        results = Callback.__call__(self, arrays[1:], result_avals[1:])
        return [np.zeros(TOKEN.shape, TOKEN.dtype), *results]


TOKEN = ShapedArray((), np.bool_)


class CallbackPrimitive(Primitive):
    """A primitive that calls Python; un-jitted, the runtime calls it directly."""

    def infer(self, avals, params):
        """The type of the results; not remembered, so that callbacks can be freed."""
        return self.abstract(*avals, **params)


class HostCall(NamedTuple):
    """One place in a lowered program that calls Python; the runtime binds it."""

    callback: Callback
    in_avals: tuple
    result_avals: tuple


_TARGETS = {"cpu": "xla_ffi_python_cpu_callback", "cuda": "xla_ffi_python_gpu_callback"}


def _lower_call(hlo, out, operands, callback, acts=True):
    """Write the call of a Python function; returns the names of its results."""
    if hlo.platform not in _TARGETS:
        raise NotImplementedError(
            f"{callback.where}: programs for {hlo.platform} cannot call Python. Return "
            "the values and use them outside."
        )
    call = HostCall(callback, avals_of(operands), out)
    # Of several devices the first calls Python, with whole operands.
    if hlo.partitioned:
        operands = [
            hlo.value(_on_all_devices(hlo, x, x.aval), x.aval) for x in operands
        ]
    place = ', mhlo.sharding = "{maximal device=0}"' if hlo.partitioned else ""
    names = hlo.emit_many(
        f"stablehlo.custom_call @{_TARGETS[hlo.platform]}({hlo.names(operands)}) "
        f"{{api_version = 4 : i32, has_side_effect = {'true' if acts else 'false'}, "
        f"backend_config = {{index = {hlo.callback(call)} : ui64}}{place}}} : "
        f"{_types(hlo, operands, out)}",
        len(out),
    )
    return [_on_all_devices(hlo, n, a) for n, a in zip(names, out, strict=True)]


def _on_all_devices(hlo, name, aval):
    """A value, whole on every device."""
    if not hlo.partitioned:
        return name
    return hlo.emit(
        f'stablehlo.custom_call @Sharding({name}) {{mhlo.sharding = "{{replicated}}"}} '
        f": {hlo.types([aval], aval)}"
    )


def _types(hlo, operands, out):
    """The type of a statement, whose one result stands without parentheses."""
    return hlo.types(operands, out[0] if len(out) == 1 else out)


# Batching: one call for all members, or one for each


def _batched_avals(size, avals):
    return tuple([aval.update(shape=(size, *aval.shape)) for aval in avals])


def _call_each(size, operands, dims, bind, unrolled=False) -> list:
    """The stacked results of one call per member, in order.

    Args:
      bind: from the operands of a member to its list of results.
      unrolled: write the calls one after the other instead of a loop.
    """
    flags = [d is not None for d in dims]
    fixed = [x for x, on in zip(operands, flags, strict=True) if not on]
    rows = [
        move_batch(size, x, d, 0)
        for x, d in zip(operands, dims, strict=True)
        if d is not None
    ]

    def member(*args):
        fixed, row = split(args, len(args) - len(rows))
        rest = iter(fixed)
        row = spread(row, flags)
        return bind([x if on else next(rest) for x, on in zip(row, flags, strict=True)])

    if size and (unrolled or is_eager(*operands)):
        calls = [
            member(*fixed, *[dynamic_index_in_dim(x, k, 0, False) for x in rows])
            for k in range(size)
        ]
        columns = zip(*calls, strict=True)
        return [concatenate([expand_dims(x, (0,)) for x in col], 0) for col in columns]
    members = [aval.update(shape=aval.shape[1:]) for aval in avals_of(rows)]
    body = stage(member, [*avals_of(fixed), *members])
    return bind_scan(body, fixed, [], rows, size)


def _no_derivative(what, repair):
    def rule(primals, tangents, *, callback, **params):
        raise ValueError(
            f"{what} callbacks do not support JVP: {callback.where} of {callback} "
            f"depends on a value that is being differentiated. {repair}"
        )

    return rule


# pure_callback


def _pure_abstract(*avals, callback, result_avals, vmap_method):
    return result_avals


def _pure_batch(size, operands, dims, *, callback, result_avals, vmap_method):
    def bind(values, avals=result_avals):
        return pure_callback_p.bind(
            *values,
            callback=callback,
            result_avals=avals,
            vmap_method=vmap_method,
        )

    if vmap_method is None:
        raise NotImplementedError(
            "vmap is only supported for pure_callback when vmap_method is one of "
            f"{', '.join(map(repr, VMAP_METHODS))}: {callback} was given none. "
            'Pass vmap_method="sequential" for one call per member.'
        )
    count = len(result_avals)
    if vmap_method in ("sequential", "sequential_unrolled"):
        unrolled = vmap_method == "sequential_unrolled"
        return _call_each(size, operands, dims, bind, unrolled), [0] * count
    values = [
        _in_front(size, x, d, vmap_method) for x, d in zip(operands, dims, strict=True)
    ]
    return bind(values, _batched_avals(size, result_avals)), [0] * count


def _in_front(size, x, dim, vmap_method):
    """An operand of a call for all members."""
    if dim is not None or vmap_method == "broadcast_all":
        return move_batch(size, x, dim, 0)
    return expand_dims(x, (0,)) if vmap_method == "expand_dims" else x


pure_callback_p = CallbackPrimitive(
    "pure_callback",
    abstract=_pure_abstract,
    jvp=_no_derivative(
        "Pure",
        "Please use `custom_jvp` (or custom_vjp) to use callbacks while taking "
        "gradients, or stop_gradient.",
    ),
    batch=_pure_batch,
    lower=lambda hlo, out, *operands, callback, **params: _lower_call(
        hlo, out, operands, callback, acts=False
    ),
    multiple_results=True,
)


# io_callback


def _io_abstract(*avals, callback, ordered, result_avals):
    return result_avals


def _io_batch(size, operands, dims, *, callback, ordered, result_avals):
    if ordered:
        raise ValueError(
            f"Cannot `vmap` ordered IO callback: {callback} is called with members of "
            "a batch, whose calls have no order. Pass ordered=False, or use lax.map."
        )

    def bind(values):
        return io_callback_p.bind(
            *values,
            callback=callback,
            ordered=False,
            result_avals=result_avals,
        )

    return _call_each(size, operands, dims, bind), [0] * len(result_avals)


def _effect(kind):
    effects = {on: frozenset([HostEffect(kind, on)]) for on in (False, True)}
    return lambda params: effects[params["ordered"]]


def _lower_effect(hlo, out, *operands, callback, ordered, **params):
    if ordered and type(callback) is not TokenCallback:
        raise NotImplementedError(
            f"{callback.where}: {callback} has ordered=True inside an operation that "
            "cannot keep the order. Pass ordered=False."
        )
    return _lower_call(hlo, out, operands, callback)


io_callback_p = CallbackPrimitive(
    "io_callback",
    abstract=_io_abstract,
    jvp=_no_derivative("IO", "Use stop_gradient, or give the function a custom rule."),
    batch=_io_batch,
    lower=_lower_effect,
    multiple_results=True,
    effects=_effect("IO"),
)


# debug_callback


def _debug_jvp(primals, tangents, **params):
    return debug_callback_p.bind(*primals, **params), []


def _debug_batch(size, operands, dims, **params):
    def bind(values):
        return debug_callback_p.bind(*values, **params)

    _call_each(size, operands, dims, bind)
    return [], []


debug_callback_p = CallbackPrimitive(
    "debug_callback",
    abstract=lambda *avals, callback, ordered: (),
    jvp=_debug_jvp,
    transpose=lambda cts, *operands, **params: [None] * len(operands),
    batch=_debug_batch,
    lower=_lower_effect,
    multiple_results=True,
    effects=_effect("Debug"),
)
