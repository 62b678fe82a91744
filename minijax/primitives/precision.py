"""How precisely contractions and convolutions multiply, as users say it.

A `precision` argument is None, a `Precision`, one of its names, a pair of these (one
per operand), or a dot algorithm. `canonical_precision` makes it None, a pair of
`Precision`, or an algorithm; that is what equations hold.
"""

import enum
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..config import state


class Precision(enum.Enum):
    """How precisely float32 operands are multiplied on accelerators; none on CPU.

    DEFAULT is the fastest (bfloat16 on TPU, TensorFloat-32 on GPU), HIGH takes three
    passes on TPU, and HIGHEST multiplies in full float32.

    >>> Precision.HIGHEST
    Precision.HIGHEST
    """

    DEFAULT = 0
    HIGH = 1
    HIGHEST = 2

    def __repr__(self):
        return f"{type(self).__name__}.{self.name}"

    def __str__(self):
        return self.name

    @classmethod
    def _missing_(cls, value):
        return _NAMES.get(value)


_NAMES = {
    "default": Precision.DEFAULT,
    "fastest": Precision.DEFAULT,
    "bfloat16": Precision.DEFAULT,
    "high": Precision.HIGH,
    "bfloat16_3x": Precision.HIGH,
    "tensorfloat32": Precision.HIGH,
    "highest": Precision.HIGHEST,
    "float32": Precision.HIGHEST,
}


class DotAlgorithm(NamedTuple):
    """What a matrix unit does: types of rounded operands and of the accumulator.

    `lhs_component_count`, `rhs_component_count` and `num_primitive_operations` describe
    algorithms that split operands to emulate a higher precision. Which algorithms exist
    depends on the platform; XLA refuses the others when it compiles.
    """

    lhs_precision_type: Any
    rhs_precision_type: Any
    accumulation_type: Any
    lhs_component_count: int = 1
    rhs_component_count: int = 1
    num_primitive_operations: int = 1
    allow_imprecise_accumulation: bool = False


class DotAlgorithmPreset(enum.Enum):
    """The algorithms that some platform is known to have, named LHS_RHS_ACCUMULATOR."""

    DEFAULT = enum.auto()
    ANY_F8_ANY_F8_F32 = enum.auto()
    ANY_F8_ANY_F8_F32_FAST_ACCUM = enum.auto()
    ANY_F8_ANY_F8_ANY = enum.auto()
    ANY_F8_ANY_F8_ANY_FAST_ACCUM = enum.auto()
    F16_F16_F16 = enum.auto()
    F16_F16_F32 = enum.auto()
    BF16_BF16_BF16 = enum.auto()
    BF16_BF16_F32 = enum.auto()
    BF16_BF16_F32_X3 = enum.auto()
    BF16_BF16_F32_X6 = enum.auto()
    BF16_BF16_F32_X9 = enum.auto()
    TF32_TF32_F32 = enum.auto()
    TF32_TF32_F32_X3 = enum.auto()
    F32_F32_F32 = enum.auto()
    F64_F64_F64 = enum.auto()

    def __repr__(self):
        return self.name

    def __str__(self):
        return self.name


ALGORITHMS = (DotAlgorithm, DotAlgorithmPreset)

# What a `precision` argument may be.
PrecisionLike = (
    None
    | str
    | Precision
    | tuple[str, str]
    | tuple[Precision, Precision]
    | DotAlgorithm
    | DotAlgorithmPreset
)


def canonical_precision(where: str, precision):
    """None, a pair of `Precision`, or a dot algorithm.

    >>> canonical_precision("dot", "highest")
    (Precision.HIGHEST, Precision.HIGHEST)
    """
    if precision is None:
        precision = state.default_matmul_precision
    if precision is None or isinstance(precision, ALGORITHMS):
        return precision
    if isinstance(precision, str) and precision in DotAlgorithmPreset.__members__:
        return DotAlgorithmPreset[precision]
    pair = precision if isinstance(precision, tuple | list) else (precision, precision)
    try:
        lhs, rhs = (Precision.DEFAULT if p is None else Precision(p) for p in pair)
    except ValueError:
        raise ValueError(
            f"{where}: precision must be None, a Precision, one of "
            f"{', '.join(_NAMES)}, a pair of these, or the name of a "
            f"DotAlgorithmPreset, got {precision!r}."
        ) from None
    return lhs, rhs


def pair_of(precision):
    """The `Precision` of each operand."""
    if precision is None or isinstance(precision, ALGORITHMS):
        return Precision.DEFAULT, Precision.DEFAULT
    return precision


def swapped(precision):
    """The precision of a product whose operands are exchanged."""
    return precision[::-1] if type(precision) is tuple else precision


def algorithm_of(precision, lhs, rhs, out) -> DotAlgorithm | None:
    """The algorithm that a precision asks for, given the types of a contraction."""
    if isinstance(precision, DotAlgorithm):
        return precision
    if not isinstance(precision, DotAlgorithmPreset) or precision.name == "DEFAULT":
        return None
    name = precision.name
    fast = name.endswith("_FAST_ACCUM")
    if name.startswith("ANY"):
        total = np.dtype("float32") if "F8_F32" in name else out.dtype
        return DotAlgorithm(lhs.dtype, rhs.dtype, total, 1, 1, 1, fast)
    name, _, operations = name.partition("_X")
    left, right, accumulator = (_PRECISION_TYPES[part] for part in name.split("_"))
    return DotAlgorithm(left, right, accumulator, 1, 1, int(operations or 1))


_PRECISION_TYPES = {
    "BF16": dtypes.bfloat16,
    "F16": np.dtype("float16"),
    "TF32": "tf32",
    "F32": np.dtype("float32"),
    "F64": np.dtype("float64"),
}


def algorithm_text(algorithm: DotAlgorithm) -> str:
    """`algorithm = <...>` as StableHLO writes it."""
    fields = {}
    for name, value in algorithm._asdict().items():
        if name.endswith("_type"):
            value = value if value == "tf32" else dtypes.mlir(dtypes.as_dtype(value))
        fields[name] = str(value).lower() if isinstance(value, bool) else value
    return f"algorithm = <{', '.join(f'{k} = {v}' for k, v in fields.items())}>"
