"""The exceptions of minijax that are not Python's own, each with its repair.

The names are JAX's, because programs catch them. A built-in type is used where one
fits; these exist where a program may want to tell one mistake from all others.

    TypeError
      JAXTypeError                       a value that traced code cannot use this way
        ConcretizationTypeError          Python needs a number, but it is traced
          TracerBoolConversionError        ... in `if`, `while`, `and`, `assert`
        TracerIntegerConversionError       ... as an index, a size, in `range`
        TracerArrayConversionError         ... as a NumPy array
        UnexpectedTracerError            a tracer outlived its function
        KeyReuseError                    a random key is used twice
      JaxprTypeError                     a program is ill-typed (`check_jaxpr`)
    IndexError
      JAXIndexError
        NonConcreteBooleanIndexError     a boolean index is traced
    RuntimeError
      JaxRuntimeError                    XLA reports an error (out of memory, ...)
    Exception
      InconclusiveDimensionOperation     symbolic sizes cannot be compared
      UnfilteredStackTrace               the `__cause__` that shows minijax's frames

The errors about tracers build their message from three pieces, as in
`TracerBoolConversionError("x", "f32[]", "by jit in loss(x)")`:

    `if` needs a value, but x: f32[] is traced by jit in loss(x). Use where or cond, ...
"""

from __future__ import annotations

from typing import Any

# jaxlib raises this class itself, so the name must be the class and not a copy of it:
# only then does `except JaxRuntimeError` find what XLA reports.
from jaxlib._jax import JaxRuntimeError

__all__ = [
    "ConcretizationTypeError",
    "InconclusiveDimensionOperation",
    "JAXIndexError",
    "JAXTypeError",
    "JaxRuntimeError",
    "JaxprTypeError",
    "KeyReuseError",
    "NonConcreteBooleanIndexError",
    "TracerArrayConversionError",
    "TracerBoolConversionError",
    "TracerIntegerConversionError",
    "UnexpectedTracerError",
    "UnfilteredStackTrace",
]


class _Explained(Exception):
    """An error that says where it is explained, in a note below its message."""

    def __init__(self, *args: Any):
        super().__init__(*args)
        name = type(self).__name__
        self.add_note(
            f"Explained, with the repair, by help(minijax.errors.{name}) and in "
            f"docs/errors/{name}.md."
        )


class JAXTypeError(_Explained, TypeError):
    """A value that traced code cannot use this way; the subclasses say which way."""


class JAXIndexError(_Explained, IndexError):
    """An index that traced code cannot use; the subclasses say why."""


class JaxprTypeError(_Explained, TypeError):
    """A program does not agree with the types written on it.

    `check_jaxpr` raises it. A program that minijax made itself never earns it, so it
    shows a mistake in a rule of a primitive, your own or ours.
    """


class InconclusiveDimensionOperation(_Explained):
    """Two symbolic sizes cannot be compared for all values of their variables.

    Whether `b == 3` holds is unknown while `b` stands for every size. Use concrete
    sizes, or state the missing relation as a constraint of the symbolic shape.
    """


class UnfilteredStackTrace(Exception):
    """The `__cause__` of an error whose traceback has lost minijax's own frames.

    Its traceback has them, and its message is that of the error. It is there under
    `config.update("jax_traceback_filtering", "remove_frames")`.
    """

    filtered: Any = None
    """The traceback that the error itself was left with."""

    def __init__(self, message: str):
        super().__init__(
            f"{message}\n\nThis traceback includes minijax's own frames. The error "
            "below is the same without them."
        )


class _NeedsValue(Exception):
    """An error about a traced value that Python, or NumPy, asked to see.

    `what` is the user's name for the value, `aval` its printed type, `where` says which
    transformation traces it and in which function, and `needs` what asks for it. A lone
    string is a finished message (exceptions are rebuilt from it when unpickled); any
    other object is the tracer itself.
    """

    needs: str
    repair: str

    def __init__(self, what: Any, aval: str = "", where: str = "", needs: str = ""):
        if not isinstance(what, str):
            what, aval = "the value", str(getattr(what, "aval", type(what).__name__))
        place = f" {where}" if where else ""
        message = f"{needs or self.needs}, but {what}: {aval} is traced{place}."
        super().__init__(f"{message} {self.repair}" if aval else what)


