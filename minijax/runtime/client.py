"""Devices and buffers, as jaxlib has them; what differs between its versions is here.

Besides `tree` and `errors`, which take one class each, this is the only module that
imports jaxlib. It uses none of jaxlib's process-wide state, so that jax can live in the
same process: one client per platform, one kind of sharding, executables and buffers.
The one switch that it turns, `note_origins`, is jax's when jax is there.
"""

import ctypes
import functools
import gc
import glob
import importlib
import importlib.util
import os
import re
import threading

import jaxlib._profiler as _profiler
import jaxlib.version
import ml_dtypes
import numpy as np
from jaxlib import _jax
from jaxlib import xla_client as xc

from .. import errors
from ..config import config, on_change
from . import tiles

VERSION = tuple(int(n) for n in jaxlib.version.__version__.split(".")[:3])
_OLD = VERSION < (0, 11)

XlaRuntimeError = errors.JaxRuntimeError
Device = xc.Device


# Platforms


class Backend:
    """One platform's client and its devices."""

    def __init__(self, platform: str, client):
        self.platform = platform
        self.client = client

    def devices(self):
        """All devices, those of other processes included."""
        return list(self.client.devices())

    def local_devices(self):
        """The devices of this process."""
        return list(self.client.local_devices())

    @property
    def platform_version(self) -> str:
        return self.client.platform_version


_lock = threading.RLock()
_backends: dict[str, Backend] = {}
_default: list[Backend] = []
_forked = False

ALIASES = {"gpu": "cuda", "rocm": "rocm"}


def backend(platform=None) -> Backend:
    """The backend of a platform (`cpu`, `gpu`, `tpu`), or the preferred one.

    The preferred one is named by `config.update("jax_platforms", "cpu")` or the
    environment variable JAX_PLATFORMS, in order of preference; without either it is a
    TPU or GPU if its plugin is installed and finds a device, else the CPU.

    Raises:
      RuntimeError: the platform cannot be used; the message names what is missing.
    """
    check_not_forked()
    if isinstance(platform, Backend):
        return platform
    if platform is None:
        if not _default:
            _default.append(_preferred())
        return _default[0]
    name = ALIASES.get(platform, platform)
    with _lock:
        if name not in _backends:
            if name not in _STARTERS:
                raise RuntimeError(
                    f"backend: unknown platform {platform!r}. Known platforms are cpu, "
                    "gpu (cuda) and tpu."
                )
            _backends[name] = Backend(name, _STARTERS[name]())
        return _backends[name]


def check_not_forked() -> None:
    """Raise in a child of os.fork whose parent has used XLA."""
    if _forked:
        raise RuntimeError(
            "minijax was used before os.fork, and XLA cannot be used in the child: its "
            "threads do not exist there. Start processes with multiprocessing's "
            '"spawn" method.'
        )


def _preferred() -> Backend:
    wanted = config.jax_platforms or config.jax_platform_name
    if wanted:
        return backend(wanted.split(",")[0].strip())
    for name, present in (("tpu", _has_tpu), ("cuda", _has_gpu)):
        if present():
            try:
                return backend(name)
            except (RuntimeError, XlaRuntimeError):
                continue  # the plugin is installed, but this machine has no such device
    return backend("cpu")


def _start_cpu():
    count = config.jax_num_cpu_devices
    return xc.make_cpu_client(
        asynchronous=config.jax_cpu_enable_async_dispatch,
        num_devices=count if count > 0 else None,
    )


def _has_gpu() -> bool:
    """Whether a CUDA plugin is installed and this machine shows an NVIDIA GPU.

    Starting the plugin without a GPU prints CUDA's errors to standard error.
    """
    return bool(glob.glob("/dev/nvidia[0-9]*")) and _cuda_plugin() is not None


def _cuda_plugin():
    for version in ("13", "12"):
        try:
            spec = importlib.util.find_spec(f"jax_plugins.xla_cuda{version}")
        except ModuleNotFoundError:
            return None
        if spec is not None:
            return version, os.path.dirname(spec.origin)
    return None


