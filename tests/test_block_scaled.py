"""Products of operands rounded block by block, against NumPy and ml_dtypes."""

import ml_dtypes
import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, jacfwd, jit, lax, nn, vmap

STREAM = np.random.default_rng(5)
MX = [nn.get_scaled_dot_general_config("mxfp8")] * 3
SCALE = np.array([0.25], np.float32)
NV = [nn.get_scaled_dot_general_config("nvfp4", SCALE)] * 3
MATRICES = (((1,), (1,)), ((), ()))


def rounded(x, mode):
    """The numbers that (rows, k) becomes: 8 or 4 bits times the scale of its block."""
    size = 32 if mode == "mxfp8" else 16
    blocks = x.astype(np.float32).reshape(len(x), -1, size)
    if mode == "nvfp4":
        blocks = blocks / SCALE
    largest = np.abs(blocks).max(-1, keepdims=True)
    if mode == "mxfp8":
        scales = 2.0 ** np.ceil(np.log2(largest / 448))
        kind, bound = ml_dtypes.float8_e4m3fn, 448
    else:
        scales = np.minimum(largest / 6, 448).astype(ml_dtypes.float8_e4m3fn)
        kind, bound = ml_dtypes.float4_e2m1fn, 6
    scales = scales.astype(np.float32)
    elements = np.clip(blocks / np.where(scales == 0, 1, scales), -bound, bound)
    out = elements.astype(kind).astype(np.float32) * scales
    return out.reshape(x.shape) * (SCALE if mode == "nvfp4" else 1)


def drawn(*shape):
    """Numbers of very different sizes, from block to block too."""
    x = STREAM.normal(size=shape) * np.exp(STREAM.normal(size=shape))
    return (x * np.exp(3 * STREAM.normal(size=(*shape[:-1], 1)))).astype(np.float32)


@pytest.mark.parametrize(("mode", "configs"), [("mxfp8", MX), ("nvfp4", NV)])
def test_values_are_those_of_rounded_operands(mode, configs):
    x, y = drawn(5, 64), drawn(3, 64)

    found = nn.scaled_dot_general(x, y, MATRICES, configs=configs)
    expected = rounded(x, mode) @ rounded(y, mode).T
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    error = np.abs(expected - x @ y.T) / np.abs(x @ np.ones((64, 1)))
    assert np.median(error) < 1  # it is the product, but not exactly
    assert not np.allclose(found, x @ y.T, rtol=1e-4)


@pytest.mark.parametrize(
    ("numbers", "shapes", "spec"),
    [
        ((((2,), (2,)), ((0,), (0,))), ((2, 5, 32), (2, 3, 32)), "bmk,bnk->bmn"),
        ((((0,), (1,)), ((), ())), ((64, 2, 3), (4, 64)), "kab,nk->abn"),
        ((((0, 2), (2, 0)), ((), ())), ((4, 3, 8), (8, 2, 4)), "amb,bna->mn"),
        ((((1,), (0,)), ((), ())), ((5, 32), (32,)), "mk,k->m"),
        (
            (((1,), (2,)), ((2, 0), (0, 3))),
            ((3, 32, 2), (2, 5, 32, 3)),
            "mkb,bnkm->bmn",
        ),
    ],
)
def test_axes_are_those_of_dot_general(numbers, shapes, spec):
    """Small whole numbers are not rounded, so that the result is exact."""
    x, y = (STREAM.integers(-3, 4, size=shape).astype(np.float32) for shape in shapes)

    found = jit(lambda x, y: nn.scaled_dot_general(x, y, numbers, configs=MX))(x, y)
    assert found.shape == lax.dot_general(x, y, numbers).shape
    np.testing.assert_allclose(found, np.einsum(spec, x, y), rtol=1e-6)


@pytest.mark.parametrize("configs", [MX, NV], ids=["mxfp8", "nvfp4"])
def test_derivatives_go_straight_through(configs):
    """For whole numbers that are stored exactly they are those of the product."""
    x = STREAM.integers(-3, 4, size=(32, 64)).astype(np.float32) / 2
    y = STREAM.integers(-3, 4, size=(64, 64)).astype(np.float32) / 2
    w = STREAM.integers(-3, 4, size=(32, 64)).astype(np.float32)
    x[:, ::16] = y[:, ::16] = 1.5  # in every block of each axis the same largest number
    x[::16] = y[::16] = 1.5

    def loss(product):
        return lambda x, y: (product(x, y) * w).sum()

    found = grad(
        loss(lambda x, y: nn.scaled_dot_general(x, y, MATRICES, configs=configs)),
        (0, 1),
    )(x, y)
    expected = grad(loss(lambda x, y: lax.dot_general(x, y, MATRICES)), (0, 1))(x, y)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-4)


