"""Bad input: the whole message, next to the call that earns it, and life goes on."""

import re

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import custom_jvp, custom_vjp, errors, grad, jit, jvp, vjp, vmap
from minijax.core.trace import context, evaluator


def loss(params, x):
    return jnp.sum((x @ params["w"] + params["b"]) ** 2)


PARAMS = {"w": np.ones((3, 2), "float32"), "b": np.zeros(2, "float32")}
X = np.ones((4, 3), "float32")


@custom_jvp
def wrong_structure(x):
    return x


wrong_structure.defjvp(lambda primals, tangents: (primals[0], (tangents[0],)))


@custom_jvp
def wrong_shape(x):
    return x


wrong_shape.defjvp(lambda primals, tangents: (primals[0], jnp.ones((3,))))


@custom_vjp
def too_few(x, y):
    return x * y


too_few.defvjp(lambda x, y: (x * y, None), lambda residuals, ct: (ct,))


@custom_vjp
def bar_of_wrong_shape(x):
    return x.sum()


bar_of_wrong_shape.defvjp(lambda x: (x.sum(), None), lambda residuals, ct: (ct,))


@custom_jvp
def without_rule(x):
    return x


def leak():
    seen = []
    jit(lambda x: seen.append(x + 1) or x)(1.0)
    return seen[0] * 2