@functools.cache
def load_cuda():
    """Load the CUDA plugin and register its kernels; returns its C API."""
    found = _cuda_plugin()
    if found is None:
        raise RuntimeError(
            "backend: no CUDA plugin found. Install jax-cuda13-plugin and "
            "jax-cuda13-pjrt (or the cuda12 ones) of the version of jaxlib, "
            f"{jaxlib.version.__version__}."
        )
    version, folder = found
    # A private name: jax would fail to load a plugin whose name is taken.
    c_api = xc.load_pjrt_plugin_dynamically(
        "minijax_cuda", os.path.join(folder, "xla_cuda_plugin.so")
    )
    _profiler.register_plugin_profiler(c_api)
    xc.initialize_pjrt_plugin("minijax_cuda")
    name = f"jax_cuda{version}_plugin.cuda_plugin_extension"
    extension = importlib.import_module(name)
    types = functools.partial(extension.register_custom_type, c_api)
    calls = functools.partial(extension.register_custom_call_target, c_api)
    xc.register_custom_type_handler("CUDA", types)
    xc.register_custom_call_handler("CUDA", calls)
    for target, value in extension.ffi_types().items():
        xc.register_custom_type(target, value, platform="CUDA")
    for target, value in extension.ffi_handlers().items():
        xc.register_custom_call_target(target, value, platform="CUDA", api_version=1)
    for module in ("gpu_solver", "gpu_linalg", "gpu_prng", "gpu_sparse"):
        registrations = importlib.import_module(f"jaxlib.{module}").registrations()
        for platform, targets in registrations.items():
            for target, value, api in targets:
                xc.register_custom_call_target(
                    target, value, platform=platform, api_version=api
                )
    return c_api


def _start_cuda():
    load_cuda()
    options = xc.generate_pjrt_gpu_plugin_options()
    visible = config.jax_cuda_visible_devices
    if visible != "all":
        options["visible_devices"] = [int(k) for k in visible.split(",")]
    return xc.make_c_api_client("minijax_cuda", options, None)


def _has_tpu() -> bool:
    """Whether libtpu is installed and this machine shows a TPU's device file.

    Starting libtpu without a TPU takes seconds and fills standard error.
    """
    files = glob.glob("/dev/accel*") or glob.glob("/dev/vfio/[0-9]*")
    return bool(files) and _tpu_library() is not None


def _tpu_library():
    if "TPU_LIBRARY_PATH" in os.environ:
        return os.environ["TPU_LIBRARY_PATH"]
    spec = importlib.util.find_spec("libtpu")
    if spec is None:
        return None
    return os.path.join(os.path.dirname(spec.origin), "libtpu.so")


@functools.cache
def load_tpu():
    """Load libtpu; returns its C API."""
    library = _tpu_library()
    if library is None:
        raise RuntimeError(
            "backend: no TPU library found. Install libtpu, or set TPU_LIBRARY_PATH."
        )
    c_api = xc.load_pjrt_plugin_dynamically("minijax_tpu", library)
    _profiler.register_plugin_profiler(c_api)
    xc.initialize_pjrt_plugin("minijax_tpu")
    return c_api


def _start_tpu():
    load_tpu()
    return xc.make_c_api_client("minijax_tpu", {}, None)


_STARTERS = {"cpu": _start_cpu, "cuda": _start_cuda, "tpu": _start_tpu}


def devices(platform=None):
    """All devices of a platform, or of the preferred one."""
    return backend(platform).devices()


def local_devices(process_index=None, platform=None):
    """The devices of this process."""
    return backend(platform).local_devices()


def default_device():
    """Where new arrays go: `config.jax_default_device`, else the first device."""
    chosen = config.jax_default_device
    if chosen is None:
        return backend().local_devices()[0]
    if isinstance(chosen, str):
        return backend(chosen).local_devices()[0]
    return chosen


def platform_of(device) -> str:
    """`cpu`, `cuda` or `tpu`."""
    return ALIASES.get(device.platform, device.platform)


def clear_backends() -> None:
    """Forget all clients; their arrays stay alive but do not mix with new ones."""
    with _lock:
        _backends.clear()
        _default.clear()


def _mark_forked():
    global _forked
    _forked = bool(_backends)


os.register_at_fork(after_in_child=_mark_forked)
on_change("platforms", lambda value: _default.clear())
on_change("platform_name", lambda value: _default.clear())


# Shardings


def _replicated():
    proto = xc.OpSharding()
    proto.type = xc.OpSharding.Type.REPLICATED
    return xc.HloSharding.from_proto(proto)


REPLICATED = _replicated()


