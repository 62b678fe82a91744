"""Meshes of devices, and arrays cut over them.

    mesh = make_mesh((2, 4), ("data", "model"))
    x = device_put(x, NamedSharding(mesh, PartitionSpec("data")))    rows cut in two

`device_put` places arrays so, and functions run where their arguments are, partitioned
by XLA. Constraints inside functions and shardings of `jit` are not built yet.
"""

import enum
import math
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence

import numpy as np

from . import tree
from .api.devices import device_put
from .core.trace import Tracer, context, evaluator
from .runtime import client
from .runtime.client import Sharding as Sharding
from .runtime.client import SingleDeviceSharding as SingleDeviceSharding

__all__ = [
    "AbstractMesh",
    "AxisType",
    "Mesh",
    "NamedSharding",
    "PartitionSpec",
    "Sharding",
    "SingleDeviceSharding",
    "auto_axes",
    "explicit_axes",
    "get_abstract_mesh",
    "get_mesh",
    "reshard",
    "set_mesh",
    "use_abstract_mesh",
]


class AxisType(enum.Enum):
    """Who decides how arrays are cut along an axis of a mesh."""

    Auto = enum.auto()
    Explicit = enum.auto()
    Manual = enum.auto()

    def __repr__(self):
        return self.name


class _Unconstrained:
    """An axis that XLA may cut as it likes."""

    def __repr__(self):
        return "UNCONSTRAINED"


class PartitionSpec:
    """Over which axes of a mesh each axis of an array is cut.

    Args:
      partitions: for each axis of the array a name, a tuple of names, or None (not
        cut); axes that are not mentioned are not cut.

    >>> PartitionSpec("x", None, ("y", "z"))
    P('x', None, ('y', 'z'))
    """

    __slots__ = ("_partitions", "reduced", "unreduced")

    UNCONSTRAINED = _Unconstrained()

    def __init__(self, *partitions, unreduced=frozenset(), reduced=frozenset()):
        self._partitions = tuple([_plain(x) for x in partitions])
        self.unreduced = frozenset(unreduced)
        self.reduced = frozenset(reduced)

    @property
    def partitions(self) -> tuple:
        return self._partitions

    def names(self, axis: int) -> tuple:
        """The axes of the mesh over which an axis of the array is cut."""
        part = self._partitions[axis]
        if part is None:
            return ()
        return part if isinstance(part, tuple) else (part,)

    def update(self, **changes) -> "PartitionSpec":
        """The same with some parts replaced."""
        fields = {"unreduced": self.unreduced, "reduced": self.reduced, **changes}
        return PartitionSpec(*fields.pop("partitions", self._partitions), **fields)

    def index(self, value) -> int:
        """The first axis of the array that is cut so."""
        return self._partitions.index(_plain(value))

    def count(self, value) -> int:
        """How many axes of the array are cut so."""
        return self._partitions.count(_plain(value))

    def __len__(self):
        return len(self._partitions)

    def __iter__(self):
        return iter(self._partitions)

    def __getitem__(self, axis):
        return self._partitions[axis]

    def __add__(self, other):
        return PartitionSpec(*self, *other)

    def __radd__(self, other):
        return PartitionSpec(*other, *self)

    def _key(self):
        return self._partitions, self.unreduced, self.reduced

    def __eq__(self, other):
        return isinstance(other, PartitionSpec) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        parts = [repr(x) for x in self._partitions]
        names = [name for name in ("unreduced", "reduced") if getattr(self, name)]
        parts.extend([f"{name}={set(getattr(self, name))!r}" for name in names])
        return f"P({', '.join(parts)})"


def _plain(partition):
    """A tuple of one name is that name; the empty tuple and None are None."""
    if isinstance(partition, tuple | list):
        partition = tuple(partition)
        return partition if len(partition) > 1 else (partition or (None,))[0]
    return partition


P = PartitionSpec


