"""Memory that is freed stays with the process, if that is asked for."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="asks the GNU C library"
)

PROGRAM = """
import resource
import minijax
import minijax.numpy as jnp

minijax.config.update("cpu_keep_memory", {keep})
f = minijax.jit(lambda x: jnp.sum(jnp.sin(x @ x) @ x))  # with 40 MB of its own
x = jnp.full((2200, 2200), 1e-3)


def faults(calls):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(calls):
        f(x).block_until_ready()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


faults(3)
print(min(faults(2) for _ in range(3)))
"""


def faults(keep):
    """Pages that the system maps anew in two calls."""
    program = [sys.executable, "-c", PROGRAM.format(keep=keep)]
    output = subprocess.run(program, capture_output=True, text=True, check=True)
    return int(output.stdout)


def test_kept_memory_is_not_mapped_again():
    assert 2 * faults(True) < faults(False)
