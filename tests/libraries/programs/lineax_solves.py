"""Linear solves by structure and by iteration, and their derivatives."""

import jax
import jax.numpy as jnp
import lineax as lx
from report import report

matrix = jax.random.normal(jax.random.key(6), (5, 5)) + 4 * jnp.eye(5)
positive = matrix @ matrix.T
vector = jnp.arange(1.0, 6.0)
tall = jax.random.normal(jax.random.key(7), (7, 3))
spd = lx.MatrixLinearOperator(positive, lx.positive_semidefinite_tag)


def solve(matrix, solver, vector):
    return lx.linear_solve(lx.MatrixLinearOperator(matrix), vector, solver).value


function = lx.FunctionLinearOperator(
    lambda x: matrix @ x, jax.ShapeDtypeStruct((5,), jnp.float32)
)
report(
    lu=solve(matrix, lx.LU(), vector),
    qr=solve(tall, lx.QR(), jnp.ones(7)),
    svd=solve(tall, lx.SVD(), jnp.ones(7)),
    auto=lx.linear_solve(spd, vector).value,
    cholesky=lx.linear_solve(spd, vector, lx.Cholesky()).value,
    cg=lx.linear_solve(spd, vector, lx.CG(1e-6, 1e-6)).value,
    gmres=lx.linear_solve(function, vector, lx.GMRES(1e-3, 1e-3)).value,
    bicgstab=lx.linear_solve(spd, vector, lx.BiCGStab(1e-2, 1e-2)).value,
    gradient=jax.grad(lambda m: solve(m, lx.LU(), vector).sum())(matrix),
    jacobian=jax.jacfwd(lambda v: solve(matrix, lx.LU(), v))(vector),
    least=jax.grad(lambda m: solve(m, lx.QR(), jnp.ones(7)).sum())(tall),
    batched=jax.vmap(lambda v: solve(matrix, lx.LU(), v))(jnp.eye(5)),
    jitted=jax.jit(lambda m: solve(m, lx.AutoLinearSolver(well_posed=True), vector))(
        matrix
    ),
)