class _Axes:
    """What meshes with and without devices share: named axes and their sizes."""

    axis_names: tuple[Hashable, ...]
    axis_sizes: tuple[int, ...]
    axis_types: tuple[AxisType, ...]

    @property
    def shape(self) -> OrderedDict:
        return OrderedDict(zip(self.axis_names, self.axis_sizes, strict=True))

    @property
    def shape_tuple(self) -> tuple:
        return tuple(zip(self.axis_names, self.axis_sizes, strict=True))

    @property
    def size(self) -> int:
        return math.prod(self.axis_sizes) if self.axis_sizes else 0

    @property
    def empty(self) -> bool:
        return self.size == 0

    def _of_type(self, kind) -> tuple:
        pairs = zip(self.axis_names, self.axis_types, strict=True)
        return tuple([name for name, found in pairs if found is kind])

    @property
    def auto_axes(self) -> tuple:
        return self._of_type(AxisType.Auto)

    @property
    def explicit_axes(self) -> tuple:
        return self._of_type(AxisType.Explicit)

    @property
    def manual_axes(self) -> tuple:
        return self._of_type(AxisType.Manual)

    @property
    def are_all_axes_auto(self) -> bool:
        return len(self.auto_axes) == len(self.axis_names)

    @property
    def are_all_axes_explicit(self) -> bool:
        return len(self.explicit_axes) == len(self.axis_names)

    @property
    def are_all_axes_manual(self) -> bool:
        return len(self.manual_axes) == len(self.axis_names)

    def _set_axes(self, where, sizes, names, types):
        names = (names,) if isinstance(names, str) else tuple(names)
        types = (AxisType.Auto,) * len(names) if types is None else _tuple(types)
        if len(set(names)) != len(names):
            raise ValueError(
                f"{where}: names of axes must differ, got axis_names={names}."
            )
        if len(types) != len(names):
            raise ValueError(
                f"{where}: axis_types must have one type for each of the axes {names}, "
                f"got {len(types)}."
            )
        self.axis_sizes, self.axis_names, self.axis_types = sizes, names, types

    def __str__(self):
        sizes = [f"{name!r}: {n}" for name, n in self.shape_tuple]
        types = ", ".join([repr(t) for t in self.axis_types])
        return f"{type(self).__name__}({', '.join([*sizes, f'axis_types=({types})'])})"


def _tuple(types):
    return (types,) if isinstance(types, AxisType) else tuple(types)


class AbstractMesh(_Axes):
    """The names and sizes of the axes of a mesh, without its devices."""

    def __init__(self, axis_sizes, axis_names, axis_types=None):
        self._set_axes("AbstractMesh", tuple(axis_sizes), axis_names, axis_types)

    def _key(self):
        return self.axis_sizes, self.axis_names, self.axis_types

    def __eq__(self, other):
        return isinstance(other, AbstractMesh) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    __repr__ = _Axes.__str__


class Mesh(_Axes):
    """Devices in a grid with named axes; also a context in which it is the mesh.

    Args:
      devices: an array of devices, one axis for each name.
      axis_names: the names.

    >>> mesh = Mesh(np.array(devices()[:1]), ("x",))
    >>> dict(mesh.shape)
    {'x': 1}
    """

    def __init__(self, devices, axis_names, axis_types=None):
        grid = np.asarray(devices, dtype=object)
        names = (axis_names,) if isinstance(axis_names, str) else tuple(axis_names)
        if grid.ndim != len(names):
            raise ValueError(
                f"Mesh: devices must have one axis for each name, got {grid.ndim} axes "
                f"and axis_names={names}. Reshape the array of devices."
            )
        self._set_axes("Mesh", grid.shape, names, axis_types)
        self.devices = grid
        self.devices.flags.writeable = False

    @property
    def device_ids(self) -> np.ndarray:
        ids = [device.id for device in self.devices.flat]
        return np.array(ids).reshape(self.devices.shape)

    @property
    def local_devices(self) -> list:
        return [d for d in self.devices.flat if d.process_index == _process(d)]

    @property
    def local_mesh(self) -> "Mesh":
        if self.is_multi_process:
            raise NotImplementedError(
                "Mesh.local_mesh: meshes over several processes are not supported yet."
            )
        return self

    @property
    def is_multi_process(self) -> bool:
        return len(self.local_devices) != self.devices.size

    @property
    def is_scalar(self) -> bool:
        return self.devices.ndim == 0

    @property
    def size(self) -> int:
        return self.devices.size if self.axis_names else 0

    @property
    def abstract_mesh(self) -> AbstractMesh:
        return AbstractMesh(self.axis_sizes, self.axis_names, self.axis_types)

    def update(self, **changes) -> "Mesh":
        """The same with some of `devices`, `axis_names`, `axis_types` replaced."""
        names = ("devices", "axis_names", "axis_types")
        return Mesh(**{**{name: getattr(self, name) for name in names}, **changes})

    def __enter__(self):
        _current.stack.append(self)
        return self

    def __exit__(self, kind, error, traceback):
        _current.stack.pop()
        return False

    def _key(self):
        devices = tuple(self.devices.flat)
        return devices, self.axis_sizes, self.axis_names, self.axis_types

    def __eq__(self, other):
        return isinstance(other, Mesh) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        types = ", ".join([repr(t) for t in self.axis_types])
        types += "," if len(self.axis_types) == 1 else ""
        return (
            f"Mesh(axis_sizes={self.axis_sizes}, axis_names={self.axis_names}, "
            f"axis_types=({types}))"
        )


