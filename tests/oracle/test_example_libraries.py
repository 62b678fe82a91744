"""Optimizers and stax: the same states, parameters and outputs as jax's."""

import importlib

import numpy as np

from .surface import Row, comparisons, normal

SHAPE = (3, 4)


def library(package, name):
    return importlib.import_module(f"{package.__name__}.example_libraries.{name}")


def optimizer_row(name, *args, schedule=None):
    """Three steps of an optimizer from x along the gradients g, g / 2 and 2 g."""

    def steps(package, x, g):
        optimizers = library(package, "optimizers")
        rate = 0.1 if schedule is None else schedule(optimizers)
        opt_init, opt_update, get_params = getattr(optimizers, name)(rate, *args)
        state = opt_init({"w": x, "b": (x[0],)})
        for i, factor in enumerate((1.0, 0.5, 2.0)):
            grads = {"w": g * factor, "b": (g[0] * factor,)}
            state = opt_update(i, grads, state)
        params = get_params(state)
        # jax's sm3 keeps shapes in its state.
        return params if name == "sm3" else (state, params)

    return Row(
        f"example_libraries.optimizers.{name}",
        (normal, normal),
        shapes=((SHAPE, SHAPE),),
        call=steps,
        name=f"{args} {schedule is not None}",
    )


def schedule_row(text, i):
    return Row(
        text,
        (),
        shapes=((),),
        dtypes=((),),
        call=lambda package: eval(text, {"optimizers": library(package, "optimizers")})(
            i
        ),
        name=str(i),
        jit=False,  # jit would make an array of a number
    )


OPTIMIZERS = [
    optimizer_row("sgd"),
    optimizer_row("sgd", schedule=lambda o: o.exponential_decay(0.1, 10, 0.5)),
    optimizer_row("momentum", 0.9),
    optimizer_row("nesterov", 0.9),
    optimizer_row("adagrad"),
    optimizer_row("adagrad", 0.5),
    optimizer_row("rmsprop"),
    optimizer_row("rmsprop_momentum"),
    optimizer_row("rmsprop_momentum", 0.8, 1e-6, 0.7),
    optimizer_row("adam"),
    optimizer_row("adam", 0.8, 0.9, 1e-3),
    optimizer_row(
        "adam", schedule=lambda o: o.piecewise_constant([1, 2], [0.1, 0.2, 0.3])
    ),
    optimizer_row("adamax"),
    optimizer_row("sm3"),
    *[
        schedule_row(text, i)
        for text in (
            "optimizers.constant(0.1)",
            "optimizers.exponential_decay(1.0, 10, 0.5)",
            "optimizers.inverse_time_decay(1.0, 10, 0.5)",
            "optimizers.inverse_time_decay(1.0, 10, 0.5, staircase=True)",
            "optimizers.polynomial_decay(1.0, 10, 0.1)",
            "optimizers.polynomial_decay(1.0, 10, 0.1, power=2.0)",
            "optimizers.piecewise_constant([10, 20], [1.0, 0.5, 0.1])",
            "optimizers.make_schedule(0.5)",
        )
        for i in (0, 7, 25)
    ],
    Row(
        "example_libraries.optimizers.l2_norm",
        (normal, normal),
        shapes=((SHAPE, (2,)),),
        call=lambda package, x, y: library(package, "optimizers").l2_norm(
            [x, {"y": y}]
        ),
    ),
    *[
        Row(
            "example_libraries.optimizers.clip_grads",
            (normal, normal),
            shapes=((SHAPE, (2,)),),
            call=lambda package, x, y, limit=limit: library(
                package, "optimizers"
            ).clip_grads([x, {"y": y}], limit),
            name=str(limit),
        )
        for limit in (0.5, 1e3)
    ],
    Row(
        "example_libraries.optimizers.pack_optimizer_state",
        (normal,),
        shapes=((SHAPE,),),
        call=lambda package, x: repacked(library(package, "optimizers"), x),
    ),
]


