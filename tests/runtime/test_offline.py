"""Programs for GPU and TPU are compiled, not run, on a machine that has neither."""

import importlib.util
import subprocess
import sys

import pytest

PROGRAM = """
import os
os.environ["TPU_SKIP_MDS_QUERY"] = "1"  # do not ask the network for a TPU
os.environ["TPU_LOG_DIR"] = "disabled"
os.environ["ALLOW_MULTIPLE_LIBTPU_LOAD"] = "1"  # another process may hold its lock
import minijax, minijax.numpy as jnp
from minijax.runtime.offline import compile_only
from minijax import ShapeDtypeStruct as S

def loss(w, x):
    h = jnp.tanh(x @ w)
    return jnp.sum(jnp.sort(h, axis=0) ** 2)

step = minijax.jit(minijax.grad(loss))
args = S((64, 64), "float32"), S((128, 64), "float32")
lowered = step.trace(*args).lower(lowering_platforms=("PLATFORM",))
executable = compile_only(lowered.as_text(), "PLATFORM")
print(len(executable.hlo_modules()[0].to_string()))
"""


def installed(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize(
    ("platform", "package"),
    [
        pytest.param("cuda", "jax_plugins.xla_cuda13", id="gpu"),
        pytest.param("tpu", "libtpu", id="tpu"),
    ],
)
def test_a_gradient_compiles_without_the_device(platform, package):
    if not installed(package):
        pytest.skip(f"{package} is not installed (pip install '.[accelerators]')")
    program = PROGRAM.replace("PLATFORM", platform)

    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert int(run.stdout.split()[-1]) > 500