def _process(device):
    return device.client.process_index()


class _Current(threading.local):
    """The meshes that are in force in this thread, the innermost last."""

    def __init__(self):
        self.stack: list[Mesh] = []

    @property
    def physical_mesh(self) -> Mesh:
        return self.stack[-1] if self.stack else _EMPTY


_current = _Current()
_EMPTY = Mesh(np.empty((), object), ())


class ThreadResources:
    """The mesh of this thread, as `thread_resources.env.physical_mesh`."""

    @property
    def env(self):
        return _current


thread_resources = ThreadResources()


def get_mesh() -> Mesh:
    """The mesh that is in force: of the innermost `with mesh` or `set_mesh`."""
    return _current.physical_mesh


def get_abstract_mesh() -> AbstractMesh:
    """The names and sizes of the axes of the mesh that `set_mesh` has put in force."""
    return _current.physical_mesh.abstract_mesh


class set_mesh:
    """Put a mesh in force: for the rest of the thread, or inside `with set_mesh(m)`."""

    def __init__(self, mesh: Mesh):
        self._outer = list(_current.stack)
        _current.stack = [*self._outer, mesh]

    def __enter__(self):
        return _current.physical_mesh

    def __exit__(self, kind, error, traceback):
        _current.stack = self._outer
        return False


def _not_built(name, repair):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"{name} is not built yet. {repair}")

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Not built yet, and refused when it is called. {repair}"
    return refuse


_PLACE = "Place the arguments with device_put; XLA partitions what uses them."
shard_map = _not_built("shard_map", "Use vmap or pmap with an axis name. " + _PLACE)
reshard = _not_built("reshard", _PLACE)
auto_axes = _not_built("auto_axes", _PLACE)
explicit_axes = _not_built("explicit_axes", _PLACE)
use_abstract_mesh = _not_built("use_abstract_mesh", _PLACE)


class Placed(Sharding):
    """A named sharding for arrays of one rank."""

    def __init__(self, named: "NamedSharding", ndim: int):
        super().__init__(tuple(named.mesh.devices.flat), _tiling(named, ndim))
        self.named = named

    def __eq__(self, other):
        return isinstance(other, Placed) and (
            self.named == other.named and self.spec == other.spec
        )

    def __hash__(self):
        return hash((self.named, self.spec))


def _tiling(named, ndim):
    """XLA's text: how many pieces per axis and copies, and the devices in order."""
    mesh, spec = named.mesh, named.spec
    sizes = mesh.shape
    cut = [spec.names(axis) if axis < len(spec) else () for axis in range(ndim)]
    pieces = [math.prod([sizes[name] for name in names]) for names in cut]
    if math.prod(pieces) == 1:
        return "{replicated}"
    used = [name for names in cut for name in names]
    others = [name for name in mesh.axis_names if name not in used]
    order = [mesh.axis_names.index(name) for name in (*used, *others)]
    places = np.arange(mesh.size).reshape(mesh.devices.shape).transpose(order)
    copies = math.prod([sizes[name] for name in others])
    grid = ",".join(map(str, [*pieces, *([copies] if copies > 1 else [])]))
    tail = " last_tile_dim_replicate" if copies > 1 else ""
    return f"{{devices=[{grid}]{','.join(map(str, places.ravel()))}{tail}}}"


