"""What the Python array API standard asks a namespace about itself."""

from .. import dtypes
from ..api import devices

# The standard's names of kinds of dtypes, and their members with 64 bits on.
_KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
_KINDS["integral"] = _KINDS["signed integer"] + _KINDS["unsigned integer"]
_KINDS["numeric"] = (
    _KINDS["integral"] + _KINDS["real floating"] + _KINDS["complex floating"]
)


class ArrayNamespaceInfo:
    """Capabilities, devices and dtypes, as the array API standard 2024.12 names them.

    >>> jnp.__array_namespace_info__().capabilities()["boolean indexing"]
    False
    """

    def capabilities(self) -> dict:
        """What arrays of unknown size allow: nothing, since shapes are static."""
        return {
            "boolean indexing": False,
            "data-dependent shapes": False,
            "max dimensions": 64,
        }

    def default_device(self):
        """None: the device is chosen by `jax_default_device` and the arguments."""

    def devices(self) -> list:
        """The devices there are, and None for the default."""
        return [None, *devices()]

    def default_dtypes(self, *, device=None) -> dict:
        """The dtypes that are chosen where none is given; `device` does not matter."""
        names = {
            "real floating": "float64",
            "complex floating": "complex128",
            "integral": "int64",
            "indexing": "int64",
        }
        return {kind: _in_use(name) for kind, name in names.items()}

    def dtypes(self, *, device=None, kind: str | tuple[str, ...] | None = None) -> dict:
        """The dtypes of a kind, of several, or all, by name.

        Kinds are "bool", "integral", "signed integer", "unsigned integer",
        "real floating", "complex floating" and "numeric".
        """
        if kind is None:
            kind = ("bool", "numeric")
        if isinstance(kind, tuple):
            return {k: d for each in kind for k, d in self.dtypes(kind=each).items()}
        if kind not in _KINDS:
            raise KeyError(
                f"dtypes: kind must be one of {sorted(_KINDS)}, got {kind!r}"
            )
        found = {name: dtypes.as_dtype(name) for name in _KINDS[kind]}
        return {name: dtype for name, dtype in found.items() if _in_use(name) == dtype}


def _in_use(name):
    return dtypes.canonicalize(dtypes.as_dtype(name))


def __array_namespace_info__() -> ArrayNamespaceInfo:
    """What the array API standard asks a namespace about itself."""
    return ArrayNamespaceInfo()
