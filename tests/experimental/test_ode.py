"""`odeint` against closed solutions, SciPy, and derivatives by differences."""

import numpy as np
import pytest
import scipy.integrate

from minijax import grad, hessian, jacfwd, jacrev, jit, vmap
from minijax import numpy as jnp
from minijax.experimental import ode
from minijax.experimental.ode import odeint

TIMES = np.linspace(0.0, 2.0, 5)


def pendulum(y, t, friction, gravity):
    force = -friction * y[1] - gravity * jnp.sin(y[0]) + 0.1 * t
    return jnp.array([y[1], force])


def test_exponential(precision):
    """y' = -c y gives exp(-c t); c is closed over."""
    c = jnp.array(0.7)
    ys = odeint(lambda y, t: -c * y, 2.0, jnp.asarray(TIMES, c.dtype))

    rtol = 1e-5 if precision == "f32" else 1e-7
    np.testing.assert_allclose(ys, 2 * np.exp(-0.7 * TIMES), rtol=rtol)


def test_trees_and_complex_numbers(x64):
    """z' = i z turns, beside y' = t."""
    start = {"y": jnp.zeros(2), "z": jnp.array(1.0 + 0j)}
    field = lambda s, t: {"y": t + 0 * s["y"], "z": 1j * s["z"]}  # noqa: E731
    out = odeint(field, start, jnp.asarray(TIMES))

    np.testing.assert_allclose(out["z"], np.exp(1j * TIMES), rtol=1e-6)
    np.testing.assert_allclose(out["y"][:, 0], TIMES**2 / 2, atol=1e-7)


def test_is_scipys_solution(x64):
    ys = odeint(pendulum, jnp.array([1.0, 0.3]), jnp.asarray(TIMES), 0.25, 9.8)
    reference = scipy.integrate.solve_ivp(
        lambda t, y: [y[1], -0.25 * y[1] - 9.8 * np.sin(y[0]) + 0.1 * t],
        (0.0, 2.0),
        [1.0, 0.3],
        t_eval=TIMES,
        rtol=1e-10,
        atol=1e-10,
    )

    np.testing.assert_allclose(ys, reference.y.T, rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module")
def arguments():
    return np.array([1.0, 0.3]), TIMES + 0.1, 0.25, 9.8


def weighted(y0, t, friction, gravity):
    ys = odeint(pendulum, y0, t, friction, gravity, rtol=1e-10, atol=1e-10)
    return jnp.sum(ys * jnp.array([1.0, 2.0]))


def test_derivatives_are_differences(x64, arguments):
    """Of the start, every time and the parameters, in both modes."""
    arguments = [jnp.asarray(x) for x in arguments]
    reverse = jacrev(weighted, (0, 1, 2, 3))(*arguments)
    forward = jacfwd(weighted, (0, 1, 2, 3))(*arguments)

    step = 1e-5
    for k, x in enumerate(arguments):
        for place in np.ndindex(x.shape):
            ends = []
            for sign in (1, -1):
                moved = list(arguments)
                moved[k] = x.at[place].add(sign * step)
                ends.append(weighted(*moved))
            expected = float(ends[0] - ends[1]) / (2 * step)
            assert float(reverse[k][place]) == pytest.approx(expected, rel=1e-6)
            assert float(forward[k][place]) == pytest.approx(expected, rel=1e-6)


def test_second_derivatives_agree(x64):
    """d2/dc2 exp(-c) = exp(-c), by every order of modes."""

    def f(c):
        return odeint(lambda y, t: -c * y, 1.0, jnp.array([0.0, 1.0]))[-1]

    for twice in (hessian(f), jacrev(jacrev(f)), jacrev(jacfwd(f)), jacfwd(jacfwd(f))):
        assert twice(0.5) == pytest.approx(np.exp(-0.5), rel=1e-5)


def test_batches_are_loops(x64):
    rates = jnp.array([0.1, 5.0])
    f = lambda c: odeint(lambda y, t: -c * y, 1.0, jnp.asarray(TIMES))[-1]  # noqa: E731

    np.testing.assert_allclose(jit(vmap(f))(rates), np.exp(-2 * rates), atol=1e-7)
    np.testing.assert_allclose(
        vmap(grad(f))(rates), [grad(f)(c) for c in rates], rtol=1e-5, atol=1e-7
    )


def test_whole_parameters_rest():
    slope = grad(lambda y: odeint(lambda y, t, n: -n * y, y, TIMES.astype("f4"), 2)[-1])

    assert slope(1.0) == pytest.approx(np.exp(-4.0), rel=1e-4)


def test_steps_are_bounded():
    """With one step per time the solver falls behind, and the quartic goes on."""
    t = jnp.array([0.0, 100.0])
    near = odeint(lambda y, t: -y, 1.0, t, mxstep=1)

    assert not np.isclose(near[-1], np.exp(-100.0), atol=1e-3)


ERRORS = [
    (
        lambda: odeint(lambda y, t: y, 1.0, [0.0, 1.0]),
        "AttributeError: odeint: t must be an array of floats, got [0.0, 1.0] of type "
        "list. Use jnp.array.",
    ),
    (
        lambda: odeint(lambda y, t: y, 1.0, jnp.arange(3)),
        "TypeError: odeint: t must be a vector of floats, got i32[3].",
    ),
    (
        lambda: odeint(lambda y, t: y, 1.0, jnp.zeros(0)),
        "IndexError: odeint: t must hold at least the time of y0, got none.",
    ),
    (
        lambda: odeint(lambda y, t: (y, y), 1.0, jnp.arange(2.0)),
        "ValueError: odeint: func must return the shapes of y0, 1 numbers in all, got "
        "2.",
    ),
    (
        lambda: odeint(lambda y, t, a: y, 1.0, jnp.arange(2.0), "a"),
        "TypeError: odeint: args must be arrays or numbers, got 'a' of type str. Close "
        "over it in func.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises((TypeError, ValueError, IndexError, AttributeError)) as caught:
        call()

    assert f"{type(caught.value).__name__}: {caught.value}" == message


def test_step_has_order_five(x64):
    """The error of one step falls like dt^6, the estimate like dt^5."""
    errors, estimates = [], []
    for dt in (0.2, 0.1):
        y, _, estimate, _ = ode.runge_kutta_step(
            lambda y, t: -y, jnp.ones(1), -jnp.ones(1), 0.0, dt
        )
        errors.append(abs(float(y[0]) - np.exp(-dt)))
        estimates.append(abs(float(estimate[0])))

    assert errors[0] / errors[1] == pytest.approx(2**6, rel=0.1)
    assert estimates[0] / estimates[1] == pytest.approx(2**5, rel=0.1)
