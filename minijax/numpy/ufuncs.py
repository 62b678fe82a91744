"""Functions of numbers that also fold arrays: `jnp.add.reduce(x)` is a sum.

A `ufunc` is called like any elementwise function, and has NumPy's methods:

    add.reduce(x)            ((x0 + x1) + x2) + ...      along an axis
    add.accumulate(x)        the sums on the way there
    add.outer(x, y)          x[i] + y[j] for all i and j
    add.at(x, i, y)          x[i] += y, once for each mention of an element
    add.reduceat(x, i)       the sums of x[i[0]:i[1]], x[i[1]:i[2]], ...

Where the library has the fold (`sum`, `cumsum`, `x.at[i].add`), it is used; others are
in `folds`. The functions that are ufuncs in JAX are made here, and loaded
when one of them is first asked for.
"""

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..api import compiled
from . import cumulative, elementwise, folds, reductions
from .arguments import as_array, cast, refuse_out, requested_dtype
from .arithmetic import logaddexp as _logaddexp
from .arithmetic import logaddexp2 as _logaddexp2
from .mapping import vectorize
from .promotion import as_operand, canonical_axes, canonical_axis
from .reductions import truth
from .shaping import ravel, reshape
from .updates import AtIndex


class _Ufuncs(type):
    """The class of `ufunc`: functions of the library are instances too."""

    def __instancecheck__(cls, x):
        return super().__instancecheck__(x) or hasattr(x, "_ufunc")


