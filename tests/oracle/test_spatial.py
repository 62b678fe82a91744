"""Rotations, interpolation on grids and vector quantisation, compared with jax's."""

import importlib

import numpy as np

from .surface import Row, comparisons, drawn, integers, normal, uniform

FLOATS = ("f32", "f64")


def module_of(package, name):
    """A module of the package, which jax imports only when asked to."""
    return importlib.import_module(f"{package.__name__}.{name}")


def transform(package):
    return module_of(package, "scipy.spatial.transform")


def rotation(package, quat):
    return transform(package).Rotation.from_quat(quat)


def rotation_row(text, call, *shapes, draw=normal, order=0, **options):
    return Row(
        f"scipy.spatial.transform.{text}",
        options.pop("args", (draw,) * len(shapes[0])),
        shapes=shapes,
        dtypes=options.pop("dtypes", FLOATS),
        call=call,
        order=order,
        **options,
    )


def of_class(name, *args):
    def call(package, *given):
        Rotation = transform(package).Rotation
        return getattr(Rotation, name)(*args, *given)

    return call


def method(name, **kwargs):
    def call(package, quat, *given):
        return getattr(rotation(package, quat), name)(*given, **kwargs)

    return call


Q = ((4,),), ((3, 4),)
V = ((3,),), ((2, 3),)


def orthogonal(stream, shape):
    q, _ = np.linalg.qr(stream.normal(size=shape))
    return q * np.sign(np.linalg.det(q))[..., None, None]


ROTATIONS = [
    rotation_row("from_quat", of_class("from_quat"), *Q, order=2),
    rotation_row("from_rotvec", of_class("from_rotvec"), *V, order=2),
    rotation_row(
        "from_rotvec:degrees",
        lambda package, v: transform(package).Rotation.from_rotvec(
            v, degrees=True
        ),
        *V,
        dtypes=("f32", "i32"),
        draw=uniform(-400, 400),
    ),
    rotation_row("from_mrp", of_class("from_mrp"), *V, order=1),
    rotation_row(
        "from_matrix",
        of_class("from_matrix"),
        ((3, 3),),
        ((4, 3, 3),),
        draw=drawn(orthogonal),
        order=1,
    ),
    *[
        rotation_row(
            f"from_euler:{seq}",
            of_class("from_euler", seq),
            ((len(seq),),),
            ((2, len(seq)),),
            dtypes=("f32",),
        )
        for seq in ("x", "ZY", "xyz", "XYZ", "zxz", "YXY")
    ],
    rotation_row("from_euler", of_class("from_euler", "z"), ((),), dtypes=("float",)),
    rotation_row("as_quat", method("as_quat"), *Q),
    rotation_row("as_quat:canonical", method("as_quat", canonical=True), *Q),
    rotation_row("as_quat:first", method("as_quat", scalar_first=True), *Q),
    rotation_row("as_matrix", method("as_matrix"), *Q, order=2),
    rotation_row("as_rotvec", method("as_rotvec"), *Q, order=2),
    rotation_row("as_rotvec:degrees", method("as_rotvec", degrees=True), *Q),
    rotation_row("as_mrp", method("as_mrp"), *Q, order=1),
    *[
        rotation_row(
            f"as_euler:{seq}",
            lambda package, quat, seq=seq: rotation(package, quat).as_euler(seq),
            *Q,
            dtypes=("f32",),
        )
        for seq in ("xyz", "zxy", "XYZ", "YZX", "zxz", "YXY")
    ],
    rotation_row("magnitude", method("magnitude"), *Q, order=1),
    rotation_row("inv", method("inv"), *Q),
    rotation_row(
        "mean",
        lambda package, quat: rotation(package, quat).mean().as_matrix(),
        ((5, 4),),
    ),
    rotation_row(
        "mean:weights",
        lambda package, quat, w: rotation(package, quat)
        .mean(package.numpy.abs(w))
        .as_matrix(),
        ((5, 4), (5,)),
    ),
    rotation_row(
        "apply", method("apply"), ((4,), (3,)), ((3, 4), (3,)), ((4,), (2, 3)), order=1
    ),
    rotation_row("apply:inverse", method("apply", inverse=True), ((3, 4), (3, 3))),
    rotation_row(
        "mul",
        lambda package, p, q: rotation(package, p) * rotation(package, q),
        ((4,), (4,)),
        ((3, 4), (4,)),
        ((4,), (3, 4)),
        ((3, 4), (3, 4)),
        order=1,
    ),
    rotation_row("getitem", lambda package, q: rotation(package, q)[1:], ((3, 4),)),
    rotation_row(
        "len", lambda package, q: len(rotation(package, q)), ((3, 4),), jit=False
    ),
    rotation_row(
        "concatenate",
        lambda package, p, q: transform(package).Rotation.concatenate(
            [rotation(package, p), rotation(package, q)]
        ),
        ((3, 4), (2, 4)),
    ),
    rotation_row(
        "identity", lambda package: transform(package).Rotation.identity(),
        (), dtypes=((),),
    ),
    # Outside, jax reads past the ends of its arrays.
    rotation_row(
        "Slerp",
        lambda package, quat, t: slerp(package, quat)(t),
        ((3, 4), ()),
        ((3, 4), (5,)),
        order=1,
        args=(normal, uniform(-0.95, 1.95)),
    ),
    rotation_row("Slerp:tree", lambda package, quat: slerp(package, quat), ((3, 4),)),
]  # fmt: skip


