"""`odeint` and its parts, compared with jax's."""

import jax
import numpy as np
import pytest

import minijax

from .surface import Row, comparisons, drawn, fixed, resolve, uniform


def pendulum(jnp):
    def field(y, t, friction, gravity):
        force = -friction * y[1] - gravity * jnp.sin(y[0]) + 0.1 * t
        return jnp.stack([y[1], force])

    return field


def solution(**options):
    def call(package, y0, t, friction, gravity):
        odeint = resolve(package.__name__, "experimental.ode.odeint")
        times = package.numpy.cumsum(package.numpy.abs(t)) + t[0]
        return odeint(pendulum(package.numpy), y0, times, friction, gravity, **options)

    return call


def in_trees(package, y0, t, rate):
    odeint = resolve(package.__name__, "experimental.ode.odeint")
    times = package.numpy.cumsum(package.numpy.abs(t))
    return odeint(
        lambda y, t, n: {"a": -rate * y["a"], "b": n * y["a"].sum() * t},
        {"a": y0, "b": y0[0]},
        times,
        2,
    )


def part(name, *more):
    """A function of the module that takes vectors and numbers."""

    def call(package, *args):
        return resolve(package.__name__, f"experimental.ode.{name}")(*args, *more)

    return call


def step(package, y, f, t, dt):
    step = resolve(package.__name__, "experimental.ode.runge_kutta_step")
    return step(lambda y, t: package.numpy.sin(y) * t, y, f, t, dt)


def first_step(package, t, y, f):
    first = resolve(package.__name__, "experimental.ode.initial_step_size")
    return first(lambda y, t: y * t + f, t, y, 4, 1e-3, 1e-4, f)


def refused(error, *args):
    def call(package):
        odeint = resolve(package.__name__, "experimental.ode.odeint")
        try:
            odeint(lambda y, t, *more: -y, *args)
        except error:
            return 1
        raise AssertionError(f"not refused with {error}")

    return call


normal = drawn(lambda stream, shape: stream.normal(size=shape))
positive = uniform(0.1, 1.0)
PATH = "experimental.ode.odeint"
STEPS = {"f32": 1e-4, "f64": 1e-6}
WHY = "errors of 1e-8 or so per step are tolerated, and rounding moves the steps"
SHAPE = ((2,), (4,), (), ())

ROWS = [
    Row(
        PATH,
        (normal, positive, positive, positive),
        call=call,
        shapes=(SHAPE,),
        rtol=STEPS,
        why=WHY,
        name=name,
    )
    for name, call in [
        ("default", solution()),
        ("loose", solution(rtol=1e-3, atol=1e-4)),
        ("hmax", solution(hmax=0.05)),
        ("mxstep", solution(mxstep=3)),
    ]
]
ROWS += [
    Row(
        PATH,
        (normal, positive, positive),
        call=in_trees,
        shapes=(((3,), (3,), ()),),
        dtypes=("f32", "f64"),
        rtol=STEPS,
        why=WHY,
        name="trees",
    ),
    Row(
        "experimental.ode.mean_error_ratio",
        (normal, normal, normal),
        shapes=(((4,), (4,), (4,)),),
        call=lambda package, e, x, y: part("mean_error_ratio")(
            package, e, 1e-3, 1e-4, x, y
        ),
    ),
    Row(
        "experimental.ode.optimal_step_size",
        (positive, uniform(0.0, 3.0)),
        shapes=(((), ()),),
        call=part("optimal_step_size"),
    ),
    Row(
        "experimental.ode.optimal_step_size",
        (positive, fixed(np.float32(0))),
        shapes=(((), ()),),
        call=part("optimal_step_size"),
        name="zero",
        dtypes=("f32",),
        jit=False,
    ),
    Row("experimental.ode.abs2", (normal,), dtypes=("f32", "c64", "i32", "c128")),
    Row(
        "experimental.ode.interp_fit_dopri",
        (normal, normal, normal, positive),
        shapes=(((3,), (3,), (7, 3), ()),),
    ),
    Row(
        "experimental.ode.fit_4th_order_polynomial",
        (normal,) * 6,
        shapes=(((3,),) * 5 + ((),),),
    ),
    Row(
        "experimental.ode.runge_kutta_step",
        (normal, normal, positive, positive),
        shapes=(((3,), (3,), (), ()),),
        call=step,
    ),
    Row(
        "experimental.ode.initial_step_size",
        (positive, normal, normal),
        shapes=(((), (3,), (3,)),),
        call=first_step,
    ),
]
ROWS += [
    Row(
        PATH,
        (),
        shapes=((),),
        dtypes=("f32",),
        call=refused(*call),
        jit=False,
        name=f"refuses {k}",
    )
    for k, call in enumerate(
        [
            (AttributeError, 1.0, [0.0, 1.0]),
            (TypeError, 1.0, np.arange(3)),
            (TypeError, 1, np.arange(3.0)),
            (TypeError, 1.0, np.arange(3.0), "a"),
            (IndexError, 1.0, np.zeros(0)),
        ]
    )
]

test_values, _ = comparisons(ROWS)


def gradients(package):
    """Reverse mode in the start, the times and the parameters."""
    jnp = package.numpy
    odeint = resolve(package.__name__, "experimental.ode.odeint")
    with package.enable_x64(True):
        y0, t = jnp.array([1.0, 0.3]), jnp.linspace(0.0, 2.0, 5)

        def loss(*args):
            return jnp.sum(odeint(pendulum(jnp), *args) * jnp.array([1.0, 2.0]))

        return package.jit(package.grad(loss, (0, 1, 2, 3)))(y0, t, 0.25, 9.8)


@pytest.mark.oracle
def test_gradients():
    """Both solve the same adjoint equation with the same steps."""
    for expected, got in zip(gradients(jax), gradients(minijax), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-7)
