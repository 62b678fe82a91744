"""A loaded program, and the quickest way to call it.

Every un-jitted operation and every call of a jitted function ends here, so what does
not change from call to call is bound beforehand: `Program.caller` gives a function of a
sequence of arrays that does nothing but take their buffers, execute and wrap.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .. import dtypes, tree
from ..config import config, state
from . import client
from .array import Array, move


class Program:
    """A loaded executable with the types of its arguments and results."""

    __slots__ = (
        "consts",
        "count",
        "executable",
        "handlers",
        "kept",
        "kinds",
        "name",
        "run",
        "sharding",
    )

    def __init__(self, name, executable, sharding, count, kept, consts, kinds):
        self.name = name
        self.executable = executable
        self.sharding = sharding
        self.count = count  # of arguments
        self.kept = kept  # positions of the arguments that the program reads
        self.consts = consts  # buffers passed before the arguments
        self.kinds = kinds  # of the results
        self.run = executable.execute_sharded
        self.handlers = [kind.handler for kind in kinds]

    def __call__(self, arrays: Sequence[Array]) -> list[Array]:
        """Run on arrays of the kinds it was compiled for."""
        buffers = [*self.consts, *[arrays[k]._buffer for k in self.kept]]
        try:
            outs = self.run(buffers).consume_with_handlers(self.handlers)
        except client.XlaRuntimeError:
            explain(arrays)
            raise
        return [Array(b, kind) for b, kind in zip(outs, self.kinds, strict=True)]

    def caller(self, out_tree, arrive_at=None) -> Callable:
        """A function of the arguments, as a sequence of arrays.

        Args:
          out_tree: the structure of what it returns.
          arrive_at: the sharding to which arguments are moved first, None if they are
            there already.
        """
        checked = state.check_finite  # part of the key under which a caller is kept
        if arrive_at is not None or checked:
            return self._careful_caller(out_tree, arrive_at, checked)
        if self.consts or len(self.kept) < self.count:
            return self._caller_of_some(out_tree)
        if out_tree == tree.structure(0):
            return self._caller_for_one()
        return self._caller_for_tree(out_tree)

    def _careful_caller(self, out_tree, arrive_at, checked):
        def call(arrays):
            if arrive_at is not None:
                arrays = [arrive(x, arrive_at) for x in arrays]
            outs = self(arrays)
            if checked:
                check_finite(self.name, outs)
            return out_tree.unflatten(outs)

        return call

    def _caller_for_one(self):
        """A function of the arguments, and as its attribute `pair` one of just two."""
        run, handlers, (kind,) = self.run, self.handlers, self.kinds

        def call(arrays):
            try:
                # Most operations have one or two operands; a display of names is a
                # tenth of a microsecond quicker than a comprehension.
                if len(arrays) == 1:
                    (x,) = arrays
                    results = run([x._buffer])
                elif len(arrays) == 2:
                    x, y = arrays
                    results = run([x._buffer, y._buffer])
                else:
                    results = run([x._buffer for x in arrays])
                return Array(results.consume_with_handlers(handlers)[0], kind)
            except client.XlaRuntimeError:
                explain(arrays)
                raise

        def pair(x, y):
            try:
                results = run([x._buffer, y._buffer])
                return Array(results.consume_with_handlers(handlers)[0], kind)
            except client.XlaRuntimeError:
                explain((x, y))
                raise

        call.pair = pair
        return call

    def _caller_for_tree(self, out_tree):
        run, handlers, kinds = self.run, self.handlers, self.kinds
        unflatten = out_tree.unflatten
        kind = kinds[0] if len(kinds) == 1 else None

        def call(arrays):
            try:
                results = run([x._buffer for x in arrays])
                outs = results.consume_with_handlers(handlers)
            except client.XlaRuntimeError:
                explain(arrays)
                raise
            if kind is not None:
                return unflatten((Array(outs[0], kind),))
            return unflatten(map(Array, outs, kinds))

        return call

    def _caller_of_some(self, out_tree):
        """The same for a program with constants or unread arguments."""
        run, handlers, kinds = self.run, self.handlers, self.kinds
        consts, kept = self.consts, self.kept
        unflatten = out_tree.unflatten
        kind = kinds[0] if out_tree == tree.structure(0) else None

        def call(arrays):
            try:
                results = run([*consts, *[arrays[k]._buffer for k in kept]])
                outs = results.consume_with_handlers(handlers)
            except client.XlaRuntimeError:
                explain(arrays)
                raise
            if kind is not None:
                return Array(outs[0], kind)
            return unflatten(map(Array, outs, kinds))

        return call


def as_pair(caller):
    """A caller of two arrays as a function of two arguments."""
    return getattr(caller, "pair", None) or (lambda x, y: caller((x, y)))


def arrive(x: Array, sharding) -> Array:
    """An argument on the devices where the program runs."""
    if x._kind.sharding.device_list == sharding.device_list:
        return x
    return move(x, sharding, committed=False)


def explain(arrays: Sequence[Array]) -> None:
    """Raise for the deleted array, if that is why XLA refused."""
    for x in arrays:
        x.check_alive()


def check_finite(name: str, outs: Sequence[Array], source="") -> None:
    """Raise if a floating-point result holds what the debugging flags forbid."""
    for out in outs:
        if not dtypes.is_inexact(out.aval.dtype):
            continue
        host = out.host()
        if config.jax_debug_nans and np.isnan(host).any():
            raise FloatingPointError(
                f"invalid value (nan) encountered in {name}{source}"
            )
        if config.jax_debug_infs and np.isinf(host).any():
            raise FloatingPointError(
                f"invalid value (inf) encountered in {name}{source}"
            )
