"""`ShapeDtypeStruct`: the type of an array, as users write it."""

from ..core.avals import ShapedArray
from ..runtime.tiles import Format


class ShapeDtypeStruct:
    """The shape and dtype of an array that need not exist.

    >>> ShapeDtypeStruct((2, 3), "float32")
    ShapeDtypeStruct(shape=(2, 3), dtype=float32)
    """

    __slots__ = ("dtype", "shape", "sharding", "weak_type")
    is_ref = False

    def __init__(
        self,
        shape,
        dtype,
        *,
        sharding=None,
        weak_type=False,
        vma=None,
        is_ref=False,
        manual_axis_type=None,
    ):
        if vma or is_ref or manual_axis_type is not None:
            raise NotImplementedError(
                "ShapeDtypeStruct: vma, is_ref and manual_axis_type are not supported. "
                "Leave them out."
            )
        if dtype is None:
            raise ValueError("ShapeDtypeStruct: dtype must be specified, got None.")
        aval = ShapedArray(tuple(shape), dtype, weak_type)
        self.shape = aval.shape
        self.dtype = aval.dtype
        self.weak_type = weak_type
        self.sharding = sharding

    @property
    def aval(self):
        return ShapedArray(self.shape, self.dtype, self.weak_type)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return self.aval.size

    def __len__(self):
        return len(self.aval)

    @property
    def format(self) -> Format:
        """Layout, which is not known, and sharding."""
        return Format(None, self.sharding)

    @property
    def manual_axis_type(self):
        return None

    @classmethod
    def like(cls, x) -> "ShapeDtypeStruct":
        """The shape, dtype and sharding of an array, or of another description."""
        weak_type = getattr(x, "weak_type", False)
        sharding = getattr(x, "sharding", None)
        return cls(x.shape, x.dtype, sharding=sharding, weak_type=weak_type)

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            f"{self} has no values, so it cannot be an argument or a result of what "
            "is computed. Give arrays, or ask for types with eval_shape."
        )

    def update(self, **changes):
        """The same with some parts replaced."""
        names = ("shape", "dtype", "weak_type", "sharding")
        fields = {**{name: getattr(self, name) for name in names}, **changes}
        return ShapeDtypeStruct(fields.pop("shape"), fields.pop("dtype"), **fields)

    def __repr__(self):
        weak = ", weak_type=True" if self.weak_type else ""
        name = getattr(self.dtype, "name", self.dtype)
        place = f", sharding={self.sharding}" if self.sharding is not None else ""
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={name}{weak}{place})"

    def __eq__(self, other):
        return isinstance(other, ShapeDtypeStruct) and (
            (self.aval, self.sharding) == (other.aval, other.sharding)
        )

    def __hash__(self):
        return hash((self.aval, self.sharding))


def info_of(aval) -> ShapeDtypeStruct:
    """The public form of an aval."""
    return ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)
