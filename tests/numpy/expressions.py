"""One line of array code, run by several packages and compared.

An expression is text over `np` and the data below. Run with minijax it must give the
values that NumPy gives (plain suite) and the values, dtypes and weak types that jax
gives (marker `oracle`):

    sum(m, axis=0)       means      minijax.numpy.sum(m, axis=0) against numpy.sum(...)
"""

import importlib
import warnings

import ml_dtypes
import numpy
import pytest

import minijax
import minijax.numpy as mnp

# f: (3,)  m: (2, 3)  t: (2, 3, 4), with ties and signs  c: complex  i: int32  u: uint8
# b: bool  n: with NaN  s: sorted  e: empty  z: rank 0  k: repeats itself
DATA = {
    "f": numpy.array([2.5, -1.0, 0.5], "float32"),
    "m": numpy.array([[1.0, 4.0, -2.0], [3.0, 4.0, 0.0]], "float32"),
    "t": ((numpy.arange(24) * 7) % 11 - 4).reshape(2, 3, 4).astype("float32"),
    "c": numpy.array([1 + 2j, 0.5 - 1j, -2j], "complex64"),
    "i": numpy.array([3, -1, 2], "int32"),
    "j": numpy.array([[5, 0, 3], [0, 2, 0]], "int32"),
    "i8": numpy.array([100, 100, -3], "int8"),
    "u": numpy.array([200, 100, 3], "uint8"),
    "b": numpy.array([True, False, True]),
    "n": numpy.array([[1.0, numpy.nan, 3.0], [numpy.nan, numpy.nan, -2.0]], "float32"),
    "s": numpy.array([-1.0, 0.0, 0.0, 2.0, 5.0], "float32"),
    "k": numpy.array([3, 1, 3, 2, 1, 3], "int32"),
    "e": numpy.zeros((0, 3), "float32"),
    "z": numpy.array(2.5, "float32"),
    "h": numpy.array([1.0, 2.0, 4.0], "float16"),
    "g": numpy.array([1.0, 2.0, 4.0], ml_dtypes.bfloat16),
}


def run(text: str, package: str):
    """The value of an expression in a package: "minijax", "numpy" or "jax"."""
    if package == "numpy":
        with warnings.catch_warnings():
            # NumPy warns of the NaN that minijax and jax return.
            warnings.simplefilter("ignore", RuntimeWarning)
            return evaluated(text, numpy, DATA)
    xp = importlib.import_module(f"{package}.numpy")
    return evaluated(text, xp, {k: xp.array(v) for k, v in DATA.items()})


class Names(dict):
    """The names of an expression: its data, and what the package offers."""

    def __missing__(self, name):
        try:
            return getattr(self["np"], name)
        except AttributeError:
            raise KeyError(name) from None


def evaluated(text: str, xp, data: dict):
    """The value of an expression over a package's functions and some data."""
    return eval(text, {}, Names(data, np=xp, numpy=numpy))


def run_traced(text: str):
    """The value of an expression inside `jit`, the data being its arguments."""
    data = {k: mnp.array(v) for k, v in DATA.items()}
    return minijax.jit(lambda data: evaluated(text, mnp, data))(data)


def leaves(value) -> list:
    """The arrays of a result, which may be a tuple or a list of them."""
    if isinstance(value, tuple | list):
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def assert_close(got, wanted, rtol=2e-5):
    """Equal structure, shapes and, up to rounding, values."""
    got, wanted = leaves(got), leaves(wanted)
    assert len(got) == len(wanted)
    for x, y in zip(got, wanted, strict=True):
        assert numpy.shape(x) == numpy.shape(y)
        x, y = (numpy.asarray(v) for v in (x, y))
        x, y = (v.astype("float64") if v.dtype.kind == "V" else v for v in (x, y))
        numpy.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


def assert_agrees_with_numpy(text: str):
    """minijax gives arrays, with NumPy's values."""
    got = run(text, "minijax")

    assert all(isinstance(x, minijax.Array | int) for x in leaves(got))
    assert_close(got, run(text, "numpy"))


def assert_traced_agrees_with_numpy(text: str):
    """Inside `jit`, minijax gives NumPy's values."""
    assert_close(run_traced(text), run(text, "numpy"))


def assert_agrees_with_jax(text: str):
    """minijax gives jax's values, dtypes and weak types."""
    got, wanted = run(text, "minijax"), run(text, "jax")

    assert [type_of(x) for x in leaves(got)] == [type_of(x) for x in leaves(wanted)]
    assert_close(got, wanted)


def type_of(x):
    """What a result promises beyond its values."""
    return getattr(x, "dtype", type(x)), getattr(x, "weak_type", None)


def type_text(text: str) -> str:
    """The printed types of the results of an expression: `i32[3] f32[]~` (weak)."""
    results = leaves(run(text, "minijax"))
    return " ".join(x.aval.text + "~" * x.weak_type for x in results)


def comparisons(shared: list[str], jax_only: list[str], refused: list[tuple]) -> tuple:
    """The tests of a module's tables of expressions.

    Args:
      shared: expressions that NumPy has too.
      jax_only: expressions that only jax has.
      refused: pairs of an expression and the class of the error that it raises.
    """

    @pytest.mark.parametrize("text", shared)
    def test_values_are_numpys(text):
        assert_agrees_with_numpy(text)

    @pytest.mark.oracle
    @pytest.mark.parametrize("text", shared + jax_only)
    def test_values_and_types_are_jaxs(text):
        assert_agrees_with_jax(text)

    @pytest.mark.parametrize(("text", "error"), refused)
    def test_bad_calls_are_refused(text, error):
        with pytest.raises(error):
            run(text, "minijax")

    return (
        test_values_are_numpys,
        test_values_and_types_are_jaxs,
        test_bad_calls_are_refused,
    )
