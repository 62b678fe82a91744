"""`Array`: an immutable array on a device.

A small Python object around a device buffer. Its kind (type, sharding, whether it was
put there on purpose) is interned, so that a tuple of kinds is the key of every cache of
compiled operations.
"""

import numpy as np

from .. import dtypes
from ..config import state
from ..core.avals import ShapedArray
from ..core.literal import Literal, aval_of, literal, python_scalar
from ..core.trace import Operators, Tracer
from . import client, guards, tiles


class Kind:
    """What a compiled program must know of an argument; interned."""

    __slots__ = ("_handler", "aval", "committed", "sharding")

    def __init__(self, aval, sharding, committed):
        self.aval = aval
        self.sharding = sharding
        self.committed = committed
        self._handler = None

    @property
    def handler(self):
        if self._handler is None:
            self._handler = client.result_handler(physical(self.aval), self.sharding)
        return self._handler

    def __repr__(self):
        return f"Kind({self.aval}, {self.sharding}, committed={self.committed})"


def physical(aval) -> ShapedArray:
    """The type of the buffer behind a value: keys are kept as words."""
    if isinstance(aval.dtype, dtypes.ExtendedDType):
        return ShapedArray((*aval.shape, *aval.dtype.key_shape), np.uint32)
    return aval


_KINDS: dict[tuple, Kind] = {}


def kind_of(aval, sharding, committed=False) -> Kind:
    """The kind with these parts."""
    key = (aval, sharding, committed)
    found = _KINDS.get(key)
    if found is None:
        found = _KINDS.setdefault(key, Kind(aval, sharding, committed))
    return found


def default_sharding():
    """Where new arrays go: whole, on the default device."""
    return client.single_device(client.default_device())


class _ArrayType(type):
    """Values inside traced functions are arrays for those who ask, as in JAX."""

    def __instancecheck__(cls, x):
        return isinstance(x, Tracer) or type(x) is cls