class Sharding:
    """Which devices hold an array, and how it is cut into pieces over them.

    `spec` is XLA's text: `{replicated}`, or `{devices=[4,1]<=[4]}` for an axis of rows
    cut into four.
    """

    def __init__(self, devices, spec="{replicated}"):
        self.device_list = tuple(devices)
        self.spec = spec
        self.hlo = (
            REPLICATED if spec == "{replicated}" else xc.HloSharding.from_string(spec)
        )
        self.xla = xc.GSPMDSharding(xc.DeviceList(self.device_list), self.hlo)

    @property
    def device_set(self):
        return set(self.device_list)

    @property
    def num_devices(self):
        return len(self.device_list)

    @property
    def addressable_devices(self):
        here = self.device_list[0].client.process_index()
        return {d for d in self.device_list if d.process_index == here}

    @property
    def has_addressable_devices(self):
        return bool(self.addressable_devices)

    @property
    def is_fully_replicated(self):
        return self.spec == "{replicated}"

    @property
    def is_fully_addressable(self):
        return True

    @property
    def memory_kind(self):
        return "device"

    def with_memory_kind(self, kind: str) -> "Sharding":
        """The same devices and pieces in another of the devices' memories."""
        if kind != self.memory_kind:
            raise NotImplementedError(
                f"with_memory_kind: arrays are kept in the memory {self.memory_kind!r} "
                f"only, got {kind!r}."
            )
        return self

    def placed(self, ndim: int) -> "Sharding":
        """The sharding of arrays of a rank; this one is for one rank, or for all."""
        return self

    def shard_shape(self, global_shape) -> tuple[int, ...]:
        """The shape of the piece that each device holds of an array of a shape."""
        return tiles.piece_shape(self.placed(len(global_shape)), global_shape)

    def devices_indices_map(self, global_shape) -> dict:
        """For each device, the slices of its piece of an array of a shape."""
        return tiles.indices(self.placed(len(global_shape)), global_shape)

    def addressable_devices_indices_map(self, global_shape) -> dict:
        """The same for the devices of this process."""
        here = self.addressable_devices
        found = self.devices_indices_map(global_shape)
        return {device: index for device, index in found.items() if device in here}

    def check_compatible_aval(self, aval_shape) -> None:
        """Raise if an array of a shape cannot be cut so."""
        self.shard_shape(aval_shape)

    def is_equivalent_to(self, other: "Sharding", ndim: int) -> bool:
        """Whether arrays of a rank are in the same pieces on the same devices."""
        x, y = self.placed(ndim), other.placed(ndim)
        return x.device_list == y.device_list and x.spec == y.spec

    def __repr__(self):
        if len(self.device_list) == 1:
            return f"SingleDeviceSharding(device={self.device_list[0]!r})"
        return f"Sharding(devices={self.device_list}, spec={self.spec!r})"

    def __eq__(self, other):
        return (
            isinstance(other, Sharding)
            and self.device_list == other.device_list
            and self.spec == other.spec
        )

    def __hash__(self):
        return hash((self.device_list, self.spec))


class SingleDeviceSharding(Sharding):
    """The whole array on one device."""

    def __init__(self, device, *, memory_kind=None):
        super().__init__((device,))
        if memory_kind is not None:
            self.with_memory_kind(memory_kind)


@functools.cache
def single_device(device) -> Sharding:
    """The sharding of an array that is whole on one device."""
    return SingleDeviceSharding(device)


@functools.cache
def split_leading_axis(devices: tuple, ndim: int) -> Sharding:
    """The sharding of an array whose first axis is cut over devices."""
    rest = ",1" * (ndim - 1)
    ids = ",".join(map(str, range(len(devices))))
    return Sharding(devices, f"{{devices=[{len(devices)}{rest}]{ids}}}")


# Buffers


def put(aval, value: np.ndarray, sharding: Sharding, share=False):
    """Copy a NumPy array of the aval's dtype to a device, or its pieces to several.

    With `share`, a CPU buffer is the NumPy array's own memory, if that is aligned.
    """
    devices = list(sharding.device_list)
    if len(devices) == 1:
        pieces = [value]
    else:
        index_of = tiles.indices(sharding, aval.shape)
        pieces = [np.array(value[index_of[d]], order="C") for d in devices]
        share = True  # of these copies; jaxlib cannot copy where pieces have copies
    return xc.batched_device_put(
        aval,
        sharding.xla,
        pieces,
        devices,
        True,
        force_copy=not share,
        enable_x64=True,
    )


