"""LSTM layers against the recurrence written out in NumPy, and their derivatives."""

import functools

import numpy as np
import pytest

import minijax
from minijax import grad, jit, vmap
from minijax import numpy as jnp
from minijax.experimental import rnn
from minijax.test_util import check_grads

STREAM = np.random.default_rng(3)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def one_sequence(xs, h, c, w_ih, w_hh, b_ih, b_hh):
    """One direction over the steps of one sequence; its outputs and last state."""
    ys = []
    for x in xs:
        i, f, g, o = np.split(w_ih @ x + b_ih + w_hh @ h + b_hh, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        ys.append(h)
    return np.array(ys).reshape(len(xs), h.size), h, c


def drawn(batch, time, input_size, hidden_size, num_layers, bidirectional):
    layers = num_layers * (1 + bidirectional)
    sizes = input_size, hidden_size, num_layers, bidirectional
    return (
        STREAM.normal(size=(batch, time, input_size)),
        STREAM.normal(size=(layers, batch, hidden_size)),
        STREAM.normal(size=(layers, batch, hidden_size)),
        STREAM.normal(size=rnn.get_num_params_in_lstm(*sizes)),
    )


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_is_the_recurrence(num_layers, bidirectional):
    """Each sequence on its own, cut to its length, gives the same numbers."""
    lengths = np.array([4, 1, 0, 3])
    sizes = 3, 2, num_layers, bidirectional
    x, h, c, weights = drawn(4, 4, *sizes)
    parts = rnn.unpack_lstm_weights(weights, *sizes)
    y, h_n, c_n = rnn.lstm(x, h, c, weights, lengths, *sizes[:3], 0.0, bidirectional)

    for b, n in enumerate(lengths):
        xs = x[b, :n]
        for layer in range(num_layers):
            outs = []
            for k in range(
                layer * (1 + bidirectional), (layer + 1) * (1 + bidirectional)
            ):
                turn = slice(None, None, -1 if bidirectional and k % 2 else 1)
                weights_k = [np.asarray(part[k]) for part in parts]
                out, h_k, c_k = one_sequence(xs[turn], h[k, b], c[k, b], *weights_k)
                outs.append(out[turn])
                np.testing.assert_allclose(h_n[k, b], h_k, rtol=1e-12)
                np.testing.assert_allclose(c_n[k, b], c_k, rtol=1e-12)
            xs = np.concatenate(outs, axis=-1)
        np.testing.assert_allclose(y[b, :n], xs, rtol=1e-12)
        assert not np.any(y[b, n:])


@pytest.mark.usefixtures("x64")
def test_derivatives():
    """In all inputs, both modes, twice."""
    sizes = 2, 2, 1, True
    lengths = np.array([3, 2])

    def f(*args):
        return rnn.lstm(*args, lengths, 2, 2, 1, False, True)

    check_grads(f, drawn(2, 3, *sizes), order=2)


def test_under_jit_vmap_and_grad():
    """A gradient for each member of a batch of weights."""
    sizes = 3, 4, 1, False
    x, h, c, w = (np.float32(v) for v in drawn(2, 5, *sizes))
    run = functools.partial(
        rnn.lstm, input_size=3, hidden_size=4, num_layers=1, dropout=False,
        bidirectional=False,
    )  # fmt: skip
    lengths = np.array([5, 2], np.int32)
    loss = lambda w: (run(x, h, c, w, seq_lengths=lengths)[0] ** 2).sum()  # noqa: E731
    members = jnp.stack([w, 2 * w])

    found = jit(vmap(grad(loss)))(members)
    np.testing.assert_allclose(found[1], grad(loss)(2 * w), rtol=2e-4, atol=1e-5)


def test_weights_are_within_bounds():
    w = rnn.init_lstm_weight(minijax.random.key(1), 3, 16, 2, True)

    assert w.dtype == np.float32
    assert 0.24 < np.abs(w).max() <= 0.25


def called(**changes):
    x, h, c, w = (np.float32(v) for v in drawn(2, 5, 3, 4, 1, False))
    arguments = {
        "x": x, "h_0": h, "c_0": c, "weights": w, "seq_lengths": np.array([5, 2]),
        "input_size": 3, "hidden_size": 4, "num_layers": 1, "dropout": 0.0,
        "bidirectional": False, **changes,
    }  # fmt: skip
    return rnn.lstm(**arguments)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"dropout": 0.5},
            NotImplementedError,
            "lstm: dropout must be 0, got 0.5: there is no key to draw with. Call it "
            "layer by layer, with random.bernoulli in between.",
        ),
        (
            {"seq_lengths": np.array([5.0, 2.0])},
            NotImplementedError,
            "lstm: seq_lengths must be integers, got f32[2]. Convert them with "
            "astype(int).",
        ),
        (
            {"seq_lengths": np.array([5])},
            ValueError,
            "lstm: seq_lengths must have shape (2,), one for each sequence, got "
            "i32[1].",
        ),
        (
            {"weights": np.zeros(7)},
            ValueError,
            "unpack_lstm_weights: weights must have shape (144,), as "
            "get_num_params_in_lstm says, got f32[7].",
        ),
        (
            {"x": np.zeros((2, 5, 2))},
            ValueError,
            "lstm: x must have shape (batch, time, input_size=3), got f32[2,5,2].",
        ),
        (
            {"h_0": np.zeros((2, 4))},
            ValueError,
            "lstm: h_0 must have shape (1, 2, 4), (layers and directions, batch, "
            "hidden_size), got f32[2,4].",
        ),
    ],
)
def test_messages(changes, error, message):
    with pytest.raises(error) as raised:
        called(**changes)

    assert str(raised.value) == message
