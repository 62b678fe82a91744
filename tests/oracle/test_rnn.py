"""LSTM layers, compared with jax's reference; the `lstm` of jax needs a GPU."""

import itertools

from .surface import Row, comparisons, drawn, integers, resolve

PATH = "experimental.rnn"
unit = drawn(lambda stream, shape: stream.normal(size=shape))


def count(input_size, hidden_size, num_layers, bidirectional):
    """The number of weights of all layers, from their shapes."""
    directions = 1 + bidirectional
    wide = [input_size, *[hidden_size * directions] * (num_layers - 1)]
    return directions * sum(4 * hidden_size * (n + hidden_size + 2) for n in wide)


def reference(sizes):
    def call(package, x, h, c, weights, lengths):
        unpack = resolve(package.__name__, f"{PATH}.unpack_lstm_weights")
        lstm_ref = resolve(package.__name__, f"{PATH}.lstm_ref")
        parts = unpack(weights, *sizes)
        return lstm_ref(x, h, c, *parts, lengths, *sizes[:3], 0.0, sizes[3])

    return call


def layers():
    for input_size, hidden_size, num_layers, bidirectional in (
        (3, 4, 1, False), (2, 3, 2, False), (3, 2, 1, True), (1, 2, 3, True),
    ):  # fmt: skip
        sizes = input_size, hidden_size, num_layers, bidirectional
        depth = num_layers * (1 + bidirectional)
        for batch, time in ((2, 5), (1, 1), (3, 4)):
            state = depth, batch, hidden_size
            shapes = (batch, time, input_size), state, state, (count(*sizes),), (batch,)
            yield Row(
                f"{PATH}.lstm_ref",
                # From length 0 jax takes the state of the last step, not the first.
                (unit, unit, unit, unit, integers(1, time)),
                shapes=(shapes,),
                dtypes=(("f32", "f32", "f32", "f32", "i32"),),
                call=reference(sizes),
                order=1 if (batch, time) == (2, 5) else 0,
                name=f"{sizes} {batch} {time}",
            )


def weights():
    for sizes in itertools.product((3,), (1, 2), (1, 2), (False, True)):
        for name in ("unpack_lstm_weights", "swap_lstm_gates"):
            yield Row(
                f"{PATH}.{name}",
                (unit,),
                shapes=(((count(*sizes),),),),
                dtypes=("f32", "f16"),
                call=lambda package, w, name=name, sizes=sizes: resolve(
                    package.__name__, f"{PATH}.{name}"
                )(w, *sizes),
                name=f"{name} {sizes}",
            )
        yield Row(
            f"{PATH}.init_lstm_weight",
            (integers(0, 9),),
            shapes=(((),),),
            dtypes=("i32",),
            call=lambda package, seed, sizes=sizes: resolve(
                package.__name__, f"{PATH}.init_lstm_weight"
            )(package.random.key(seed), *sizes),
            name=f"init {sizes}",
        )


test_values, test_derivatives = comparisons([*layers(), *weights()])


def test_numbers_of_parameters():
    ours = resolve("minijax", f"{PATH}.get_num_params_in_lstm")
    theirs = resolve("jax", f"{PATH}.get_num_params_in_lstm")
    for sizes in itertools.product((1, 3), (2, 4), (1, 2), (False, True)):
        assert ours(*sizes) == theirs(*sizes) == count(*sizes)
