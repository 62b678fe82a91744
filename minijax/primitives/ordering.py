"""Orders, written as StableHLO statements: which of two values comes first.

`hlo` writes a function or the block of a sort or reduction; `a` and `b` are values of
one type and shape, and truth values are returned as values of that shape.
"""

from ..dtypes import COMPLEX, FLOATS, bool_


def compare(hlo, direction, a, b):
    """Whether `a direction b`, such as LT; false where one is NaN."""
    out = a.aval.update(dtype=bool_, weak_type=False)
    text = (
        f"stablehlo.compare {direction}, {a}, {b} : ({a.mlir}, {b.mlir}) -> {out.mlir}"
    )
    return hlo.value(hlo.emit(text), out)


def both(hlo, operation, p, q):
    """`p and q`, or another StableHLO operation on two values of one type."""
    return hlo.value(hlo.emit(f"stablehlo.{operation} {p}, {q} : {p.mlir}"), p.aval)


def choose(hlo, p, a, b):
    """The value a where p holds, else b."""
    name = hlo.emit(f"stablehlo.select {p}, {a}, {b} : {p.mlir}, {a.mlir}")
    return hlo.value(name, a.aval)


def extremum(hlo, direction, a, b):
    """The larger (GT) or smaller (LT) of two values; NaN where one is NaN.

    Complex numbers are ordered by real part, then by imaginary part.
    """
    if a.dtype in COMPLEX:
        return choose(hlo, lexicographic(hlo, direction, a, b), a, b)
    return both(hlo, "maximum" if direction == "GT" else "minimum", a, b)


def before(hlo, a, b):
    """Whether a < b, where NaN comes last and -0.0 equals 0.0.

    Complex numbers are ordered by real part, then by imaginary part.
    """
    if a.dtype in COMPLEX:
        return _by_parts(hlo, before, a, b)
    less = compare(hlo, "LT", a, b)
    if a.dtype not in FLOATS:
        return less
    number = compare(hlo, "EQ", a, a)
    nan = compare(hlo, "NE", b, b)
    return both(hlo, "or", less, both(hlo, "and", number, nan))


def lexicographic(hlo, direction, a, b):
    """Whether `a direction b` for complex a and b: real parts first."""
    return _by_parts(hlo, lambda hlo, a, b: compare(hlo, direction, a, b), a, b)


def _by_parts(hlo, precedes, a, b):
    (a_real, a_imag), (b_real, b_imag) = parts(hlo, a), parts(hlo, b)
    first = precedes(hlo, a_real, b_real)
    second = precedes(hlo, b_real, a_real)
    tied = both(hlo, "and", _negated(hlo, second), precedes(hlo, a_imag, b_imag))
    return both(hlo, "or", first, tied)


def _negated(hlo, p):
    return hlo.value(hlo.emit(f"stablehlo.not {p} : {p.mlir}"), p.aval)


def parts(hlo, x):
    """The real and the imaginary part of a complex value."""
    part = x.aval.update(dtype=f"float{4 * x.dtype.itemsize}")
    return [
        hlo.value(hlo.emit(f"stablehlo.{name} {x} : ({x.mlir}) -> {part.mlir}"), part)
        for name in ("real", "imag")
    ]


def earlier(hlo, keys):
    """Whether the first of two rows comes before the second.

    Args:
      hlo: the writer of the block.
      keys: pairs (a, b) of scalars, the most significant pair first.
    """
    (a, b), *rest = keys
    first = before(hlo, a, b)
    if not rest:
        return first
    tied = both(hlo, "and", _negated(hlo, before(hlo, b, a)), earlier(hlo, rest))
    return both(hlo, "or", first, tied)