class Array(Operators, metaclass=_ArrayType):
    """An immutable array on a device.

    `isinstance(x, Array)` also holds for the values that a traced function sees;
    `type(x) is Array` tells them apart.

    Made by `minijax.numpy` functions, never directly. Results of computations are
    asynchronous: the array exists before its values do, and whoever reads a value waits
    for it; `block_until_ready` waits on purpose.

    Attributes: shape, dtype, ndim, size, itemsize, nbytes, weak_type, sharding, device,
    committed, T, at, and NumPy's operators and methods.
    """

    __slots__ = ("__weakref__", "_buffer", "_host", "_kind", "aval")
    _trace = None

    def __init__(self, buffer, kind):
        self._buffer = buffer
        self._kind = kind
        self.aval = kind.aval

    # Place

    @property
    def sharding(self):
        sharding = self._kind.sharding
        return getattr(sharding, "named", sharding)

    @property
    def format(self) -> tiles.Format:
        """Layout and sharding; elements always lie in the order of the indices."""
        layout = tiles.Layout(tuple(range(self.aval.ndim)), (), 0)
        return tiles.Format(layout, self.sharding)

    @property
    def committed(self):
        return self._kind.committed

    @property
    def device(self):
        devices = self._kind.sharding.device_list
        return devices[0] if len(devices) == 1 else self._kind.sharding

    def devices(self):
        """The set of devices that hold the array."""
        return set(self._kind.sharding.device_list)

    @property
    def is_fully_addressable(self):
        return self._kind.sharding.is_fully_addressable

    @property
    def is_fully_replicated(self):
        return self._kind.sharding.is_fully_replicated

    def addressable_data(self, index: int) -> "Array":
        """The piece that one of the devices of this process holds."""
        return self.addressable_shards[index].data

    @property
    def addressable_shards(self) -> list[tiles.Shard]:
        """The pieces that the devices of this process hold."""
        self.check_alive()
        sharding = self._kind.sharding
        index_of = tiles.indices(sharding, self.aval.shape)
        number = tiles.replicas(index_of)
        shape = tiles.piece_shape(sharding, self.aval.shape)
        aval = self.aval.update(shape=shape)
        shards = []
        for k, device in enumerate(sharding.device_list):
            data = self
            if len(index_of) > 1:
                kind = kind_of(aval, client.single_device(device), self.committed)
                data = Array(client.piece_on(self._buffer, k), kind)
            shards.append(tiles.Shard(device, index_of[device], number[device], data))
        return shards

    @property
    def global_shards(self) -> list[tiles.Shard]:
        """The pieces of the array on all devices."""
        return self.addressable_shards

    def platform(self) -> str:
        """The platform of the devices: `cpu`, `gpu` or `tpu`."""
        return self._kind.sharding.device_list[0].platform

    def on_device_size_in_bytes(self) -> int:
        """How many bytes the array takes on a device."""
        return self._buffer.on_device_size_in_bytes()

    def unsafe_buffer_pointer(self) -> int:
        """The address of the values on the device, valid while the array lives."""
        self.check_alive()
        return self._buffer.unsafe_buffer_pointer()

    # Life

    def is_deleted(self):
        """Whether the buffer was deleted or given away by donation."""
        return self._buffer.is_deleted()

    def delete(self):
        """Free the buffer now; any later use is an error."""
        self._host = None
        self._buffer.delete()

    def is_ready(self):
        """Whether the values have been computed."""
        self.check_alive()
        return self._buffer.is_ready()

    def block_until_ready(self):
        """Wait until the values have been computed; returns the array."""
        try:
            self._buffer.block_until_ready()
        except client.XlaRuntimeError:
            self.check_alive()
            raise
        return self

    def copy_to_host_async(self):
        """Start copying the values to the host, so that reading them waits less."""
        self.check_alive()
        if hasattr(self._buffer, "copy_to_host_async"):
            self._buffer.copy_to_host_async()

    def clone(self) -> "Array":
        """Another array that shares the values."""
        self.check_alive()
        return Array(self._buffer, self._kind)

    def with_aval(self, aval):
        """The same buffer under another aval of the same shape and dtype."""
        return Array(self._buffer, kind_of(aval, self.sharding, self.committed))

    def check_alive(self):
        """Raise if the array has been deleted or donated."""
        if self._buffer.is_deleted():
            raise RuntimeError(
                f"Array has been deleted with shape={self.aval}. It was deleted, or "
                "donated to a jitted function (donate_argnums) and overwritten by its "
                "result. Keep a copy with jnp.array(x), or do not donate it."
            )

    # Values

    def host(self) -> np.ndarray:
        """The values as a read-only NumPy array, kept for the next time."""
        try:
            host = self._host
        except AttributeError:
            host = None
        if host is None:
            self.check_alive()
            dtype = self.aval.dtype
            if isinstance(dtype, dtypes.ExtendedDType):
                raise TypeError(
                    f"{self.aval} holds random keys, which have no NumPy values. Use "
                    "random.key_data to see their bits."
                )
            if state.guarded and self.device.platform != "cpu":
                guards.check("device_to_host", self.aval, self.sharding)
            host = self._host = client.to_numpy(
                self._buffer, self.aval, self._kind.sharding
            )
        return host

    def concrete(self):
        """The value below all tracers: the array itself."""
        return self

    def __array__(self, dtype=None, copy=None):
        host = self.host()
        if dtype is not None and np.dtype(dtype) != host.dtype:
            return host.astype(dtype)
        return host.copy() if copy else host

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        self.check_alive()
        return client.to_dlpack(self._buffer, max_version, copy)

    def __dlpack_device__(self):
        device = self._kind.sharding.device_list[0]
        kinds = {"cpu": 1, "cuda": 2, "gpu": 2}
        if device.platform not in kinds:
            raise BufferError(
                f"__dlpack_device__: DLPack knows no {device.platform} device."
            )
        return kinds[device.platform], device.local_hardware_id or 0

    def item(self, *args):
        """The value of one element as a Python number."""
        return self.host().item(*args)

    def tolist(self):
        """The values as nested lists of Python numbers."""
        return self.host().tolist()

    def tobytes(self, order="C"):
        """The values as bytes."""
        return self.host().tobytes(order)

    def _scalar(self, name):
        if self.aval.size != 1:
            raise TypeError(
                f"{name}: only arrays of one element can be converted, got {self.aval}."
            )
        return self.host().item()

    def __bool__(self):
        return bool(self.host())

    def __int__(self):
        return int(self._scalar("int()"))

    def __float__(self):
        return float(self._scalar("float()"))

    def __complex__(self):
        return complex(self._scalar("complex()"))

    def __index__(self):
        if self.aval.dtype not in dtypes.INTS or self.aval.ndim:
            raise TypeError(
                f"only integer scalar arrays can be converted to an index, got "
                f"{self.aval}."
            )
        return int(self.host())

    def __format__(self, spec):
        if self.aval.ndim == 0 and not isinstance(self.dtype, dtypes.ExtendedDType):
            return format(self.host()[()], spec)
        return format(str(self), spec)

    def __len__(self):
        return len(self.aval)

    def __repr__(self):
        if self._buffer.is_deleted():
            return f"Array({self.aval}, deleted)"
        dtype = self.aval.dtype
        weak = ", weak_type=True" if self.aval.weak_type else ""
        if isinstance(dtype, dtypes.ExtendedDType):
            words = dtype.unwrap(self)
            return f"Array({self.aval.shape}, dtype={dtype.name}) overlaying:\n{words}"
        head = "Array("
        if 0 in self.aval.shape:
            values = f"[], shape={self.aval.shape}"
        else:
            values = np.array2string(
                self.host(), separator=", ", prefix=head, suffix=",", threshold=1000
            )
        name = dtype.name
        tail = f"dtype={name}{weak})"
        last = len(values) - (values.rfind("\n") + 1)
        first = len(head) if "\n" not in values else 0
        gap = "\n" + " " * len(head) if first + last + len(tail) + 2 > 75 else " "
        return f"{head}{values},{gap}{tail}"

    def __str__(self):
        if isinstance(self.aval.dtype, dtypes.ExtendedDType):
            return repr(self)
        return str(self.host())

    def __reduce__(self):
        return _rebuild, (np.array(self.host()), self.aval.weak_type)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return from_numpy(np.array(self.host()), self.aval.weak_type)


