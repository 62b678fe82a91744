"""Functions that are changed step by step while trees are flattened and values traced.

A transformation wraps the arguments on the way in and the results on the way out. Two
ways to write one, by a generator or by a function of the function inside:

    @transformation                          @transformation2
    def negated(*args):                      def negated(f, *args):
        out = yield args, {}                     return -f(*args)
        yield -out

    negated(wrap_init(f)).call_wrapped(x)    is    -f(x)

With `_with_aux` it also leaves something for later, which a second result gives.
"""

import functools
import weakref
from collections.abc import Callable
from typing import Any

__all__ = [
    "Store",
    "StoreException",
    "WrappedFun",
    "cache",
    "merge_linear_aux",
    "transformation",
    "transformation2",
    "transformation_with_aux",
    "transformation_with_aux2",
    "wrap_init",
]


class StoreException(Exception):
    """What a transformation leaves for later is read too early, or left twice."""


_EMPTY = object()


class Store:
    """A place for what a transformation leaves for later."""

    __slots__ = ("_value",)

    def __init__(self):
        self._value: Any = _EMPTY

    def store(self, value) -> None:
        """Leave a value; only one may be left."""
        if self._value is not _EMPTY:
            raise StoreException("Store occupied: a wrapped function is called once.")
        self._value = value

    def __call__(self):
        if self._value is _EMPTY:
            raise StoreException("Store empty: call the wrapped function first.")
        return self._value

    def __bool__(self):
        return self._value is not _EMPTY


class WrappedFun:
    """A function with transformations; `call_wrapped` runs all of it.

    Two are equal if the same transformations with the same arguments were applied to
    the same function.
    """

    __slots__ = (
        "__weakref__",
        "debug_info",
        "f",
        "f_transformed",
        "params",
        "stores",
        "transforms",
    )

    def __init__(self, f, f_transformed, transforms, stores, params, debug_info=None):
        self.f = f
        self.f_transformed = f_transformed
        self.transforms = transforms
        self.stores = stores
        self.params = params
        self.debug_info = debug_info

    @property
    def __name__(self) -> str:
        return getattr(self.f, "__name__", "<unnamed function>")

    def wrap(self, change: Callable, arguments: tuple, store) -> "WrappedFun":
        """The same function inside one more transformation."""
        given = arguments if store is None else (store, *arguments)
        transformed = functools.partial(change, self.f_transformed, *given)
        transforms = ((change, arguments), *self.transforms)
        stores = (store, *self.stores)
        return WrappedFun(
            self.f, transformed, transforms, stores, self.params, self.debug_info
        )

    def call_wrapped(self, *args, **kwargs):
        """Run the function with its transformations."""
        return self.f_transformed(*args, **kwargs)

    def __repr__(self):
        steps = [
            f"{k}: {getattr(change, '__name__', change)}{arguments}"
            for k, (change, arguments) in enumerate(self.transforms)
        ]
        return "\n".join(["Wrapped function:", *steps, f"Core: {self.__name__}"])

    def _key(self):
        return self.f, self.transforms, self.params

    def __hash__(self):
        return hash(self._key())

    def __eq__(self, other):
        return isinstance(other, WrappedFun) and self._key() == other._key()


def wrap_init(
    f: Callable, params: dict | None = None, *, debug_info=None
) -> WrappedFun:
    """A function as it is, ready to be transformed.

    Args:
      params: keyword arguments that are fixed now.
      debug_info: where it comes from, as `api_util.debug_info` gives it.

    >>> wrap_init(lambda x: x + 1).call_wrapped(2)
    3
    """
    params = params or {}
    fixed = functools.partial(f, **params) if params else f
    return WrappedFun(f, fixed, (), (), tuple(sorted(params.items())), debug_info)


def _run(generator, f):
    """Run a generator to its end; returns what it makes of the results of f."""
    args, kwargs = next(generator)
    try:
        out = generator.send(f(*args, **kwargs))
        next(generator, None)
        return out
    finally:
        generator.close()  # leaves its `with` blocks if f has raised


def _through_generator(generate, f, *arguments, **kwargs):
    return _run(generate(*arguments, **kwargs), f)


def _through_generator_with_aux(generate, f, store, *arguments, **kwargs):
    out, aux = _run(generate(*arguments, **kwargs), f)
    store.store(aux)
    return out


def transformation(generate: Callable, *first) -> Any:
    """A transformation from a generator: `yield args, kwargs` gives it the results.

    Used as a decorator; the transformation is called with a wrapped function and the
    leading arguments of the generator.

    >>> @transformation
    ... def scaled(by, *args):
    ...     out = yield args, {}
    ...     yield by * out
    >>> scaled(wrap_init(lambda x: x + 1), 10).call_wrapped(2)
    30
    """
    return _maybe_applied(functools.partial(_through_generator, generate), False, first)


def transformation_with_aux(generate: Callable, *first) -> Any:
    """A transformation from a generator that ends with `yield out, aux`.

    It gives the wrapped function, and a function that gives `aux` after the call.
    """
    change = functools.partial(_through_generator_with_aux, generate)
    return _maybe_applied(change, True, first)


def transformation2(change: Callable, *first) -> Any:
    """A transformation from a function of the function inside.

    >>> @transformation2
    ... def scaled(f, by, *args):
    ...     return by * f(*args)
    >>> scaled(wrap_init(lambda x: x + 1), 10).call_wrapped(2)
    30
    """
    return _maybe_applied(change, False, first)


def transformation_with_aux2(change: Callable, *first, **options) -> Any:
    """The same for a function that also gets a `Store` after the function inside."""
    return _maybe_applied(change, True, first)


def _maybe_applied(change, with_aux, first):
    """The transformation, or its result if the function is given already."""

    @functools.wraps(getattr(change, "args", (change,))[0])
    def transform(fun: WrappedFun, *arguments, **options):
        if not with_aux:
            return fun.wrap(change, arguments, None)
        store = Store()
        return fun.wrap(change, arguments, store), store

    return transform(*first) if first else transform


def merge_linear_aux(aux1: Callable, aux2: Callable) -> tuple[bool, Any]:
    """Which of two stores was written, and its value."""
    try:
        return True, aux1()
    except StoreException:
        return False, aux2()


def cache(call: Callable, *, explain: Callable | None = None) -> Callable:
    """Remember the results of `call(wrapped_function, *arguments)`.

    They are kept as long as the function inside lives. What transformations leave for
    later is left again for a wrapped function that was found equal.
    """
    kept: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

    @functools.wraps(call)
    def remembered(fun: WrappedFun, *arguments):
        per_function = kept.setdefault(fun.f, {})
        key = (fun.transforms, fun.params, arguments)
        if key in per_function:
            result, values = per_function[key]
            pairs = zip(fun.stores, values, strict=True)
            for store, value in [(s, v) for s, v in pairs if s is not None and not s]:
                store.store(value)
            return result
        result = call(fun, *arguments)
        values = [store() if store else None for store in fun.stores]
        per_function[key] = result, values
        return result

    remembered.clear_cache = kept.clear  # type: ignore[attr-defined]
    return remembered