def copy_to_device(aval, buffer, sharding: Sharding):
    """Copy a buffer on one device to another device of the same client."""
    return join(aval, [buffer] * len(sharding.device_list), sharding)


def join(aval, buffers: list, sharding: Sharding):
    """One buffer over several devices from what each of them holds, in their order."""
    devices = list(sharding.device_list)
    return xc.batched_device_put(
        aval, sharding.xla, buffers, devices, True, enable_x64=True
    )


def piece_on(buffer, place: int):
    """The buffer that one device holds, by its place among the devices."""
    # jaxlib fails where origins are noted now and were not when the buffer was made.
    noted = _jax.tracebacks_enabled()
    try:
        for _ in range(2):
            _jax.set_tracebacks_enabled(False)
            try:
                return buffer._arrays[place]
            except ValueError:
                # The first look imports jax if it is installed, which notes origins.
                if not _jax.tracebacks_enabled():
                    raise
        raise AssertionError("origins are noted anew each time")
    finally:
        _jax.set_tracebacks_enabled(noted)


def result_handler(aval, sharding: Sharding):
    """What turns an output of an executable into a buffer of a type."""
    if _OLD:
        return xc.array_result_handler(aval, sharding.xla, True, _skip_checks=True)
    return xc.array_result_handler(aval, sharding.xla, True)


if _OLD:
    _capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    _capsule_pointer.restype = ctypes.c_void_p
    _capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]

    def to_numpy(buffer, aval, sharding) -> np.ndarray:
        """The values on the host: read-only, shared with the device on CPU."""
        dtype = aval.dtype
        if len(sharding.device_list) > 1:
            return _assemble(buffer, aval, sharding)
        if dtype.isbuiltin == 1:
            buffer.block_until_ready()
            return np.asarray(memoryview(buffer))
        if dtype not in _SUB_BYTE:
            return _view_by_pointer(buffer, aval)
        return buffer._single_device_array_to_np_array_did_copy()[0]

    _SUB_BYTE = frozenset(
        np.dtype(getattr(ml_dtypes, name))
        for name in ("int2", "int4", "uint2", "uint4")
        if hasattr(ml_dtypes, name)
    )

    def _view_by_pointer(buffer, aval):
        # Dtypes without a buffer protocol: read the pointer out of a DLPack capsule.
        capsule = _jax.buffer_to_dlpack_managed_tensor(buffer)
        address = _capsule_pointer(capsule, b"dltensor")
        n_bytes = aval.size * aval.dtype.itemsize
        if not n_bytes:
            return np.empty(aval.shape, aval.dtype)
        raw = (ctypes.c_char * n_bytes).from_address(
            ctypes.c_void_p.from_address(address).value
        )
        raw.capsule = capsule  # keeps the memory alive as long as the view
        view = np.frombuffer(raw, aval.dtype).reshape(aval.shape)
        view.flags.writeable = False
        return view

    def _assemble(buffer, aval, sharding):
        parts = [
            piece._single_device_array_to_np_array_did_copy()[0]
            for piece in buffer._arrays
        ]
        if sharding.is_fully_replicated:
            return parts[0]
        tiles = sharding.hlo.tile_assignment_dimensions()
        whole = np.empty(aval.shape, parts[0].dtype)
        for k, device in enumerate(sharding.hlo.tile_assignment_devices()):
            part = parts[device]
            index = np.unravel_index(k, tiles)[: aval.ndim]
            starts = [i * n for i, n in zip(index, part.shape, strict=True)]
            whole[tuple(map(slice, starts, np.add(starts, part.shape)))] = part
        return whole

else:

    def to_numpy(buffer, aval, sharding) -> np.ndarray:
        """The values on the host: read-only, shared with the device on CPU."""
        return buffer._to_np_array_did_copy()[0]


def to_dlpack(buffer, max_version=None, copy=None):
    """A DLPack capsule that shares the buffer's memory."""
    if VERSION >= (0, 12) and max_version is not None:
        return _jax.buffer_to_dlpack_managed_tensor(
            buffer, max_version=max_version, copy=copy
        )
    return _jax.buffer_to_dlpack_managed_tensor(buffer)


# Programs

# Without this flag, XLA of that version removes barriers on CPU before it fuses.
KEEP_BARRIERS = ("xla_disable_hlo_passes", "cse_barrier_expander") if _OLD else None


