"""`ShapeDtypeStruct`: the type of an array, as users write it."""

from ..core.avals import ShapedArray


class ShapeDtypeStruct:
    """The shape and dtype of an array that need not exist.

    >>> ShapeDtypeStruct((2, 3), "float32")
    ShapeDtypeStruct(shape=(2, 3), dtype=float32)
    """

    __slots__ = ("dtype", "shape", "sharding", "weak_type")

    def __init__(self, shape, dtype, *, sharding=None, weak_type=False, vma=None):
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

    def update(self, **changes):
        """The same with some parts replaced."""
        fields = {"shape": self.shape, "dtype": self.dtype, "weak_type": self.weak_type}
        fields.update(changes)
        return ShapeDtypeStruct(fields.pop("shape"), fields.pop("dtype"), **fields)

    def __repr__(self):
        weak = ", weak_type=True" if self.weak_type else ""
        name = getattr(self.dtype, "name", self.dtype)
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={name}{weak})"

    def __eq__(self, other):
        return isinstance(other, ShapeDtypeStruct) and self.aval is other.aval

    def __hash__(self):
        return hash(self.aval)


def info_of(aval) -> ShapeDtypeStruct:
    """The public form of an aval."""
    return ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)
