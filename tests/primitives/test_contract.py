import numpy as np
import pytest

import minijax
from minijax import lax
from minijax.primitives.precision import DotAlgorithmPreset, Precision

from .lowered import text_of

X = np.ones((2, 3), np.float32)
Y = np.ones((3, 4), np.float32)
MATMUL = (((1,), (0,)), ((), ()))


def names(fun, *args):
    return [eqn.primitive.name for eqn in minijax.make_jaxpr(fun)(*args).eqns]


def test_the_gradient_of_a_product_is_two_more_products_and_no_transpose():
    def loss(x, y):
        return lax.reduce_sum(lax.dot(x, y), (0, 1))

    found = names(minijax.grad(loss, (0, 1)), X, Y)

    assert found.count("dot_general") == 3
    assert "transpose" not in found


def test_a_batch_of_left_operands_is_one_more_free_axis():
    stacked = np.ones((2, 5, 3), np.float32)
    mapped = minijax.vmap(lax.dot, in_axes=(1, None))

    assert names(mapped, stacked, Y).count("dot_general") == 1


def test_text():
    x, y = np.ones((5, 2, 3), np.float32), np.ones((5, 3, 4), np.float32)
    numbers = (((2,), (1,)), ((0,), (0,)))
    text = text_of(lambda x, y: lax.dot_general(x, y, numbers, "highest"), x, y)

    assert (
        "stablehlo.dot_general %0, %1, batching_dims = [0] x [0], contracting_dims = "
        "[2] x [1], precision = [HIGHEST, HIGHEST] : (tensor<5x2x3xf32>, "
        "tensor<5x3x4xf32>) -> tensor<5x2x4xf32>"
    ) in text


def test_an_algorithm_is_written_out():
    precision = DotAlgorithmPreset.BF16_BF16_F32_X3
    text = text_of(lambda x, y: lax.dot(x, y, precision=precision), X, Y)

    assert (
        "algorithm = <lhs_precision_type = bf16, rhs_precision_type = bf16, "
        "accumulation_type = f32, lhs_component_count = 1, rhs_component_count = 1, "
        "num_primitive_operations = 3, allow_imprecise_accumulation = false>"
    ) in text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("high", (Precision.HIGH, Precision.HIGH)),
        (("highest", None), (Precision.HIGHEST, Precision.DEFAULT)),
        (Precision.HIGHEST, (Precision.HIGHEST, Precision.HIGHEST)),
        ("F32_F32_F32", DotAlgorithmPreset.F32_F32_F32),
    ],
)
def test_precision_is_kept_in_one_form(given, kept):
    jaxpr = minijax.make_jaxpr(lambda x, y: lax.dot(x, y, precision=given))(X, Y)

    assert jaxpr.eqns[0].params["precision"] == kept


def test_the_default_precision_is_an_option():
    with minijax.default_matmul_precision("high"):
        jaxpr = minijax.make_jaxpr(lax.dot)(X, Y)

    assert jaxpr.eqns[0].params["precision"] == (Precision.HIGH, Precision.HIGH)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: lax.dot_general(X, X, MATMUL),
            TypeError,
            "dot_general: contracting axes must agree in size, got (3,) (axes (1,) of "
            "f32[2,3]) and (2,) (axes (0,) of f32[2,3]).",
        ),
        (
            lambda: lax.dot_general(X, Y, (((2,), (0,)), ((), ()))),
            TypeError,
            "dot_general: contracting and batch axes must be distinct axes of lhs, a "
            "f32[2,3], got (2,) and ().",
        ),
        (
            lambda: lax.dot(X, X),
            ValueError,
            "dot: operands must be vectors or matrices that agree in the last axis of "
            "the first and the first axis of the second, got f32[2,3] and f32[2,3]. "
            "Name the axes with dimension_numbers, or use minijax.numpy.matmul.",
        ),
        (
            lambda: lax.batch_matmul(X[0], X[0]),
            ValueError,
            "batch_matmul: operands must have one rank, 2 or more, got f32[3] and "
            "f32[3].",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
