"""Collectives within groups: each group is an axis of its own."""

import numpy as np
import pytest

import minijax
from minijax import lax

GROUPS = [[0, 2, 5], [4, 1, 3]]
X = np.random.default_rng(0).normal(size=(6, 6, 3)).astype(np.float32)
COLLECTIVES = {
    "psum": lambda x, **k: lax.psum(x, "i", **k),
    "pmean": lambda x, **k: lax.pmean(x, "i", **k),
    "pmax": lambda x, **k: lax.pmax(x, "i", **k),
    "pmin": lambda x, **k: lax.pmin(x, "i", **k),
    "psum of a number": lambda x, **k: x * lax.psum(2, "i", **k),
    "all_gather": lambda x, **k: lax.all_gather(x, "i", **k),
    "all_gather tiled": lambda x, **k: lax.all_gather(x, "i", axis=1, tiled=True, **k),
    "psum_scatter": lambda x, **k: lax.psum_scatter(x, "i", scatter_dimension=1, **k),
    "psum_scatter tiled": lambda x, **k: lax.psum_scatter(x, "i", tiled=True, **k),
    "all_to_all": lambda x, **k: lax.all_to_all(x, "i", 1, 0, **k),
    "all_to_all tiled": lambda x, **k: lax.all_to_all(x, "i", 0, 1, tiled=True, **k),
    "pswapaxes": lambda x, **k: lax.pswapaxes(x, "i", 1, **k),
}


def whole(collective):
    """The collective of each group, over an axis that has only its members."""
    out = [None] * len(X)
    for group in GROUPS:
        rows = minijax.vmap(collective, axis_name="i")(X[np.array(group)])
        for member, row in zip(group, rows, strict=True):
            out[member] = row
    return np.stack(out)


@pytest.mark.parametrize("mapping", ["vmap", "pmap"])
@pytest.mark.parametrize("name", COLLECTIVES)
def test_a_group_is_an_axis_of_its_own(name, mapping):
    collective = COLLECTIVES[name]
    mapped = getattr(minijax, mapping)(
        lambda x: collective(x, axis_index_groups=GROUPS), axis_name="i"
    )

    np.testing.assert_allclose(mapped(X), whole(collective), rtol=1e-6)


@pytest.mark.parametrize("name", ["psum", "all_gather", "psum_scatter", "all_to_all"])
def test_cotangents_stay_in_their_group(name):
    collective = COLLECTIVES[name]
    weights = np.random.default_rng(1).normal(size=whole(collective).shape)

    def loss(x, groups):
        f = minijax.vmap(lambda v: collective(v, **groups), axis_name="i")
        if groups:
            return (f(x) * weights).sum()
        parts = [(f(x[np.array(g)]) * weights[np.array(g)]).sum() for g in GROUPS]
        return sum(parts)

    got = minijax.grad(loss)(X, {"axis_index_groups": GROUPS})

    np.testing.assert_allclose(got, minijax.grad(loss)(X, {}), rtol=1e-5)


def test_reductions_take_groups_of_different_sizes():
    groups = [[0, 2, 3, 4], [5, 1]]

    def mean(x):
        return lax.pmean(x, "i", axis_index_groups=groups)

    out = minijax.vmap(mean, axis_name="i")(X)

    for group in groups:
        for member in group:
            np.testing.assert_allclose(out[member], X[group].mean(0), rtol=1e-5)


BAD_CALLS = [
    (lambda x: lax.psum(x, "i", axis_index_groups=[[0, 1], [1, 2]]), "exactly once"),
    (lambda x: lax.psum(x, ("i",), axis_index_groups=GROUPS), "needs one axis"),
    (
        lambda x: lax.all_gather(x, "i", axis_index_groups=[[0, 1, 2, 3], [4, 5]]),
        "must have one size",
    ),
    (
        lambda x: lax.all_to_all(x, "i", 0, 0, axis_index_groups=GROUPS),
        "must have size",
    ),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_bad_groups_are_refused(call, message):
    with pytest.raises((ValueError, NotImplementedError), match=message):
        minijax.vmap(call, axis_name="i")(X)
