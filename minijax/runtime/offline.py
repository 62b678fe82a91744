"""Compile for accelerators that this machine does not have.

The plugin of a platform can compile for a described device: `compile_only` gives the
optimised program, its cost and its size, and nothing that runs.
"""

import functools

from jaxlib import xla_client as xc
from jaxlib.mlir import ir
from jaxlib.mlir._mlir_libs import _jax_mlir_ext
from jaxlib.mlir.dialects import chlo, mhlo, sdy, stablehlo

from . import client

# A GPU of the H100 class, in the text form of XLA's GpuTargetConfigProto.
H100 = """
gpu_device_info {
  threads_per_block_limit: 1024 threads_per_warp: 32 shared_memory_per_block: 49152
  shared_memory_per_core: 233472 threads_per_core_limit: 2048 core_count: 132
  fpus_per_core: 128 block_dim_limit_x: 2147483647 block_dim_limit_y: 65535
  block_dim_limit_z: 65535 memory_bandwidth: 4800000000000 l2_cache_size: 52428800
  clock_rate_ghz: 1.98 device_memory_size: 151397597184
  shared_memory_per_block_optin: 232448 cuda_compute_capability { major: 9 }
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  device_vendor: "NVIDIA Corporation" device_address_bits: 64 name: "H"
  driver_version: "13.0.0" runtime_version: "13.0.0"
  compile_time_toolkit_version: "13.0.0" dnn_version: "9.12.0"
}
platform_name: "CUDA" dnn_version_info { major: 9 minor: 12 } device_description_str:
"H"
"""
V5E = "v5e:2x2"


@functools.cache
def _devices(platform: str, target: str):
    if platform == "cuda":
        topology = xc.make_c_api_device_topology(
            client.load_cuda(), "", target_config=target, topology="1x1x1"
        )
    elif platform == "tpu":
        topology = xc.make_c_api_device_topology(client.load_tpu(), target)
    else:
        raise ValueError(
            f"compile_only: platform must be 'cuda' or 'tpu', got {platform!r}."
        )
    return topology._make_compile_only_devices()  # type: ignore[attr-defined]


@functools.cache
def _context():
    context = ir.Context()
    registry = ir.DialectRegistry()
    _jax_mlir_ext.register_dialects(registry)
    context.append_dialect_registry(registry)
    for dialect in (stablehlo, chlo, sdy):
        dialect.register_dialect(context)
    mhlo.register_mhlo_dialect(context)
    context.load_all_available_dialects()
    return context


def compile_only(text: str, platform: str, target: str | None = None):
    """Compile the text of a module for one described device.

    Args:
      platform: `cuda` or `tpu`; its plugin must be installed.
      target: the device: for cuda a GpuTargetConfigProto as text (default: a GPU of the
        H100 class), for tpu a topology such as `v5e:2x2`.

    Returns:
      jaxlib's unloaded executable, with `hlo_modules`, `cost_analysis`, `serialize`.
    """
    target = target or {"cuda": H100, "tpu": V5E}.get(platform, "")
    device = _devices(platform, target)[0]
    overrides = (("xla_gpu_autotune_level", 0),) if platform == "cuda" else ()
    options = client.compile_options((device,), 1, overrides)
    with _context():
        module = ir.Module.parse(text)
    return device.client.compile(module, xc.DeviceList((device,)), options)
