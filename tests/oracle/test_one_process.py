"""jax and minijax live in one process, imported in either order."""

import subprocess
import sys

import pytest

pytest.importorskip("jax")

pytestmark = pytest.mark.oracle

PROGRAM = """
import numpy as np
import {first}
import {second}

x = np.linspace(0.0, 1.0, 5, dtype=np.float32)


def gradient(package):
    np_like = __import__(package.__name__ + ".numpy").numpy
    loss = lambda y: np_like.sum(np_like.sin(y) * np_like.exp(y))
    return package.jit(package.grad(loss))(x)


def scan(package):
    step = lambda c, y: (c * y + 1, c)
    return package.lax.scan(step, np.float32(1), x)[1]


for package in ({first}, {second}, {first}):
    np.testing.assert_allclose(
        np.asarray(gradient(package)), np.exp(x) * (np.sin(x) + np.cos(x)), rtol=1e-5
    )
np.testing.assert_allclose(np.asarray(scan(jax)), np.asarray(scan(minijax)), rtol=1e-6)

# jax finds the lines of its operations, whichever package came first.
operation = jax.make_jaxpr(jax.numpy.sin)(x).eqns[0]
assert operation.source_info.traceback is not None

# A setting of one package is no setting of the other.
for on, off in ((jax, minijax), (minijax, jax)):
    on.config.update("jax_enable_x64", True)
    assert on.numpy.arange(3.0).dtype == np.float64, on
    assert off.numpy.arange(3.0).dtype == np.float32, off
    on.config.update("jax_enable_x64", False)

# Arrays of one are arguments of the other.
theirs, ours = jax.numpy.asarray(x), minijax.numpy.asarray(x)
assert isinstance(minijax.numpy.sin(np.asarray(theirs)), minijax.Array)
assert isinstance(jax.numpy.sin(np.asarray(ours)), jax.Array)
assert not isinstance(ours, jax.Array)
assert not isinstance(theirs, minijax.Array)
np.testing.assert_array_equal(np.asarray(jax.dlpack.from_dlpack(ours)), x)
np.testing.assert_array_equal(np.asarray(minijax.dlpack.from_dlpack(theirs)), x)

# A traced value of one is not an operand of the other.
for outer, inner in ((jax, minijax), (minijax, jax)):
    try:
        outer.jit(lambda y: inner.numpy.sin(y))(x)
    except TypeError:
        pass
    else:
        raise AssertionError(f"{{inner.__name__}} took a tracer of {{outer.__name__}}")

# Threads of both at once.
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(4) as pool:
    results = list(pool.map(gradient, [jax, minijax] * 4))
for result in results:
    np.testing.assert_array_equal(np.asarray(result), np.asarray(results[0]))
print("both work")
"""


@pytest.mark.parametrize(("first", "second"), [("jax", "minijax"), ("minijax", "jax")])
def test_both_work_in_one_process(first, second):
    text = PROGRAM.format(first=first, second=second)
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "both work\n"


def test_minijax_does_not_import_jax():
    text = (
        "import sys, minijax, minijax.numpy, minijax.lax, minijax.random, minijax.nn\n"
        "print(sorted(m for m in sys.modules if m.split('.')[0] == 'jax'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=300
    )

    assert done.stdout == "[]\n", done.stderr