def _rebuild(value, weak_type):
    return from_numpy(value, weak_type)


def from_numpy(
    value: np.ndarray, weak_type=False, sharding=None, committed=False, share=False
):
    """A device array with the values of a NumPy array, copied unless `share`."""
    aval = ShapedArray(value.shape, value.dtype, weak_type)
    if sharding is None:
        sharding = default_sharding()
    if state.guarded and state.evaluating:  # staged, it becomes a constant
        guards.check("host_to_device", aval, sharding)
    buffer = client.put(aval, value, sharding, share)
    return Array(buffer, kind_of(aval, sharding, committed))


def as_array(x) -> Array:
    """An operand as a device array: literals, NumPy and Python values are copied."""
    if type(x) is Array:
        return x
    if type(x) is Literal:
        array = x.array
        if array is None or array._buffer.is_deleted():
            array = from_numpy(np.array(x.concrete(), order="C"), x.aval.weak_type)
            x.array = array
        return array
    if isinstance(x, Tracer):
        value = x.concrete()
        if value is not None:
            return as_array(value)
    if isinstance(x, bool | int | float | complex) and not isinstance(x, np.generic):
        return as_array(python_scalar(x))
    aval = aval_of(x)
    if aval.ndim == 0:
        return as_array(literal(x, aval))
    return from_numpy(np.asarray(x, aval.dtype), aval.weak_type)


def move(x: Array, sharding, committed=True) -> Array:
    """The same values on other devices."""
    x.check_alive()
    kind = kind_of(x.aval, sharding, committed)
    if x._kind is kind:
        return x
    here = x._kind.sharding
    if here == sharding:
        return Array(x._buffer, kind)
    if state.guarded:
        guards.check("device_to_device", x.aval, sharding)
    same_client = sharding.device_list[0].client is here.device_list[0].client
    whole = len(here.device_list) == 1 and sharding.is_fully_replicated
    if whole and same_client:
        return Array(client.copy_to_device(physical(x.aval), x._buffer, sharding), kind)
    if isinstance(x.aval.dtype, dtypes.ExtendedDType):
        words = move(x.aval.dtype.unwrap(x), sharding, committed)
        return Array(words._buffer, kind)
    return Array(client.put(x.aval, x.host(), sharding), kind)


_SCALARS: dict[tuple, Array] = {}
_SCALARS_SIZE = 1 << 10


def on_device(x: int | float) -> Array:
    """A Python number as a weakly typed array, kept for the next time."""
    # 0.0 == -0.0, but they are different numbers.
    key = (x or str(x), type(x), state.key)
    found = _SCALARS.get(key)
    if found is None:
        found = as_array(python_scalar(x))
        if len(_SCALARS) >= _SCALARS_SIZE:
            _SCALARS.clear()
        _SCALARS[key] = found
    return found
