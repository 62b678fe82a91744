"""Rotations against SciPy, and their derivatives where JAX's are NaN."""

import warnings

import numpy as np
import pytest
import scipy.interpolate
import scipy.spatial.transform

import minijax
import minijax.numpy as jnp
from minijax.scipy.cluster.vq import vq
from minijax.scipy.interpolate import RegularGridInterpolator
from minijax.scipy.spatial.transform import Rotation, Slerp
from minijax.test_util import check_grads

REFERENCE = scipy.spatial.transform.Rotation
QUATERNIONS = REFERENCE.random(6, rng=np.random.default_rng(0)).as_quat()
SEQUENCES = ("xyz", "yzx", "xzy", "XYZ", "ZYX", "zxz", "xyx", "ZXZ", "YZY")


def pair():
    return Rotation.from_quat(QUATERNIONS), REFERENCE.from_quat(QUATERNIONS)


@pytest.mark.parametrize("name", ["as_matrix", "as_rotvec", "as_mrp", "magnitude"])
def test_representations(name, x64):
    ours, reference = pair()

    np.testing.assert_allclose(
        getattr(ours, name)(), getattr(reference, name)(), atol=1e-12
    )


@pytest.mark.parametrize("seq", SEQUENCES)
def test_euler_angles(seq, x64):
    """SciPy's angles, and back to the same rotations."""
    ours, reference = pair()
    angles = ours.as_euler(seq)

    np.testing.assert_allclose(angles, reference.as_euler(seq), atol=1e-12)
    again = Rotation.from_euler(seq, angles)
    np.testing.assert_allclose(again.as_matrix(), reference.as_matrix(), atol=1e-12)


@pytest.mark.parametrize("seq", SEQUENCES)
@pytest.mark.parametrize("end", [0, 1])
def test_gimbal_lock(seq, end, x64):
    """The third angle is 0, the first is that of SciPy."""
    middle = np.pi * end if seq[0] == seq[2] else np.pi * (end - 0.5)
    angles = [0.3, middle, 0.4]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = REFERENCE.from_euler(seq, angles).as_euler(seq)

    got = Rotation.from_euler(seq, jnp.array(angles)).as_euler(seq)

    np.testing.assert_allclose(got, expected, atol=1e-7)