def repacked(optimizers, x):
    state = optimizers.adam(0.1).init_fn({"w": x, "b": x[0]})
    return optimizers.pack_optimizer_state(optimizers.unpack_optimizer_state(state))


def layer_row(text, *shapes, key=False):
    """Shape, parameters and outputs of a layer, with parameters from one key."""

    def run(package, *inputs):
        stax = library(package, "stax")
        init, apply = eval(text, {"stax": stax, "np": np})
        given = shapes[0] if len(shapes) == 1 else list(shapes)
        out_shape, params = init(package.random.key(0), given)
        x = inputs[0] if len(inputs) == 1 else list(inputs)
        kwargs = {"rng": package.random.key(1)} if key else {}
        # jax gives some sizes as integers of NumPy.
        out_shape = package.tree.map(int, out_shape)
        return out_shape, params, apply(params, x, **kwargs)

    return Row(
        f"example_libraries.{text}",
        (normal,) * len(shapes),
        shapes=(shapes,),
        dtypes=("f32",),
        call=run,
        name=str(key),
        jit=False,  # jit would make arrays of shapes
    )


IMAGES = (2, 6, 5, 3)

LAYERS = [
    layer_row("stax.Dense(4)", (2, 3)),
    layer_row("stax.Conv(4, (3, 2))", IMAGES),
    layer_row("stax.Conv(4, (3, 2), strides=(2, 2), padding='SAME')", IMAGES),
    layer_row(
        "stax.GeneralConv(('NCHW', 'OIHW', 'NCHW'), 4, (2, 2), (1, 2))", (2, 3, 5, 6)
    ),
    layer_row("stax.ConvTranspose(4, (3, 2), strides=(2, 2))", IMAGES),
    layer_row("stax.ConvTranspose(4, (3, 3), (2, 2), 'SAME')", IMAGES),
    layer_row("stax.Conv1DTranspose(4, (3,), (2,))", (2, 5, 3)),
    layer_row("stax.BatchNorm()", IMAGES),
    layer_row("stax.BatchNorm(axis=(0,), center=False)", (4, 3)),
    layer_row("stax.BatchNorm(axis=0, scale=False)", (4, 3)),
    layer_row("stax.MaxPool((2, 2), strides=(2, 2))", IMAGES),
    layer_row("stax.SumPool((2, 3))", IMAGES),
    layer_row("stax.AvgPool((3, 3), (2, 1), 'SAME')", IMAGES),
    layer_row("stax.AvgPool((2, 2), spec='NCHW')", (2, 3, 4, 4)),
    layer_row("stax.Flatten", IMAGES),
    layer_row("stax.Identity", (2, 3)),
    layer_row("stax.FanOut(3)", (2, 3)),
    layer_row("stax.FanInSum", (2, 3), (2, 3)),
    layer_row("stax.FanInConcat()", (2, 3), (2, 4)),
    layer_row("stax.FanInConcat(0)", (2, 3), (4, 3)),
    layer_row("stax.Dropout(0.7)", (20, 3), key=True),
    layer_row("stax.Dropout(0.7, mode='test')", (20, 3), key=True),
    layer_row("stax.serial(stax.Dense(4), stax.Relu, stax.Dense(2))", (5, 3)),
    layer_row("stax.serial(stax.Dense(4), stax.Dropout(0.5))", (5, 3), key=True),
    layer_row(
        "stax.serial(stax.FanOut(2), stax.parallel(stax.Dense(3), stax.Identity),"
        " stax.FanInSum)",
        (5, 3),
    ),
    layer_row(
        "stax.parallel(stax.Dense(3), stax.Dropout(0.5))", (2, 3), (2, 5), key=True
    ),
    layer_row("stax.shape_dependent(lambda shape: stax.Dense(shape[-1]))", (2, 3)),
    *[
        layer_row(f"stax.{name}", (3, 4))
        for name in (
            "Tanh Relu Exp LogSoftmax Softmax Softplus Sigmoid Elu LeakyRelu Selu Gelu"
        ).split()
    ],
]

ROWS = [*OPTIMIZERS, *LAYERS]

test_values, test_derivatives = comparisons(ROWS)