class ufunc(metaclass=_Ufuncs):
    """A function of numbers, applied elementwise, with NumPy's ways to fold arrays.

    `frompyfunc` makes one. The functions of the library that have these methods are
    add, subtract, multiply, negative, maximum, minimum, logaddexp, logaddexp2, and the
    logical and bitwise and, or, xor.

    Args:
      func: takes `nin` numbers and returns `nout`.
      identity: the value that changes nothing, where there is one.
      associative: whether f(f(x, y), z) is f(x, f(y, z)), so that folds may be trees.
      call, reduce, accumulate, at, reduceat: functions of the library that do the same
        faster, with the signatures of the methods.
    """

    nin: int
    nout: int
    nargs: int
    identity: Any

    def __init__(
        self,
        func: Callable,
        /,
        nin: int,
        nout: int,
        *,
        name: str | None = None,
        nargs: int | None = None,
        identity: Any = None,
        call: Callable | None = None,
        reduce: Callable | None = None,
        accumulate: Callable | None = None,
        at: Callable | None = None,
        reduceat: Callable | None = None,
        associative: bool = False,
    ):
        self.nin, self.nout = operator.index(nin), operator.index(nout)
        self.nargs = self.nin if nargs is None else operator.index(nargs)
        self.identity, self.associative = identity, associative
        self._func = func
        self._call = vectorize(func) if call is None else call
        self._folds = reduce, accumulate, at, reduceat
        self.__name__ = self.__qualname__ = name or func.__name__
        self.__doc__ = func.__doc__
        self.__wrapped__ = func

    def __call__(self, *args, out=None, where=None):
        """The function of each element; arguments broadcast."""
        _refuse(self.__name__, out, where)
        return self._call(*args)

    def __repr__(self):
        return f"<jnp.ufunc '{self.__name__}'>"

    def _facts(self):
        return self._func, self.nin, self.nout, self.identity, self._folds

    def __eq__(self, other):
        return isinstance(other, ufunc) and self._facts() == other._facts()

    def __hash__(self):
        return hash(self._facts())

    def reduce(
        self,
        a,
        axis=0,
        dtype=None,
        out=None,
        keepdims: bool = False,
        initial=None,
        where=None,
    ):
        """Fold the elements along an axis, several, or (axis=None) all, in order.

        initial: what to start from. where: a mask of the elements that take part,
        which needs an identity or `initial`.

        >>> frompyfunc(lambda x, y: x + y, 2, 1).reduce(np.array([1, 2, 3]))
        Array(6, dtype=int32)
        """
        name = self._binary("reduce", out)
        a = as_operand(name, a)
        axes = canonical_axes(name, axis, a.ndim)
        if where is not None and self.identity is None and initial is None:
            raise ValueError(
                f"reduction operation {self.__name__!r} does not have an identity, so "
                "to use a where mask one has to specify 'initial'."
            )
        found = self._folds[0]
        if found is not None:
            return found(a, axes, dtype, None, keepdims, initial, where)
        return folds.reduced(self, a, axes, dtype, keepdims, initial, where)

    def accumulate(self, a, axis: int | None = 0, dtype=None, out=None):
        """The results of folding up to each place along an axis; the shape stays.

        >>> frompyfunc(lambda x, y: x + y, 2, 1).accumulate(np.array([1, 2, 3]))
        Array([1, 3, 6], dtype=int32)
        """
        name = self._binary("accumulate", out)
        if isinstance(axis, tuple):
            raise ValueError(
                f"{name} does not allow multiple axes, got {axis}. Give one, or "
                "None for the flattened array."
            )
        a = as_operand(name, a)
        if axis is None:
            a, axis = ravel(a), 0
        axis = canonical_axis(name, axis, a.ndim)
        found = self._folds[1]
        if found is not None:
            return found(a, axis, dtype)
        return folds.accumulated(self, a, axis, dtype)

    def at(self, a, indices, b=None, /, *, inplace: bool = True):
        """`a` with the function applied to `a[indices]` (and b), once per mention.

        Arrays do not change: pass `inplace=False`, and use what is returned.

        >>> frompyfunc(lambda x, y: x + y, 2, 1).at(
        ...     np.zeros(3), np.array([0, 0]), 5, inplace=False
        ... )
        Array([10.,  0.,  0.], dtype=float32)
        """
        name = f"{self.__name__}.at"
        if inplace:
            raise NotImplementedError(
                f"{name}: arrays are immutable. Pass inplace=False, and use the array "
                "that is returned."
            )
        a = as_array(as_operand(name, a))
        if b is None:
            return AtIndex(a, indices).apply(self)
        b = as_operand(name, b)
        found = self._folds[2]
        if found is not None:
            return found(a, indices, b)
        return folds.updated(self, a, indices, b)

    def reduceat(self, a, indices, axis: int = 0, dtype=None, out=None):
        """Fold the slices of an axis that start at each index and end at the next.

        The last goes to the end. Where an index is not less than the next, the result
        is the element there.

        >>> frompyfunc(lambda x, y: x + y, 2, 1).reduceat(
        ...     np.array([1, 2, 3, 4]), np.array([0, 2])
        ... )
        Array([3, 7], dtype=int32)
        """
        name = self._binary("reduceat", out)
        if axis is None or isinstance(axis, tuple | list):
            raise ValueError(f"{name} requires a single integer axis, got {axis}.")
        a, indices = as_operand(name, a), as_operand(name, indices)
        if indices.ndim != 1:
            raise ValueError(
                f"{name}: indices must be one-dimensional, got {indices.aval}."
            )
        if indices.dtype not in dtypes.INTS:
            raise ValueError(f"{name}: indices must be integers, got {indices.aval}.")
        axis = canonical_axis(name, axis, a.ndim)
        found = self._folds[3] or functools.partial(folds.sliced, self)
        return found(a, indices, axis, dtype)

    def outer(self, A, B, /):
        """The function of every pair of elements: shape A.shape + B.shape.

        >>> frompyfunc(lambda x, y: x * y, 2, 1).outer(np.arange(3), np.arange(1, 3))
        Array([[0, 0],
               [1, 2],
               [2, 4]], dtype=int32)
        """
        name = self._binary("outer", None)
        a, b = as_operand(name, A), as_operand(name, B)
        return self(reshape(a, (*a.shape, *[1] * b.ndim)), b)

    def _binary(self, method, out):
        """The name of a method, which needs a function of two numbers with one result.

        `reduce` and its like fold by it.
        """
        refuse_out(f"{self.__name__}.{method}", out)
        if self.nin != 2:
            raise ValueError(
                f"{method} only supported for binary ufuncs: {self.__name__} takes "
                f"{self.nin}."
            )
        if self.nout != 1:
            raise ValueError(
                f"{method} only supported for functions returning a single value: "
                f"{self.__name__} returns {self.nout}."
            )
        return f"{self.__name__}.{method}"


def frompyfunc(func: Callable, /, nin: int, nout: int, *, identity=None) -> ufunc:
    """A `ufunc` from a function of `nin` numbers that returns `nout`.

    identity: the value that changes nothing, where there is one.

    >>> larger = frompyfunc(lambda x, y: jnp.where(x > y, x, y), 2, 1)
    >>> larger(np.array([1, 5]), 3)
    Array([3, 5], dtype=int32)
    >>> larger.reduce(np.array([1, 5, 3]))
    Array(5, dtype=int32)
    """
    return ufunc(func, nin, nout, identity=identity)