class ConcretizationTypeError(_NeedsValue, JAXTypeError):
    """Python needs a number, but the value is traced and stands for every number.

        @jit
        def scale(x, n):
            return x * float(n)  # ConcretizationTypeError: n is traced

    Inside `jit`, `grad` of `jit`, `scan`, and so on, a traced argument has a shape and
    a dtype but no value. Three repairs:

    - keep it an array: `x * n`, and `n.astype("float32")` for a conversion;
    - mark the argument static, if few values of it occur: `jit(scale,
      static_argnames="n")` compiles the function once for each;
    - move the conversion outside the function that is traced.
    """

    needs = "float(), int() and the like need a value"
    repair = "Use x.astype(...) to convert, or mark the argument static."


class TracerBoolConversionError(ConcretizationTypeError):
    """`if`, `while`, `and`, `or`, `not` or `assert` met a traced condition.

        @jit
        def relu(x):
            return x if x > 0 else 0.0  # TracerBoolConversionError

    A traced program takes one course for all values. Write `where(x > 0, x, 0.0)` to
    choose between values, `lax.cond(x > 0, f, g, x)` to choose between computations,
    `lax.while_loop` for a loop, `a & b` for `a and b`; or mark `x` static if few values
    of it occur. Without `jit`, Python's `if` works under `grad` and `jvp`.
    """

    needs = "`if` needs a value"
    repair = "Use where or cond, or mark the argument static."


class TracerIntegerConversionError(_NeedsValue, JAXTypeError):
    """A traced integer is used where Python needs a number: an index, a size, a range.

        @jit
        def pick(table, i):
            return table[i]  # TracerIntegerConversionError if table is a list

    Python's lists and `range` need the number now. Turn the list into an array:
    `jnp.asarray(table)[i]`; use `lax.fori_loop(0, n, ...)` for `for _ in range(n)`; or
    mark `i` static with `static_argnums` if few values of it occur. Sizes of arrays
    are always static.
    """

    needs = "an index of a Python sequence, a size or a range needs an integer value"
    repair = "Index an array instead, use fori_loop, or mark the argument static."


class TracerArrayConversionError(_NeedsValue, JAXTypeError):
    """A NumPy function, or `np.asarray`, was given a traced value.

        @jit
        def wave(x):
            return np.sin(x)  # TracerArrayConversionError

    NumPy computes now, and a traced value does not exist yet. Call the function of the
    same name in `minijax.numpy` (`jnp.sin`), or reach other code through
    `minijax.pure_callback`. To index a NumPy table by a traced `i`, convert the table:
    `jnp.asarray(table)[i]`.
    """

    needs = "a NumPy function needs a value"
    repair = "Use the function of minijax.numpy, or pure_callback."


class NonConcreteBooleanIndexError(_NeedsValue, JAXIndexError):
    """A boolean index is traced, so the size of the result is not known.

        @jit
        def positive(x):
            return x[x > 0]  # NonConcreteBooleanIndexError

    What does not need the size works: `x[x > 0].sum()`, `jnp.log(x[x > 0]).mean()`,
    `x.at[x > 0].set(0)`. Else keep the size: `jnp.where(x > 0, x, 0)`. Where a bound is
    known, `jnp.nonzero(x > 0, size=n, fill_value=0)` gives `n` indices.
    """

    needs = "a boolean index needs a value, since it decides the size of the result"
    repair = "Use where(mask, x, fill), or nonzero(mask, size=n)."


class UnexpectedTracerError(JAXTypeError):
    """A traced value is used after the function that made it has been traced.

        seen = []
        @jit
        def step(x):
            seen.append(x + 1)
            return x
        step(1.0)
        seen[0] * 2  # UnexpectedTracerError

    A traced function runs once, to write down its program, and may not leave traced
    values behind in a global, a list, an attribute or a generator. Return the value
    instead: `return x, x + 1`; in `grad`, `value_and_grad(f, has_aux=True)` carries it
    out. To print values as they are computed use `minijax.debug.print`.
    """


class KeyReuseError(JAXTypeError):
    """A random key is used twice, so that numbers are not independent.

        key = random.key(0)
        x = random.normal(key, (3,))
        y = random.uniform(key, (3,))  # KeyReuseError

    Split the key, and use each part once: `key, subkey = random.split(key)`. The check
    is on under `config.update("jax_debug_key_reuse", True)`.
    """