def test_products_means_and_inverses(x64):
    ours, reference = pair()
    v = np.array([1.0, -2.0, 0.5])

    both = ours[:3] * ours[3:].inv()
    expected = reference[:3] * reference[3:].inv()
    np.testing.assert_allclose(both.as_matrix(), expected.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(ours.apply(v), reference.apply(v), atol=1e-12)
    np.testing.assert_allclose(
        ours.apply(v, inverse=True), reference.apply(v, inverse=True), atol=1e-12
    )
    weights = np.arange(1.0, 7.0)
    np.testing.assert_allclose(
        ours.mean(weights).as_matrix(), reference.mean(weights).as_matrix(), atol=1e-12
    )
    near = Rotation.concatenate([ours[0], ours[1:3], Rotation.identity(2)])
    assert len(near) == 5
    assert not near.single


def test_interpolated_rotations(x64):
    ours, reference = pair()
    times, at = np.arange(6.0), np.linspace(0.0, 5.0, 11)
    expected = scipy.spatial.transform.Slerp(times, reference)(at)

    got = minijax.jit(lambda r, at: Slerp.init(times, r)(at))(ours, at)

    np.testing.assert_allclose(got.as_matrix(), expected.as_matrix(), atol=1e-12)


def test_derivatives_at_the_identity(x64):
    """A small rotation vector r turns by 1 + [r]_x, and comes back as itself."""
    zero = jnp.zeros(3)
    generators = minijax.jacobian(lambda r: Rotation.from_rotvec(r).as_matrix())(zero)
    there_and_back = minijax.jacobian(lambda r: Rotation.from_rotvec(r).as_rotvec())

    cross = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cross[i, k, j], cross[k, i, j] = 1.0, -1.0
    np.testing.assert_allclose(generators, cross, atol=1e-15)
    np.testing.assert_allclose(there_and_back(zero), np.eye(3), atol=1e-15)
    log = minijax.jacobian(lambda m: Rotation.from_matrix(m).as_rotvec())(jnp.eye(3))
    assert np.isfinite(log).all()
    check_grads(lambda r: Rotation.from_rotvec(r).as_rotvec(), (zero,), order=2)
    size = minijax.grad(lambda r: Rotation.from_rotvec(r).magnitude())
    assert size(zero).tolist() == [0.0, 0.0, 0.0]


def test_series_meet_the_functions(x64):
    """On both sides of where a series takes over."""
    axis = np.array([1.0, 2.0, 2.0]) / 3
    angles = np.array([0.0, 1e-12, 0.19, 0.21, 0.99, 1.01, 3.1])
    vectors = angles[:, None] * axis
    turned = Rotation.from_rotvec(vectors)

    np.testing.assert_allclose(
        turned.as_quat(), REFERENCE.from_rotvec(vectors).as_quat(), atol=2e-16
    )
    np.testing.assert_allclose(turned.as_rotvec(), vectors, rtol=1e-14, atol=1e-28)
    for v in vectors[1:]:
        check_grads(lambda r: Rotation.from_rotvec(r).as_rotvec(), (v,), order=2)


def test_rotations_are_containers(x64):
    ours, _ = pair()
    turned = minijax.vmap(lambda r, v: r.apply(v))(ours, np.ones((6, 3)))

    np.testing.assert_allclose(turned, ours.apply(np.ones((6, 3))), atol=1e-15)
    drawn = Rotation.random(minijax.random.key(0), 2000)
    assert float(jnp.abs(drawn.as_matrix().mean(0)).max()) < 0.06


POINTS = (np.array([0.0, 1.0, 3.0]), np.array([-1.0, 0.0, 0.5, 2.0]))
VALUES = np.random.default_rng(1).normal(size=(3, 4))
AT = np.random.default_rng(2).uniform([-0.5, -1.5], [3.5, 2.5], (50, 2))


@pytest.mark.parametrize("method", ["linear", "nearest"])
@pytest.mark.parametrize("fill_value", [np.nan, None, -1.0])
@pytest.mark.parametrize("descending", [False, True])
def test_interpolation_on_a_grid(method, fill_value, descending, x64):
    """SciPy's values; also for coordinates that descend."""
    points, values = POINTS, VALUES
    if descending:
        points, values = (points[0], points[1][::-1]), values[:, ::-1]
    options = {"method": method, "fill_value": fill_value, "bounds_error": False}
    expected = scipy.interpolate.RegularGridInterpolator(points, values, **options)
    got = RegularGridInterpolator(points, values, **options)

    np.testing.assert_allclose(got(AT), expected(AT), rtol=1e-12, atol=1e-12)


def test_interpolation_is_differentiable(x64):
    """In the values, the points and the coordinates."""

    def f(grid, values, at):
        return RegularGridInterpolator((grid, POINTS[1]), values)(at)

    at = jnp.array([[0.4, 0.3], [2.0, 1.0]])
    check_grads(f, (jnp.asarray(POINTS[0]), jnp.asarray(VALUES), at), order=2)


def test_an_observation_that_is_a_code(x64):
    """The slope of a distance that is 0 is 0, not NaN."""
    codes = jnp.array([[0.0, 0.0], [1.0, 1.0]])
    slope = minijax.grad(lambda x: vq(x, codes)[1].sum())

    np.testing.assert_allclose(slope(codes + jnp.array([[0.0, 0.0], [3.0, 4.0]])),
                               [[0.0, 0.0], [0.6, 0.8]])  # fmt: skip


REFUSALS = [
    (
        lambda: Rotation.from_quat(np.ones(3)),
        ValueError,
        "from_quat: quat must have 4 elements along the last axis, got f64[3].",
    ),
    (
        lambda: Rotation.from_euler("xyq", np.ones(3)),
        ValueError,
        "from_euler: expected axes from `seq` to be from ['x', 'y', 'z'] or ['X', 'Y', "
        "'Z'], got 'xyq'.",
    ),
    (
        lambda: Rotation.from_euler("xx", np.ones(2)),
        ValueError,
        "from_euler: expected consecutive axes to be different, got 'xx'.",
    ),
    (
        lambda: Rotation.identity().as_euler("xy"),
        ValueError,
        "as_euler: expected 3 axes, got 'xy'.",
    ),
    (
        lambda: len(Rotation.identity()),
        TypeError,
        "Rotation: a single rotation has no len().",
    ),
    (
        lambda: Rotation.identity()[0],
        TypeError,
        "Rotation: a single rotation is not subscriptable.",
    ),
    (
        lambda: Rotation.identity() * 2,
        TypeError,
        "unsupported operand type(s) for *: 'Rotation' and 'int'",
    ),
    (
        lambda: Slerp.init(np.ones(2), Rotation.identity()),
        ValueError,
        "Slerp.init: `rotations` must be a sequence of at least 2 rotations, got "
        "quaternions f64[4].",
    ),
    (
        lambda: RegularGridInterpolator(POINTS, VALUES[:2]),
        ValueError,
        "RegularGridInterpolator: the points of axis 0 must be a vector of 2 elements, "
        "as values has on that axis, got f64[3].",
    ),
    (
        lambda: RegularGridInterpolator((np.array([1.0, 1.0]),), np.ones(2)),
        ValueError,
        "RegularGridInterpolator: the points of axis 0 must be strictly ascending or "
        "descending, got [1.0, 1.0].",
    ),
    (
        lambda: RegularGridInterpolator(POINTS, VALUES)(np.ones(3)),
        TypeError,
        "RegularGridInterpolator: points must have 2 coordinates along the last axis, "
        "as the grid has axes, got f64[1,3].",
    ),
    (
        lambda: RegularGridInterpolator(POINTS, VALUES, bounds_error=True),
        NotImplementedError,
        "RegularGridInterpolator: `bounds_error` is not supported, since a compiled "
        "program does not raise. Use fill_value.",
    ),
    (
        lambda: vq(np.ones((2, 3)), np.ones((0, 3))),
        ValueError,
        "vq: the code_book must have a code, got f64[0,3].",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS)
def test_refusals_say_what_to_do(call, error, message, x64):
    with pytest.raises(error) as caught:
        call()

    assert str(caught.value).split("\n")[0] == message