BAD_CALLS = [
    (
        "grad of a vector",
        lambda: grad(lambda x: x * 2)(jnp.ones(5)),
        TypeError,
        "Gradient only defined for scalar-output functions. Output had shape: (5,). In "
        "grad of <lambda>: reduce the output to a scalar first, for example with "
        ".sum() or .mean(), or use jacrev for the whole Jacobian.",
    ),
    (
        "grad of an integer, by path",
        lambda: grad(loss)({**PARAMS, "b": np.zeros(2, "int32")}, X),
        TypeError,
        "grad requires real- or complex-valued inputs (input dtype that is a sub-dtype "
        "of np.inexact), but got int32 for params['b'] in grad of loss. Convert it "
        "with astype(float), or pass allow_int=True for a float0 gradient.",
    ),
    (
        "argument that is no array, by path",
        lambda: jit(loss)({**PARAMS, "b": "zero"}, X),
        TypeError,
        "jit of loss: argument params['b'] must be an array or a number, got 'zero' of "
        "type str. Pass it as a static argument (static_argnames), or close over it.",
    ),
    (
        "grad of something else than a function",
        lambda: grad(3.0),
        TypeError,
        "grad: the first argument must be a function, got 3.0 of type float.",
    ),
    (
        "argnums out of range",
        lambda: grad(loss, argnums=2)(PARAMS, X),
        TypeError,
        "grad of loss: argnums=2 names argument 2, but the function was called with 2 "
        "positional arguments.",
    ),
    (
        "result that is no array",
        lambda: jit(lambda x: {"a": x, "b": "done"})(1.0),
        TypeError,
        "jit of <lambda>: the function must return arrays or numbers, got 'done' of "
        "type str at result['b']. Return it in another way, for example with "
        "has_aux=True.",
    ),
    (
        "in_axes of the wrong length",
        lambda: vmap(loss, in_axes=(0,))(PARAMS, X),
        ValueError,
        "vmap of loss: in_axes must be an int, None, or a tuple of entries "
        "corresponding to the positional arguments, got len(in_axes)=1 and 2 "
        "arguments. Arguments given by keyword are mapped over axis 0 and have no "
        "entry.",
    ),
    (
        "mapped axes of two sizes",
        lambda: vmap(loss)(PARAMS, X),
        ValueError,
        "vmap of loss: vmap got inconsistent sizes for array axes to be mapped: mapped "
        "axes must have one size, got 2 (params['b']: f32[2], axis 0) and 3 "
        "(params['w']: f32[3,2], axis 0) and 4 (x: f32[4,3], axis 0).",
    ),
    (
        "mapped axis that does not exist",
        lambda: vmap(loss, in_axes=(None, 2))(PARAMS, X),
        ValueError,
        "vmap of loss: in_axes names axis 2 of x: f32[4,3], which has 2 axes. Use None "
        "to share the argument among all members.",
    ),
    (
        "nothing mapped",
        lambda: vmap(loss, in_axes=(None, None))(PARAMS, X),
        ValueError,
        "vmap of loss: vmap must have at least one non-None value in in_axes, or "
        "axis_size. Map at least one argument, or pass axis_size.",
    ),
    (
        "unhashable static argument",
        lambda: jit(lambda x, n: x, static_argnames="n")(1.0, [2]),
        ValueError,
        "Non-hashable static argument: jit of <lambda>: static argument n must be "
        "hashable, got [2] of type list. Use a tuple or another immutable value.",
    ),
    (
        "static argument that is no parameter",
        lambda: jit(loss, static_argnames="n"),
        ValueError,
        "jit: static_argnames and donate_argnames must name parameters of loss(params, "
        "x), got 'n'.",
    ),
    (
        "tangents of another structure",
        lambda: jvp(loss, (PARAMS, X), ({"w": X}, X)),
        TypeError,
        "jvp of loss: tangents[0] must be a dict with keys ['b', 'w'] like primals[0], "
        "got a dict with keys ['w'].",
    ),
    (
        "rule of the wrong structure",
        lambda: grad(wrong_structure)(1.0),
        TypeError,
        "custom_jvp rule of wrong_structure: primal and tangent outputs must have the "
        "same structure. tangent_out must be f32[] like primal_out, got a tuple of 1.",
    ),
    (
        "rule with a tangent of the wrong type",
        lambda: grad(wrong_shape)(1.0),
        TypeError,
        "custom_jvp rule of wrong_shape: must produce primal and tangent outputs of "
        "equal shapes and dtypes, got primal output f32[] and tangent output f32[3]. "
        "Convert the tangent, for example with astype.",
    ),
    (
        "backward rule with too few cotangents",
        lambda: grad(too_few)(1.0, 2.0),
        TypeError,
        "Custom VJP bwd rule of too_few must produce a tuple with one cotangent per "
        "differentiable argument, 2 in all, got a tuple of 1. Return None for "
        "arguments whose cotangent is zero.",
    ),
    (
        "backward rule with a cotangent of the wrong shape",
        lambda: grad(bar_of_wrong_shape)(jnp.ones(3)),
        ValueError,
        "Shape or dtype mismatch: custom_vjp backward rule of bar_of_wrong_shape: "
        "cotangent 0 must have the type of the argument, f32[3], got f32[]. Sum over "
        "broadcast axes, or convert with astype.",
    ),
    (
        "custom function without a rule",
        lambda: without_rule(1.0),
        AttributeError,
        "No JVP defined for custom_jvp function without_rule using defjvp. Define one "
        "before calling the function.",
    ),
    (
        "list where an array is wanted",
        lambda: jnp.sin([1.0, 2.0]),
        TypeError,
        "sin requires ndarray or scalar arguments, got <class 'list'> with value "
        "[1.0, 2.0]. Convert the sequence with jnp.array first.",
    ),
    (
        "shapes that do not broadcast",
        lambda: jnp.ones((2, 3)) + jnp.ones((2, 4)),
        TypeError,
        "add got incompatible shapes for broadcasting: (2, 3), (2, 4) (f32[2,3] and "
        "f32[2,4]). Axes are compared from the last one, and must be equal or 1.",
    ),
    (
        "dtypes that a strict operation does not mix",
        lambda: minijax.lax.add(jnp.ones(2), jnp.ones(2, int)),
        TypeError,
        "add: operands must have one dtype, got f32[2] and i32[2]. Convert one with "
        "astype, or use the function of minijax.numpy, which promotes.",
    ),
    (
        "collective without an axis",
        lambda: minijax.lax.psum(jnp.ones(3), "rows"),
        NameError,
        "unbound axis name: rows. psum needs a vmap or pmap with axis_name='rows' "
        "around it; axes in scope: none.",
    ),
]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [row[1:] for row in BAD_CALLS],
    ids=[row[0] for row in BAD_CALLS],
)
def test_bad_calls_say_what_is_wrong(call, kind, message):
    with pytest.raises(kind) as caught:
        call()

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("call", "kind", "pattern"),
    [
        (
            lambda: jit(lambda x: 1 if x > 0 else 2)(1.0),
            errors.TracerBoolConversionError,
            r"`if` needs a value, but a value: bool\[\] is traced by jit in <lambda> "
            r"at "
            r".*test_errors\.py:\d+ .*Use where or cond, or mark the argument static\.",
        ),
        (
            lambda: jit(lambda n: jnp.zeros(3)[: int(n)])(1),
            errors.ConcretizationTypeError,
            r"int\(\) needs a value, but n: i32\[\] is traced by jit in <lambda>",
        ),
        (
            lambda: jit(lambda x: np.sin(x))(1.0),
            errors.TracerArrayConversionError,
            r"x: f32\[\] is traced by jit",
        ),
        (
            lambda: jit(lambda n: list(range(n)))(3),
            errors.TracerIntegerConversionError,
            r"n: i32\[\] is traced by jit",
        ),
        (
            leak,
            errors.UnexpectedTracerError,
            r"by jit in <lambda> at .*test_errors\.py",
        ),
        (
            lambda: jit(lambda m, x: x[m])(jnp.array([True, False]), jnp.ones(2)),
            errors.NonConcreteBooleanIndexError,
            "boolean",
        ),
    ],
    ids=["bool", "int", "numpy", "range", "leak", "mask"],
)
def test_traced_values_are_named_with_their_line(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()


@pytest.mark.parametrize("row", BAD_CALLS, ids=lambda row: row[0])
def test_no_trace_state_is_left_behind(row):
    """After an error in the midst of everything, the thread is as before."""

    def everything(x):
        jit(grad(vmap(lambda y: vjp(lambda z: row[1]() or z, y)[0])))(x)

    with pytest.raises(Exception, match=re.escape(row[3])):
        everything(jnp.ones(3))

    assert context.floor is evaluator
    assert context.depth == 0
    assert context.axes == {}
    assert context.source is None
    assert float(jit(grad(jnp.sin))(0.0)) == 1.0
