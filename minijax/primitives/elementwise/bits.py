"""Operations on bits and truth values; none has a derivative."""

from ...core.rules import zero_tangent
from .builders import BITS, INTS, nary, op


def bitwise_not(x):
    """Elementwise NOT of bits, or of truth values."""
    return not_p.bind(x)


def bitwise_and(x, y):
    """Elementwise AND of bits, or of truth values."""
    return and_p.bind(x, y)


def bitwise_or(x, y):
    """Elementwise OR of bits, or of truth values."""
    return or_p.bind(x, y)


def bitwise_xor(x, y):
    """Elementwise exclusive OR of bits, or of truth values."""
    return xor_p.bind(x, y)


def shift_left(x, y):
    """Elementwise x << y."""
    return shift_left_p.bind(x, y)


def shift_right_arithmetic(x, y):
    """Elementwise x >> y, repeating the sign bit."""
    return shift_right_arithmetic_p.bind(x, y)


def shift_right_logical(x, y):
    """Elementwise x >> y, shifting in zeros."""
    return shift_right_logical_p.bind(x, y)


def population_count(x):
    """Elementwise number of bits that are set."""
    return population_count_p.bind(x)


def clz(x):
    """Elementwise number of leading zero bits."""
    return clz_p.bind(x)


def _discrete(name, hlo_name, allowed):
    return nary(name, dtypes=allowed, jvp=zero_tangent, lower=op(hlo_name))


not_p = _discrete("not", "not", BITS)
and_p = _discrete("and", "and", BITS)
or_p = _discrete("or", "or", BITS)
xor_p = _discrete("xor", "xor", BITS)
shift_left_p = _discrete("shift_left", "shift_left", INTS)
shift_right_arithmetic_p = _discrete(
    "shift_right_arithmetic", "shift_right_arithmetic", INTS
)
shift_right_logical_p = _discrete("shift_right_logical", "shift_right_logical", INTS)
population_count_p = _discrete("population_count", "popcnt", INTS)
clz_p = _discrete("clz", "count_leading_zeros", INTS)
