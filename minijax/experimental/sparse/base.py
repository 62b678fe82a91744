"""What all sparse arrays have in common, and their errors."""

from typing import Any

from ... import numpy as jnp
from ...dtypes import short


class SparseEfficiencyError(ValueError):
    """An operation that would store far more numbers than there are."""


class SparseEfficiencyWarning(UserWarning):
    """The same, where a warning was asked for."""


class CuSparseEfficiencyWarning(SparseEfficiencyWarning):
    """An operation for which cuSPARSE has no kernel; not given by this package."""


class JAXSparse:
    """An array of which only some elements are stored.

    Attributes:
      data: the stored elements.
      shape: that of the whole array.
    """

    data: Any
    __array_priority__ = 100

    @property
    def shape(self) -> tuple[int, ...]:
        raise NotImplementedError(f"{type(self).__name__} must define shape.")

    @property
    def dtype(self):
        return self.data.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def nse(self) -> int:
        """How many elements are stored, in each batch."""
        return self.data.shape[-1]

    @property
    def T(self):
        return self.transpose()

    def todense(self):
        raise NotImplementedError(f"{type(self).__name__} must define todense.")

    def transpose(self, axes=None):
        raise NotImplementedError(f"{type(self).__name__} must define transpose.")

    def block_until_ready(self):
        """Wait until the stored elements are computed."""
        self.data.block_until_ready()
        return self

    def __repr__(self):
        name = type(self).__name__
        try:
            shape, dtype, nse = self.shape, self.dtype, self.nse
        except (AttributeError, TypeError, IndexError):
            # A container of placeholders, as tree.map and treedefs make them.
            return f"{name}({self.data!r})"
        text = f"{dtype.name}[{', '.join(map(str, shape))}]"
        return f"{name}({text}, nse={nse})"

    def __hash__(self):
        raise TypeError(f"unhashable type: {type(self).__name__!r}")

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of an unsized sparse array.")
        return self.shape[0]

    def __bool__(self):
        raise ValueError(
            f"{self!r} has no truth value. Ask its elements: x.todense().any()."
        )

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            f"{self!r} must not become a NumPy array unnoticed. Use x.todense()."
        )


def todense(arr):
    """A sparse array with all its elements; others unchanged."""
    return arr.todense() if isinstance(arr, JAXSparse) else jnp.asarray(arr)


def describe(x) -> str:
    """The printed form of a type, for messages."""
    return f"{short(x.dtype)}[{','.join(map(str, x.shape))}]"
