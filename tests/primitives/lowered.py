"""Run a function from the text that is lowered for another platform."""

import numpy as np

import minijax
from minijax.lowering import lower_jaxpr
from minijax.runtime import client


def text_of(fun, *xs, platform="cpu"):
    """The StableHLO text of a function of arrays."""
    return lower_jaxpr(minijax.make_jaxpr(fun)(*xs), "jit_f", platform).key


def run_as_on(platform, fun, *xs):
    """The results of what a platform would be sent, computed on the CPU."""
    closed = minijax.make_jaxpr(fun)(*xs)
    text = lower_jaxpr(closed, "jit_f", platform).text
    devices = client.local_devices(platform="cpu")[:1]
    options = client.compile_options(devices)
    executable = client.compile_and_load(text, devices, options)
    buffers = [minijax.numpy.asarray(x)._buffer for x in xs]
    outs = executable.execute_sharded(buffers)
    shards = outs.disassemble_into_single_device_arrays()
    return [np.asarray(shard[0]) for shard in shards]