def slerp(package, quat):
    times = package.numpy.asarray([-1.0, 0.0, 2.0], quat.dtype)
    return transform(package).Slerp.init(times, rotation(package, quat))


def interpolator(package, values, **options):
    points = tuple(
        [package.numpy.asarray([0.0, 0.5, 2.0, 3.0][:n]) for n in values.shape[:2]]
    )
    make = module_of(package, "scipy.interpolate").RegularGridInterpolator
    return make(points, values, **options)


def grid_row(name, *shapes, order=0, dtypes=FLOATS, draw=normal, **options):
    return Row(
        "scipy.interpolate.RegularGridInterpolator",
        (draw, uniform(-0.5, 2.5)),
        shapes=shapes,
        dtypes=dtypes,
        call=lambda package, values, x: interpolator(package, values, **options)(x),
        order=order,
        name=name,
    )


INTERPOLATION = [
    grid_row("linear", ((4, 3), (5, 2)), ((4, 3), (2,)), ((4, 3), (2, 3, 2))),
    grid_row("extrapolated", ((4, 3), (5, 2)), fill_value=None, order=1),
    grid_row("filled", ((4, 3), (5, 2)), fill_value=-1.0),
    grid_row("nearest", ((4, 3), (5, 2)), ((4, 4), (2,)), method="nearest"),
    grid_row("trailing", ((4, 3, 2), (5, 2))),
    grid_row(
        "types",
        ((4, 3), (5, 2)),
        dtypes=(("i32", "f32"), ("f16", "f32"), ("f32", "i32"), ("c64", "f32")),
    ),
    Row(
        "scipy.interpolate.RegularGridInterpolator",
        (normal, uniform(0, 2), uniform(0, 2)),
        shapes=(((4, 3), (), (5,)), ((4, 3), (2, 1), (3,))),
        call=lambda package, values, x, y: interpolator(package, values)((x, y)),
        name="tuple",
    ),
    Row(
        "scipy.interpolate.RegularGridInterpolator",
        (normal, uniform(0, 2)),
        shapes=(((4, 3), (5, 2)),),
        call=lambda package, values, x: interpolator(package, values)(x, "nearest"),
        name="method",
    ),
]

QUANTISATION = [
    Row(
        "scipy.cluster.vq.vq",
        (normal, normal),
        shapes=(((5, 3), (4, 3)), ((5,), (4,)), ((0, 3), (4, 3)), ((5, 3), (1, 3))),
        dtypes=("f32", "f64", "f16", "i32"),
        order=1,
    ),
    Row(
        "scipy.cluster.vq.vq",
        (integers(0, 2), integers(0, 2)),
        shapes=(((9, 2), (4, 2)),),
        dtypes=("f32",),
        name="ties",
    ),
]

ROWS = [*ROTATIONS, *INTERPOLATION, *QUANTISATION]

test_values, test_derivatives = comparisons(ROWS)