def test_forward_mode_uses_the_rounded_operands():
    """z_dot = x_dot r(y)^T + r(x) y_dot^T, for x' = x and y' = 0; and z'' = 0."""
    x, y = drawn(32, 32), drawn(32, 32)

    def f(s):
        return nn.scaled_dot_general(s * x, y, MATRICES, configs=MX)

    expected = x @ rounded(y, "mxfp8").T
    np.testing.assert_allclose(jacfwd(f)(2.0), expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(jacfwd(jacfwd(f))(2.0), np.zeros((32, 32)))


def test_operands_may_be_rounded_in_different_ways():
    x, y = drawn(5, 64), drawn(3, 64)

    found = nn.scaled_dot_general(x, y, MATRICES, configs=[MX[0], NV[0]])
    expected = rounded(x, "mxfp8") @ rounded(y, "nvfp4").T
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_second_derivatives_go_straight_through_too():
    """d2/dx dy of (x y^T)_mn w_mn for numbers that are stored exactly."""
    x = y = np.full((32, 32), 1.5, np.float32)

    def loss(s, t):
        return nn.scaled_dot_general(s * x, t * y, MATRICES, configs=MX).sum()

    mixed = grad(lambda s: grad(loss, 1)(s, 1.0))(1.0)
    np.testing.assert_allclose(mixed, (x @ y.T).sum(), rtol=1e-5)


def test_numbers_that_cannot_be_stored_have_no_derivative():
    """Beyond global_scale 6 448 nvfp4 is flat."""
    x = np.zeros((1, 16), np.float32)
    x[0, :2] = SCALE * 6 * 448 * np.array([0.99, 1.01])
    y = np.ones((1, 16), np.float32)

    slope = grad(lambda x: nn.scaled_dot_general(x, y, MATRICES, configs=NV).sum())(x)
    np.testing.assert_array_equal(slope[0, :3], [1, 0, 1])


def test_zeros_and_numbers_that_are_not_finite():
    x = np.zeros((3, 64), np.float32)
    x[1, 0], x[2, 40] = np.inf, np.nan

    found = nn.scaled_dot_general(x, np.ones((1, 64)), MATRICES, configs=MX)
    np.testing.assert_array_equal(found[:, 0], [0, np.nan, np.nan])


def test_batches_and_types():
    x, y = drawn(2, 5, 32), drawn(2, 3, 32)
    f = lambda x, y: nn.scaled_dot_general(x, y, MATRICES, jnp.bfloat16, MX)  # noqa: E731

    assert vmap(f)(x, y).dtype == jnp.bfloat16
    np.testing.assert_allclose(vmap(f)(x, y)[1], f(x[1], y[1]))
    exact = nn.scaled_dot_general(x[0], y[0], MATRICES)
    np.testing.assert_allclose(exact, x[0] @ y[0].T, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: nn.scaled_dot_general(x, x, MATRICES, configs=MX),
            ValueError,
            "scaled_dot_general: mxfp8 sums over blocks of 32 elements, got 40 to sum "
            "over in f32[1,2,40]. Pad it with zeros.",
        ),
        (
            lambda x: nn.scaled_dot_general(x, x, MATRICES, np.int32, MX),
            TypeError,
            "scaled_dot_general: preferred_element_type must be float32, bfloat16 or "
            "float16, got int32. Convert the result with astype.",
        ),
        (
            lambda x: nn.scaled_dot_general(x, x, MATRICES, configs=MX[:1]),
            ValueError,
            "scaled_dot_general: configs must be those of lhs, rhs and the cotangent, "
            "got 1.",
        ),
        (
            lambda x: grad(
                lambda x: nn.scaled_dot_general(
                    x[:, :32], x[:, :32], MATRICES, configs=MX[:2]
                ).sum()
            )(x),
            ValueError,
            "scaled_dot_general: a derivative needs configs of three, the last for the "
            "cotangent, got two.",
        ),
        (
            lambda x: nn.get_scaled_dot_general_config("fp8"),
            ValueError,
            "get_scaled_dot_general_config: mode must be 'mxfp8' or 'nvfp4', got "
            "'fp8'.",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call(minijax.numpy.ones((2, 40)))

    assert str(raised.value) == message