def compile_options(devices, partitions=1, overrides=()):
    """Options for a program on given devices; `overrides` are XLA flags."""
    options = xc.CompileOptions()
    build = options.executable_build_options
    options.num_replicas = build.num_replicas = 1
    options.num_partitions = build.num_partitions = partitions
    if partitions > 1:
        build.use_spmd_partitioning = True
        build.use_shardy_partitioner = False
        # Results stay where they were computed, instead of being gathered.
        build.allow_spmd_sharding_propagation_to_output = [True]
    ids = np.array([[device.id for device in devices]], np.int32)
    assignment = xc.DeviceAssignment.create(ids)
    options.device_assignment = build.device_assignment = assignment
    if overrides:
        options.env_option_overrides = list(overrides)
    return options


def compile_and_load(text: str, devices, options):
    """Compile the text of a module for devices; returns a loaded executable."""
    check_not_forked()
    client = devices[0].client
    return client.compile_and_load(text, xc.DeviceList(tuple(devices)), options)


def bind_callbacks(executable, devices, options, functions):
    """A copy of an executable whose callbacks are Python functions.

    Text can be compiled without them, but an executable without them must not run.
    """
    _free_callbacks_with_garbage()
    return devices[0].client.deserialize_executable(
        executable.serialize(),
        xc.DeviceList(tuple(devices)),
        options,
        host_callbacks=list(functions),
    )


@functools.cache
def _free_callbacks_with_garbage() -> None:
    """Have the functions of dead executables freed whenever Python collects garbage.

    XLA may drop them in a thread of its own, where it can only put them aside.
    """
    gc.callbacks.append(lambda phase, info: _jax.collect_garbage())


def note_origins(on: bool) -> None:
    """Note for new arrays which Python stack made them; for the whole process."""
    _jax.set_tracebacks_enabled(on)


def wait_for(buffers: list) -> None:
    """Wait until all values have been computed."""
    xc.batched_block_until_ready(buffers)


def serialize(executable) -> bytes:
    """A loaded executable as bytes, for `deserialize` in another process."""
    return executable.serialize()


def deserialize(data: bytes, devices, options):
    """Load what `serialize` gave, which is trusted: it is machine code.

    jaxlib checks neither versions nor the processor's features.
    """
    check_not_forked()
    client = devices[0].client
    return client.deserialize_executable(data, xc.DeviceList(tuple(devices)), options)


def serialize_options(options) -> bytes:
    """Compile options as bytes, equal for equal options; XLA_FLAGS are among them."""
    return options.SerializeAsString()


def asks_for_dumps(options) -> bool:
    """Whether XLA is to write down how it compiles."""
    flags = options.executable_build_options.debug_options
    names = [name for name, _ in options.env_option_overrides]
    return bool(flags.xla_dump_to) or any(n.startswith("xla_dump") for n in names)


def spans_processes(devices) -> bool:
    """Whether some of the devices belong to other processes."""
    here = devices[0].client.process_index()
    return any(device.process_index != here for device in devices)


@functools.cache
def description(devices: tuple) -> str:
    """The compiler and the devices, as far as code depends on them, as text."""
    first = devices[0]
    return repr(
        (
            ("jaxlib", jaxlib.version.__version__, jaxlib.version._git_hash),
            (first.client.platform, first.client.platform_version),
            sorted(device.device_kind for device in devices),
            topology_fingerprint(first),
        )
    )


def topology_fingerprint(device):
    """A number for the hardware: on a CPU it covers the name and the features.

    None for a plugin that has none: its kind and version describe it.
    """
    try:
        return _jax.get_topology_for_devices([device]).fingerprint()
    except XlaRuntimeError:
        return None


@functools.cache
def provide_lapack() -> None:
    """Make the LAPACK kernels known to XLA; loads SciPy's BLAS the first time."""
    lapack = importlib.import_module("jaxlib.cpu._lapack")
    for name, target in lapack.registrations().items():
        xc.register_custom_call_target(name, target, platform="cpu", api_version=1)
    # Without it every LAPACK call is a jump to address zero.
    lapack.initialize()


SERVICES = {"lapack": provide_lapack}


def without_locations(text: str) -> str:
    """The text of a module without references to source lines."""
    return re.sub(r" loc\(#l\d+\)", "", text)


def spec_of(proto) -> str:
    """XLA's text for a sharding that an executable reports."""
    hlo = xc.HloSharding.from_proto(proto)
    return "{replicated}" if hlo.is_replicated() else repr(hlo)
