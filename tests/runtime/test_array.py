"""Arrays: life, donation, copies, threads and forks."""

import copy
import os
import pickle
import threading

import ml_dtypes
import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import jit

DTYPES = [
    "bool",
    *[f"{sign}int{n}" for sign in ("", "u") for n in (4, 8, 16, 32)],
    "float16",
    "float32",
    "complex64",
    ml_dtypes.bfloat16,
    ml_dtypes.float8_e4m3fn,
    ml_dtypes.float8_e5m2,
    ml_dtypes.float8_e4m3b11fnuz,
]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
def test_values_survive_the_device(dtype):
    """Host to device and back gives the same values and dtype."""
    host = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)

    array = jnp.array(host)

    assert array.dtype == np.dtype(dtype)
    assert np.asarray(array).dtype == np.dtype(dtype)
    assert (np.asarray(array) == host).all()


def test_arrays_do_not_share_memory_with_numpy():
    """Writing to the NumPy array later does not change the array."""
    host = np.zeros(1024, "float32")
    array = jnp.asarray(host)

    host[:] = 1

    assert float(array.sum()) == 0


def test_host_views_are_read_only():
    view = np.asarray(jnp.ones(3))

    with pytest.raises(ValueError, match="read-only"):
        view[0] = 2


def test_arrays_are_immutable_and_unhashable():
    x = jnp.ones(3)

    with pytest.raises(TypeError, match=r"x\.at\[index\]\.set\(y\)"):
        x[0] = 2.0
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)


def test_a_deleted_array_says_so():
    x = jnp.ones(4)
    x.delete()

    assert x.is_deleted()
    for use in (lambda: x + 1, lambda: np.asarray(x), lambda: jit(lambda y: y)(x)):
        with pytest.raises(RuntimeError, match="Array has been deleted with shape="):
            use()


def test_a_donated_array_is_gone_and_the_next_call_works():
    step = jit(lambda x: x + 1, donate_argnums=0)
    x = jnp.zeros(1000)
    y = step(x)

    assert x.is_deleted()
    with pytest.raises(RuntimeError, match="donated"):
        step(x)
    assert float(step(y)[0]) == 2


def test_donation_by_name():
    step = jit(lambda state, dx: state + dx, donate_argnames="state")
    state, dx = jnp.zeros(1000), jnp.ones(1000)

    step(state, dx)

    assert state.is_deleted()
    assert not dx.is_deleted()


def test_pickle_and_copy_keep_type_and_values():
    x = jnp.array([1.5, 2.5], dtype=jnp.bfloat16)

    for twin in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x)):
        assert twin.dtype == x.dtype
        assert (np.asarray(twin) == np.asarray(x)).all()


def test_weak_types_survive_pickling():
    assert pickle.loads(pickle.dumps(jnp.asarray(1.0))).weak_type


def test_dlpack_shares_memory_on_cpu():
    x = jnp.arange(8.0)
    view = np.from_dlpack(x)

    assert (view == np.arange(8)).all()
    assert np.shares_memory(view, np.asarray(x))


def test_repr_is_that_of_jax():
    assert repr(jnp.arange(3)) == "Array([0, 1, 2], dtype=int32)"
    assert repr(jnp.float32(2)) == "Array(2., dtype=float32)"
    assert repr(jnp.asarray(2.0)) == "Array(2., dtype=float32, weak_type=True)"
    assert repr(jnp.zeros((0, 3))) == "Array([], shape=(0, 3), dtype=float32)"


def test_conversions_to_python_numbers():
    assert int(jnp.int32(3)) == 3
    assert float(jnp.ones((1,))[0]) == 1.0
    assert [10, 11, 12][jnp.int32(1)] == 11
    assert f"{jnp.float32(0.25):.1f}" == "0.2"
    with pytest.raises(TypeError, match="only arrays of one element"):
        float(jnp.ones(3))
    with pytest.raises(TypeError, match="index"):
        range(10)[jnp.float32(1)]


def test_threads_compile_and_run_at_once():
    """Eight threads trace, compile and run the same and different programs."""
    shared = jit(lambda x: jnp.sin(x) @ x)
    failures = []

    def work(k):
        try:
            own = jit(lambda x: x * k + 1)
            x = jnp.full((16, 16), float(k))
            for _ in range(20):
                expected = np.sin(float(k)) * k * 16
                np.testing.assert_allclose(shared(x)[0, 0], expected, rtol=1e-5)
                np.testing.assert_allclose(own(x)[0, 0], k * k + 1)
                grad = minijax.grad(lambda x: (x**2).sum())(x)
                np.testing.assert_allclose(grad[0, 0], 2 * k)
        except Exception as error:  # noqa: BLE001 reported by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_use_after_fork_is_an_error():
    """The child gets an exception, not a hang."""
    x = jnp.ones(3)
    f = jit(lambda x: x * 2)
    f(x + 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for use in (lambda: x + 1, lambda: f(x), lambda: jnp.zeros(2)):
            try:
                use()
                answer = b"no error"
            except RuntimeError as error:
                answer = str(error).encode()
            os.write(writer, answer)
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)

    assert os.read(reader, 10_000).count(b"before os.fork") == 3


def test_large_results_are_asynchronous():
    """Dispatch returns before the values exist, and reading waits for them."""
    x = jnp.ones((1500, 1500))
    product = jit(lambda x: x @ x @ x)
    product(x).block_until_ready()

    y = product(x)

    assert float(y[0, 0]) == 1500.0**2
    assert y.is_ready()
