"""Un-jitted derivatives as steps: right, quick, and with Python control flow."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax.core.trace import evaluator
from minijax.runtime.program import Program

pytestmark = pytest.mark.usefixtures("x64")
X = np.linspace(0.1, 1.2, 6).reshape(2, 3)


def softmax(x):
    e = jnp.exp(x - jnp.max(x))
    return e / jnp.sum(e)


FUNCTIONS = {
    "one operation": lambda x: jnp.sum(jnp.sin(x)),
    "a number": lambda x: jnp.sum(2.0 * x**3 - x / 3),
    "an operand twice": lambda x: jnp.sum(x * x + jnp.outer(x, x)[0, 0]),
    "several results": lambda x: jnp.linalg.qr(x @ x.T + jnp.eye(2))[1][0, 1],
    "a call": lambda x: jnp.sum(minijax.jit(jnp.tanh)(x) ** 2),
    "a constant array": lambda x: jnp.sum(x * np.arange(3.0)),
    "integers beside": lambda x: jnp.sum(x[jnp.array([0, 1, 1])] * jnp.arange(3)),
    "a choice": lambda x: jnp.sum(jnp.where(x > 0.5, jnp.log(x), x**2)),
    "keywords": lambda x: jnp.sum(jnp.sum(x, axis=1, keepdims=True) * x),
    "broadcasting": lambda x: jnp.sum((x - jnp.mean(x, axis=0)) ** 2),
    "nothing active": lambda x: jnp.sum(jnp.sign(x) + jnp.floor(x) + x[0, 0]),
    "softmax": lambda x: softmax(x)[0, 1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_road_gives_the_same_gradient(name):
    """Un-jitted grad, twice, under vmap, and grad of grad equal their jitted forms."""
    f = FUNCTIONS[name]
    gradient = minijax.grad(f)
    slope = minijax.grad(lambda x: jnp.sum(jnp.cos(gradient(x))))
    rows = np.stack([X, X + 0.01])

    for g, x in [
        (gradient, X),
        (gradient, X),
        (slope, X),
        (minijax.vmap(gradient), rows),
    ]:
        np.testing.assert_allclose(g(x), minijax.jit(g)(x), rtol=1e-12, atol=1e-12)


@pytest.fixture
def executions(monkeypatch):
    """The names of the programs that ran, in order."""
    ran = []
    make = Program.caller

    def caller(self, *args):
        call = make(self, *args)

        def counted(arrays):
            ran.append(self.name)
            return call(arrays)

        return counted

    monkeypatch.setattr(Program, "caller", caller)
    minijax.clear_caches()
    yield ran
    minijax.clear_caches()


def test_an_operation_runs_once_each_way(executions):
    """tanh under grad: one program forward, one backward, then the cotangent's sum."""
    gradient = minijax.grad(lambda x: jnp.sum(jnp.tanh(x)))
    x = jnp.asarray(X)
    gradient(x)
    executions.clear()
    gradient(x)

    assert executions == ["tanh", "reduce_sum", "reduce_sum", "tanh"]


def test_another_trip_count_compiles_nothing(executions, monkeypatch):
    def power(x, n):
        for _ in range(n):
            x = jnp.sin(x) * x
        return jnp.sum(x)

    x = jnp.asarray(X)
    minijax.grad(power)(x, 2)
    monkeypatch.setattr(evaluator, "prepare", lambda *_: pytest.fail("compiled"))

    result = minijax.grad(power)(x, 7)

    jitted = minijax.jit(minijax.grad(power), static_argnums=1)
    monkeypatch.undo()
    np.testing.assert_allclose(result, jitted(x, 7), rtol=1e-12)


def test_python_sees_the_values():
    """Control flow on concrete values, within a function that is differentiated."""
    seen = []

    def f(x):
        y = jnp.sum(x**2)
        seen.append(float(y))
        return y if y > 1 else -y

    gradient = minijax.grad(f)

    np.testing.assert_allclose(gradient(X), 2 * X)
    np.testing.assert_allclose(gradient(X / 10), -X / 5)
    assert seen == [pytest.approx((X**2).sum()), pytest.approx((X**2).sum() / 100)]


def test_the_width_of_floats_counts():
    """A step made with 64 bits does not serve when they are off."""
    gradient = minijax.grad(lambda x: jnp.sum(jnp.sin(x)))
    wide = gradient(X)
    with minijax.enable_x64(False):
        narrow = gradient(X)

    assert wide.dtype == np.float64
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, wide, rtol=1e-6)


def test_a_pullback_may_be_used_elsewhere():
    """Recorded un-jitted, pulled un-jitted, under jit and under vmap."""
    _, pullback = minijax.vjp(lambda x: jnp.tanh(x) @ np.ones(3), X)
    _, pushforward = minijax.linearize(lambda x: jnp.tanh(x) @ np.ones(3), X)
    slopes = 1 - np.tanh(X) ** 2
    eye = np.eye(2)

    np.testing.assert_allclose(pullback(eye[0])[0], slopes * eye[0][:, None])
    np.testing.assert_allclose(
        minijax.jit(pullback)(eye[1])[0], slopes * eye[1][:, None]
    )
    rows = minijax.vmap(pullback)(eye)[0]
    np.testing.assert_allclose(rows, slopes * eye[:, :, None])
    np.testing.assert_allclose(pushforward(X), (slopes * X).sum(1))
