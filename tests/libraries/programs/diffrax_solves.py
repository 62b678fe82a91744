"""Differential equations: adaptive steps, events, stiff and stochastic, adjoints."""

import diffrax as dfx
import jax
import jax.numpy as jnp
from report import report


def field(t, y, args):
    return jnp.array([y[1], -args * jnp.sin(y[0]) - 0.1 * y[1]])


def solve(args, adjoint, solver, **options):
    return dfx.diffeqsolve(
        dfx.ODETerm(field),
        solver,
        0.0,
        3.0,
        None,
        jnp.array([1.0, 0.0]),
        args,
        stepsize_controller=dfx.PIDController(1e-5, 1e-5),
        adjoint=adjoint,
        **options,
    )


saved = solve(
    2.0,
    dfx.RecursiveCheckpointAdjoint(),
    dfx.Tsit5(),
    saveat=dfx.SaveAt(ts=jnp.linspace(0.0, 3.0, 5)),
)
stiff = dfx.diffeqsolve(
    dfx.ODETerm(lambda t, y, args: -50.0 * (y - jnp.cos(t))),
    dfx.Kvaerno3(),
    0.0,
    1.0,
    0.1,
    jnp.array(0.0),
    stepsize_controller=dfx.PIDController(1e-4, 1e-4),
)
path = dfx.VirtualBrownianTree(0.0, 1.0, 1e-3, (), jax.random.key(8))
noisy = dfx.diffeqsolve(
    dfx.MultiTerm(
        dfx.ODETerm(lambda t, y, args: -y),
        dfx.ControlTerm(lambda t, y, args: 0.2, path),
    ),
    dfx.Euler(),
    0.0,
    1.0,
    0.05,
    jnp.array(1.0),
)


def final(args, adjoint):
    return solve(args, adjoint, dfx.Tsit5()).ys[-1].sum()


adjoints = {
    "recursive": dfx.RecursiveCheckpointAdjoint(),
    "backsolve": dfx.BacksolveAdjoint(),
    "direct": dfx.DirectAdjoint(),
}
report(
    saved=saved.ys,
    steps=saved.stats["num_accepted_steps"],
    stiff=stiff.ys,
    noisy=noisy.ys,
    dopri=solve(1.0, dfx.RecursiveCheckpointAdjoint(), dfx.Dopri5()).ys,
    **{
        name: jax.grad(lambda a, adjoint=adjoint: final(a, adjoint))(2.0)
        for name, adjoint in adjoints.items()
    },
    forward=jax.jvp(lambda a: final(a, dfx.ForwardMode()), (2.0,), (1.0,))[1],
    batched=jax.vmap(lambda a: final(a, adjoints["recursive"]))(jnp.array([1.0, 2.0])),
)
