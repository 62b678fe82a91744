"""`fwd_and_bwd` is `vjp`, in two functions that are compiled once."""

import numpy as np
import pytest

import minijax
from minijax import fwd_and_bwd, vjp, vmap
from minijax import numpy as jnp

X = np.arange(6.0, dtype="float32").reshape(2, 3)
W = np.ones((3, 4), "float32") / 2


def f(x, w):
    return {"y": jnp.sin(x @ w), "n": x.sum()}


CT = {"y": np.ones((2, 4), "float32"), "n": np.float32(2)}


@pytest.mark.parametrize("jitted", [True, False])
@pytest.mark.parametrize("argnums", [0, -1, (0, 1), (1,)])
def test_is_vjp(argnums, jitted):
    fwd, bwd = fwd_and_bwd(f, argnums, jitted=jitted)
    out, residuals = fwd(X, W)
    cts = bwd(residuals, CT)
    expected, pullback = vjp(f, X, W)

    np.testing.assert_allclose(out["y"], expected["y"], rtol=1e-6)
    both = pullback(CT)
    wanted = both[argnums] if isinstance(argnums, int) else [both[k] for k in argnums]
    for x, y in zip(minijax.tree.leaves(cts), minijax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5)
    assert isinstance(cts, tuple) == isinstance(argnums, tuple)


def test_each_pass_is_traced_once():
    traced = []

    def loss(x):
        traced.append(x)
        return jnp.sin(x).sum()

    fwd, bwd = fwd_and_bwd(loss, 0)
    for k in range(3):
        _, residuals = fwd(X + k)
        np.testing.assert_allclose(bwd(residuals, 1.0), np.cos(X + k), rtol=1e-5)

    assert len(traced) == 1
    assert bwd._cache_size() == 1


def test_aux_and_batches():
    fwd, bwd = fwd_and_bwd(lambda x: (jnp.sin(x).sum(), {"double": 2 * x}), 0, True)
    out, residuals, aux = vmap(fwd)(X)

    assert out.shape == (2,)
    np.testing.assert_allclose(aux["double"], 2 * X)
    np.testing.assert_allclose(
        vmap(bwd)(residuals, np.ones(2, "f4")), np.cos(X), rtol=1e-5
    )


def test_bad_calls():
    with pytest.raises(TypeError, match="fwd_and_bwd: fun must be a function"):
        fwd_and_bwd(3, 0)
    with pytest.raises(TypeError, match="argnums=5 names argument 5"):
        fwd_and_bwd(f, 5)[0](X, W)
    fwd, bwd = fwd_and_bwd(f, 0)
    with pytest.raises(ValueError, match="must have the"):
        bwd(fwd(X, W)[1], {"y": X, "n": 1.0})
