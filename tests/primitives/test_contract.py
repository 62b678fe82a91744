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


def test_the_gradient_of_weights_is_a_product_of_matrices_on_cpu():
    """w_bar = sum over b, t of x[b,t,:] z_bar[b,t,:], read as it lies."""
    x, z_bar = np.ones((5, 2, 3), np.float32), np.ones((5, 2, 4), np.float32)
    numbers = (((0, 1), (0, 1)), ((), ()))

    def product(x, y):
        return lax.dot_general(x, y, numbers)

    assert (
        "stablehlo.dot_general %2, %3, contracting_dims = [0] x [0], precision = "
        "[DEFAULT, DEFAULT] : (tensor<10x3xf32>, tensor<10x4xf32>) -> tensor<3x4xf32>"
    ) in text_of(product, x, z_bar)
    assert "contracting_dims = [0, 1] x [0, 1]" in text_of(
        product, x, z_bar, platform="cuda"
    )


@pytest.mark.parametrize(
    ("x_shape", "y_shape", "contract"),
    [
        ((4, 2, 3), (4, 2, 5), ((0, 1), (0, 1))),
        ((4, 2, 3), (4, 2, 5), ((1, 0), (1, 0))),
        ((4, 2, 3), (5, 2, 3), ((1, 2), (1, 2))),
        ((4, 2, 3), (3, 5, 4), ((0,), (2,))),
        ((4, 2, 3), (2, 5, 3), ((1, 2), (0, 2))),
        ((4, 2, 3), (4, 2, 3), ((0, 1, 2), (0, 1, 2))),
        ((4, 2, 0), (4, 2, 5), ((0, 1), (0, 1))),
        ((0, 2, 3), (0, 2, 5), ((0, 1), (0, 1))),
        ((2, 4), (4, 3, 2), ((0, 1), (2, 0))),
    ],
)
def test_products_over_any_axes_are_numpys(x_shape, y_shape, contract):
    stream = np.random.default_rng(0)
    x, y = (stream.normal(size=s).astype(np.float32) for s in (x_shape, y_shape))

    got = minijax.jit(lambda x, y: lax.dot_general(x, y, (contract, ((), ()))))(x, y)

    wanted = np.tensordot(x, y, contract)
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


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