class NamedSharding(Sharding):
    """Arrays cut over the axes of a mesh as a `PartitionSpec` says.

    >>> mesh = Mesh(np.array(devices()[:1]), ("x",))
    >>> NamedSharding(mesh, PartitionSpec("x")).shard_shape((4, 2))
    (4, 2)
    """

    def __init__(self, mesh: Mesh, spec: PartitionSpec, *, memory_kind=None):
        if not isinstance(mesh, Mesh):
            raise TypeError(
                f"NamedSharding: mesh must be a Mesh of devices, got {mesh!r:.80}."
            )
        spec = spec if isinstance(spec, PartitionSpec) else PartitionSpec(*spec)
        _check_spec(mesh, spec)
        self.mesh = mesh
        self.spec = spec
        self.device_list = tuple(mesh.devices.flat)
        self._placed: dict[int, Placed] = {}
        if memory_kind is not None:
            self.with_memory_kind(memory_kind)

    def placed(self, ndim: int) -> Sharding:
        """The sharding of arrays of a rank.

        Raises:
          ValueError: the spec mentions more axes than there are.
        """
        if ndim < len(self.spec):
            raise ValueError(
                f"{self}: the spec must not be longer than the rank of the array, got "
                f"{len(self.spec)} entries and rank {ndim}."
            )
        if ndim not in self._placed:
            self._placed[ndim] = Placed(self, ndim)
        return self._placed[ndim]

    @property
    def is_fully_replicated(self):
        return all(self.mesh.shape[name] == 1 for name in _names(self.spec))

    @property
    def replicated_axes(self) -> frozenset:
        return frozenset(self.mesh.axis_names) - set(_names(self.spec))

    def update(self, **changes) -> "NamedSharding":
        """The same with another `mesh` or `spec`."""
        return NamedSharding(**{"mesh": self.mesh, "spec": self.spec, **changes})

    def __eq__(self, other):
        return (
            isinstance(other, NamedSharding)
            and self.mesh == other.mesh
            and self.spec == other.spec
        )

    def __hash__(self):
        return hash((self.mesh, self.spec))

    def __repr__(self):
        return f"NamedSharding(mesh={self.mesh}, spec={self.spec})"


def with_sharding_constraint(x, shardings):
    """A tree of arrays, cut as shardings, or specs for the mesh in force, say.

    Inside a traced function there is nothing to do for a mesh of one device; for more
    it is not built yet.

    Args:
      shardings: a sharding or `PartitionSpec`, or a tree of them that is a prefix of x.
    """
    places = tree.map(
        _placement, shardings, is_leaf=lambda s: isinstance(s, PartitionSpec)
    )
    traced = any(isinstance(leaf, Tracer) for leaf in tree.leaves(x))
    if not traced and context.floor is evaluator:
        return device_put(x, places)
    if any(place.num_devices > 1 for place in tree.leaves(places)):
        raise NotImplementedError(
            f"with_sharding_constraint is not built yet inside functions. {_PLACE}"
        )
    return x


def _placement(sharding):
    if not isinstance(sharding, PartitionSpec):
        return sharding
    if get_mesh().empty:
        raise RuntimeError(
            "with_sharding_constraint: a PartitionSpec needs a mesh in force, got "
            f"{sharding} and none. Use `with mesh:`, or pass a NamedSharding."
        )
    return NamedSharding(get_mesh(), sharding)


def _names(spec):
    return [name for axis in range(len(spec)) for name in spec.names(axis)]


def _check_spec(mesh, spec):
    seen = set()
    for name in _names(spec):
        if name is PartitionSpec.UNCONSTRAINED:
            raise NotImplementedError(
                f"NamedSharding: {spec} leaves an axis to XLA, which is possible only "
                "inside functions and not built yet. Name the axes, or use None."
            )
        if name not in mesh.axis_names:
            raise ValueError(
                f"NamedSharding: {spec} must name axes of the mesh, got {name!r} and "
                f"axes {mesh.axis_names}."
            )
        if name in seen:
            raise ValueError(
                f"NamedSharding: {spec} must use each axis of the mesh once, got "
                f"{name!r} twice."
            )
        seen.add(name)
    if spec.unreduced or spec.reduced:
        raise NotImplementedError(
            f"NamedSharding: unreduced and reduced axes are not built yet, got {spec}."
        )


def make_single_device_sharding(device, *, memory_kind=None) -> SingleDeviceSharding:
    """The sharding of arrays that are whole on one device."""
    return SingleDeviceSharding(device, memory_kind=memory_kind)


def make_mesh(
    axis_shapes: Sequence[int],
    axis_names: Sequence[str],
    axis_types=None,
    *,
    devices: Sequence | None = None,
) -> Mesh:
    """A mesh of the given sizes over the first devices, or over those given.

    >>> make_mesh((1, 1), ("x", "y")).axis_names
    ('x', 'y')
    """
    found = list(client.devices()) if devices is None else list(devices)
    count = math.prod(axis_shapes)
    if len(found) < count:
        raise ValueError(
            f"make_mesh: axis_shapes={tuple(axis_shapes)} needs {count} devices, got "
            f"{len(found)}."
        )
    types = (AxisType.Explicit,) * len(axis_names) if axis_types is None else axis_types
    grid = np.array(found[:count], dtype=object).reshape(tuple(axis_shapes))
    return Mesh(grid, axis_names, types)