def _refuse(name, out, where):
    refuse_out(name, out)
    if where is not None:
        raise NotImplementedError(
            f"{name}: where is not supported in a call. Use jnp.where on the result."
        )


# The functions of the library


def _reduction(function):
    """`ufunc.reduce` by a reduction of the library."""

    def reduce(a, axes, dtype, out, keepdims, initial, where):
        return function(a, axes, dtype, out, keepdims, initial, where)

    return reduce


def _extremum(function):
    """The same for those that keep the dtype."""

    def reduce(a, axes, dtype, out, keepdims, initial, where):
        a = a if dtype is None else cast(a, requested_dtype("reduce", dtype))
        return function(a, axes, out, keepdims, initial, where)

    return reduce


def _of_truth(function, identity):
    """A logical function, which folds truth values, whatever it is given."""

    def reduce(a, axes, dtype, out, keepdims, initial, where):
        start = identity if initial is None else truth("reduce", initial)
        a = truth("reduce", a)
        y = folds.reduced(plain, a, axes, None, keepdims, start, where)
        return y if dtype is None else cast(y, requested_dtype("reduce", dtype))

    def accumulate(a, axis, dtype):
        y = folds.accumulated(plain, truth("accumulate", a), axis, None)
        return y if dtype is None else cast(y, requested_dtype("accumulate", dtype))

    def reduceat(a, indices, axis, dtype):
        y = folds.sliced(plain, truth("reduceat", a), indices, axis, None)
        return y if dtype is None else cast(y, requested_dtype("reduceat", dtype))

    plain = ufunc(
        inspect.unwrap(function),
        2,
        1,
        call=function,
        identity=identity,
        associative=True,
    )
    return _library(
        function, identity, reduce=reduce, accumulate=accumulate, reduceat=reduceat
    )


def _update(method):
    """`ufunc.at` by a method of `x.at[indices]`."""
    return lambda a, indices, b: getattr(AtIndex(a, indices), method)(b)


def _library(function, identity=None, nin=2, associative=True, **folds):
    """A function of the library with the attributes of a ufunc.

    It stays a function, because calling an object takes longer.
    """
    plain = getattr(function, "__wrapped__", function)  # not as a program

    if nin == 1:

        @functools.wraps(plain)
        def call(x, /, *, out=None, where=None):
            _refuse(plain.__name__, out, where)
            return plain(x)

    else:

        @functools.wraps(plain)
        def call(x, y, /, *, out=None, where=None):
            _refuse(plain.__name__, out, where)
            return plain(x, y)

    call = compiled(call)
    call._ufunc = ufunc(
        plain, nin, 1, identity=identity, associative=associative, call=call, **folds
    )
    for name in _ATTRIBUTES:
        setattr(call, name, getattr(call._ufunc, name))
    return call


_ATTRIBUTES = (
    *("nin", "nout", "nargs", "identity"),
    *("reduce", "accumulate", "at", "reduceat", "outer"),
)


add = _library(
    elementwise.add,
    0,
    reduce=_reduction(reductions.sum),
    accumulate=cumulative.cumsum,
    at=_update("add"),
)
multiply = _library(
    elementwise.multiply,
    1,
    reduce=_reduction(reductions.prod),
    accumulate=cumulative.cumprod,
    at=_update("multiply"),
)
subtract = _library(elementwise.subtract, associative=False, at=_update("subtract"))
negative = _library(elementwise.negative, nin=1, associative=False)
maximum = _library(
    elementwise.maximum,
    reduce=_extremum(reductions.max),
    at=_update("max"),
)
minimum = _library(
    elementwise.minimum,
    reduce=_extremum(reductions.min),
    at=_update("min"),
)
logaddexp = _library(_logaddexp, -np.inf)
logaddexp2 = _library(_logaddexp2, -np.inf)
logical_and = _of_truth(elementwise.logical_and, True)
logical_or = _of_truth(elementwise.logical_or, False)
logical_xor = _of_truth(elementwise.logical_xor, False)
bitwise_and = _library(elementwise.bitwise_and, -1)
bitwise_or = _library(elementwise.bitwise_or, 0)
bitwise_xor = _library(elementwise.bitwise_xor, 0)
