"""Programs in pieces: equal pieces are one, and together they compute the whole."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import config, grad, jit, lax, nn, random, value_and_grad
from minijax.core.jaxpr import check_jaxpr, eval_jaxpr
from minijax.optimize import optimize
from minijax.optimize import pieces as cutting
from minijax.optimize.pieces import cut_into_pieces, seconds_of


def traced(f, *args):
    return optimize(jit(f).trace(*args).jaxpr)


def flat(args):
    return [jnp.asarray(x) for x in minijax.tree.leaves(args)]


def run(cut, *args):
    """Run the pieces one after the other, each by its equations."""
    whole = cut.whole.jaxpr
    values = dict(zip(whole.constvars, cut.whole.consts, strict=True))
    values.update(zip(whole.invars, args, strict=True))
    for piece in cut.pieces:
        operands = [values[v] for v in piece.invars]
        outs = eval_jaxpr(piece.closed.jaxpr, piece.closed.consts, *operands)
        values.update(zip(piece.outvars, outs, strict=True))
    return [values[v] for v in cut.results]


def weights(layers, width=4, seed=0):
    draw = np.random.default_rng(seed)
    return [draw.normal(size=(width, width)).astype("f") for _ in range(layers)]


X = np.linspace(-1, 1, 12, dtype="f").reshape(3, 4)


def network(x, ws):
    for w in ws:
        x = x + jnp.tanh(x @ w)
    return x


def normalised(x, ws):
    """Its residuals are broadcasts and differences, cheap to compute again."""
    for w in ws:
        centred = x - jnp.mean(x, axis=1, keepdims=True)
        x = x + nn.gelu(centred / jnp.std(x, axis=1, keepdims=True) @ w)
    return x


def loss(x, ws):
    return jnp.sum(network(x, ws) ** 2)


def with_dropout(x, key, ws):
    for w in ws:
        key, mine = random.split(key)
        x = jnp.where(random.bernoulli(mine, 0.5, x.shape), x @ w, x)
    return jnp.sum(x)


def returning_everything(x, ws):
    """Results that are arguments, constants, literals, and each other."""
    y = network(x, ws)
    return y, x, 1.5, y, ws[1], jnp.ones(3), y + 1


def one_layer_differs(x, ws):
    for k, w in enumerate(ws):
        x = jnp.sin(x) @ w if k == 3 else x + jnp.tanh(x @ w)
    return x


def shared_weight(x, ws):
    for _ in range(6):
        x = jnp.tanh(x @ ws[0]) + x @ ws[1]
    return x


def two_reads_of_one(x, ws):
    """In the first copy both operands are one variable, in others they are two."""
    before = x
    for w in ws:
        x, before = jnp.sin(x) * before + x @ w, x
    return x


def with_loops(x, ws):
    for w in ws:
        x = lax.fori_loop(0, 3, lambda _, y: y + 0.1 * jnp.sin(y), x @ w)
    return x


def integers(x, ws):
    k = jnp.arange(4)
    for _ in range(6):
        k = jnp.where(k % 2 == 0, k // 2, 3 * k + 1) + jnp.roll(k, 1)
    return k, x


PROGRAMS = {
    "network": (network, (X, weights(6))),
    "gradient": (value_and_grad(loss, argnums=(0, 1)), (X, weights(6))),
    "second derivative": (
        lambda x, ws: minijax.jvp(grad(lambda x: loss(x, ws)), (x,), (x,)),
        (X, weights(5)),
    ),
    "normalised": (
        grad(lambda x, ws: jnp.sum(normalised(x, ws) ** 2), argnums=(0, 1)),
        (X, weights(5)),
    ),
    "batched": (
        minijax.vmap(grad(loss), (0, None)),
        (np.stack([X, 2 * X]), weights(5)),
    ),
    "dropout": (grad(with_dropout, argnums=2), (X, random.key(3), weights(5))),
    "returning everything": (returning_everything, (X, weights(6))),
    "one layer differs": (one_layer_differs, (X, weights(9))),
    "shared weight": (shared_weight, (X, weights(2))),
    "two reads of one": (grad(lambda *a: two_reads_of_one(*a).sum()), (X, weights(6))),
    "constants": (lambda x: network(x, weights(6)), (X,)),
    "integers": (integers, (X, weights(2))),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_pieces_compute_what_the_whole_does(eager_to_cut, name):
    f, args = PROGRAMS[name]
    closed = traced(f, *args)
    cut = cut_into_pieces(closed)

    assert len(cut.pieces) > len({id(piece.closed) for piece in cut.pieces})
    for piece in cut.pieces:
        check_jaxpr(piece.closed)
        assert [v.aval for v in piece.invars] == piece.closed.in_avals
        assert [v.aval for v in piece.outvars] == piece.closed.out_avals
    expected = eval_jaxpr(closed.jaxpr, closed.consts, *flat(args))
    for ours, theirs in zip(run(cut, *flat(args)), expected, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_layers_are_one_piece_each_way(eager_to_cut):
    cut = cut_into_pieces(traced(grad(loss, argnums=1), X, weights(7)))
    copies = [id(piece.closed) for piece in cut.pieces]

    # On the way back the first layer has less to do: nobody asks for the slope in x.
    assert sorted(copies.count(key) for key in set(copies))[-2:] == [6, 7]


def test_a_layer_that_differs_splits_a_run(eager_to_cut):
    f, args = PROGRAMS["one layer differs"]
    cut = cut_into_pieces(traced(f, *args))
    copies = [id(piece.closed) for piece in cut.pieces]

    assert max(copies.count(key) for key in copies) == 5  # those after the fourth


def test_every_result_is_a_variable_of_its_own(eager_to_cut):
    f, args = PROGRAMS["returning everything"]
    cut = cut_into_pieces(traced(f, *args))

    assert len(set(cut.results)) == len(cut.results) == 7
    assert set(cut.results).isdisjoint(cut.whole.invars)


def test_cheap_values_are_computed_again_and_not_handed_on(eager_to_cut):
    f, args = PROGRAMS["normalised"]
    cut = cut_into_pieces(traced(f, *args))
    kinds = [id(piece.closed) for piece in cut.pieces]
    forward = next(p for p in cut.pieces if kinds.count(id(p.closed)) == 5)
    setters = {v: e for e in forward.closed.eqns for v in e.outvars}
    handed_on = [setters[v].primitive.name for v in forward.closed.outvars]

    assert "broadcast_in_dim" not in handed_on
    assert len(handed_on) <= 8


def test_what_is_stored_anyway_is_handed_on(eager_to_cut):
    """An operand of a product is in memory; computing it again would save nothing."""

    def f(x, ws):
        for w in ws:
            x = (2.0 * x) @ w
        return x

    cut = cut_into_pieces(
        traced(grad(lambda *a: f(*a).sum(), argnums=1), X, weights(6))
    )
    backward = cut.pieces[-2].closed

    assert [eqn.primitive.name for eqn in backward.eqns].count("mul") == 1


def test_the_updates_of_an_optimiser_are_one_piece_for_each_layer(eager_to_cut):
    """Written moment by moment for all layers, computed layer by layer."""

    def step(ws, ms, ss, slopes):
        t = 1.0 + jnp.sum(slopes[0])
        ms = [0.9 * m + 0.1 * g for m, g in zip(ms, slopes, strict=True)]
        t = t + 1.0
        ss = [0.99 * s + 0.01 * g**2 for s, g in zip(ss, slopes, strict=True)]
        scale = 1.0 - 0.9**t
        pairs = zip(ws, ms, ss, strict=True)
        ws = [w - (m / scale) / (jnp.sqrt(s) + 1e-8) for w, m, s in pairs]
        return ws, ms, ss

    args = (weights(5), weights(5, seed=1), weights(5, seed=2), weights(5, seed=3))
    closed = traced(step, *args)
    cut = cut_into_pieces(closed)
    kinds = [id(piece.closed) for piece in cut.pieces]

    assert len(cut.pieces) == 6
    assert max(map(kinds.count, kinds)) == 5
    assert len(cut.pieces[-1].outvars) == 3
    for ours, theirs in zip(
        run(cut, *flat(args)),
        eval_jaxpr(closed.jaxpr, closed.consts, *flat(args)),
        strict=True,
    ):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (network, (X, weights(2))),  # two copies
        (lambda x: jnp.sin(x) + jnp.cos(x), (X,)),
    ],
)
def test_programs_without_repeats_stay_whole(eager_to_cut, f, args):
    assert cut_into_pieces(traced(f, *args)) is None


def test_effects_keep_a_program_whole(eager_to_cut):
    def f(x, ws):
        minijax.debug.print("{}", x[0, 0])
        return network(x, ws)

    assert cut_into_pieces(traced(f, X, weights(6))) is None


def test_short_programs_stay_whole():
    """By the real thresholds; a launch for each layer would take longer than it."""
    assert cut_into_pieces(traced(grad(loss, argnums=1), X, weights(60))) is None


def test_long_programs_are_cut():
    x = w = np.ones((512, 512), "f")
    slopes = grad(lambda x, ws: jnp.sum(normalised(x, ws) ** 2), argnums=1)
    closed = traced(slopes, x, [w] * 40)

    assert sum(map(seconds_of, closed.eqns)) > 0.1
    assert len(cut_into_pieces(closed).pieces) >= 2 * 39


def test_a_convolution_and_a_product_take_as_long_as_their_operations():
    x, k = jnp.ones((2, 8, 10, 10)), jnp.ones((16, 8, 3, 3))
    image = traced(lambda x, k: lax.conv(x, k, (1, 1), "SAME"), x, k)
    product = traced(jnp.matmul, jnp.ones((5, 6)), jnp.ones((6, 7)))

    flops = 2 * (2 * 16 * 10 * 10) * (8 * 3 * 3)
    assert seconds_of(image.eqns[0]) == pytest.approx(cutting.FLOP * flops)
    assert seconds_of(product.eqns[0]) == pytest.approx(cutting.FLOP * 2 * 5 * 6 * 7)


def test_the_switch():
    assert config.jax_compile_pieces is True
