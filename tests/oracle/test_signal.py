"""Signal processing, cosine transforms and interpolation, compared with jax's."""

import importlib

from .surface import Row, comparisons, normal, uniform

MODES = ("full", "same", "valid")
FLOATS = ("f32", "f64", "c64", "i32")
ORDINARY = (*FLOATS, "b")
PAIRS = (((7,), (3,)), ((3, 4), (2, 2)), ((2, 2), (3, 4)))


def called(module: str, name: str, shapes, args=normal, dtypes=("f32",), **options):
    """A row for a function of a submodule of scipy, which is imported first."""
    kwargs = options.pop("kwargs", {})
    draws = args if isinstance(args, tuple) else (args,) * len(shapes[0])

    def call(package, *values):
        found = importlib.import_module(f"{package.__name__}.scipy.{module}")
        return getattr(found, name)(*values, **kwargs)

    path = f"scipy.{module}.{name}"
    label = options.pop("name", f"{kwargs}" if kwargs else "")
    return Row(
        path, draws, shapes=shapes, dtypes=dtypes, call=call, name=label, **options
    )


def interpolated(dtype, degree: int, mode: str, **options) -> Row:
    """A row for interpolation in a matrix at coordinates on both axes."""

    def call(package, x, i, j):
        found = importlib.import_module(f"{package.__name__}.scipy.ndimage")
        return found.map_coordinates(x, [i, j], degree, mode, cval=1.5)

    return Row(
        "scipy.ndimage.map_coordinates",
        (normal, uniform(-4, 7), uniform(-6, 9)),
        shapes=(((3, 5), (6,), (6,)),),
        dtypes=((dtype, "f64" if dtype == "f64" else "f32", "f32"),),
        call=call,
        name=f"{degree} {mode}",
        **options,
    )


SPECTRAL = [
    {"nperseg": 16},
    {"fs": 2.0, "window": "hamming", "nperseg": 10, "noverlap": 3, "nfft": 15},
    {"nperseg": 12, "return_onesided": False, "detrend": "linear"},
]
ROWS = [
    *[
        called("signal", name, PAIRS, dtypes=dtypes, kwargs={"mode": mode}, order=1)
        for name in ("convolve", "correlate", "fftconvolve")
        for mode, dtypes in zip(MODES, (ORDINARY, ("c64",), ("f32",)), strict=True)
    ],
    *[
        called("signal", name, PAIRS[1:], dtypes=dtypes, kwargs={"mode": mode})
        for name, modes in (
            # Valid places of a smaller and a larger complex matrix are wrong in jax.
            ("convolve2d", ("full", "same", "valid")),
            ("correlate2d", ("full", "same")),
        )
        for mode, dtypes in zip(modes, (ORDINARY, ("c64",), ("f32",)), strict=False)
    ],
    called("signal", "convolve", PAIRS, kwargs={"method": "fft"}),
    called("signal", "fftconvolve", (((3, 4), (2, 4)),), kwargs={"axes": (0,)}),
    *[
        called(
            "signal", "detrend", (((2, 9),),), dtypes=FLOATS, kwargs=kwargs, order=1
        )
        for kwargs in ({}, {"type": "constant", "axis": 0}, {"bp": [4, 4, 7]})
    ],
    *[
        called("signal", name, (((2, 40),),) , dtypes=("f32", "c64"), kwargs=kwargs)
        for name in ("stft", "welch")
        for kwargs in SPECTRAL
    ],
    *[
        called("signal", "stft", (((40,),),), kwargs={"nperseg": 16, **kwargs}, order=1)
        for kwargs in (
            {"boundary": None},
            {"boundary": "odd", "padded": False},
            {"boundary": "even", "noverlap": 5},
        )
    ],
    *[
        called("signal", "csd", (((30,), (40,)),), dtypes=dtypes, kwargs=kwargs)
        for dtypes, kwargs in (
            (("f32", "c64"), {"nperseg": 16}),
            (("f32",), {"nperseg": 16, "average": "median", "scaling": "spectrum"}),
        )
    ],
    *[
        called("signal", "istft", (((9, 6),),), dtypes=("c64", "c128"), kwargs=kwargs)
        for kwargs in (
            {},
            {"nperseg": 12, "noverlap": 5},
            {"boundary": False, "window": "boxcar"},
            {"input_onesided": False, "nperseg": 9},
        )
    ],
    *[
        called("fft", name, (((4,),), ((3, 5),)), dtypes=dtypes, order=1)
        # Jax rounds some steps of inverses to the half precision of the input.
        for name, dtypes in (
            ("dct", (*ORDINARY, "f16")),
            ("idct", ORDINARY),
            ("dctn", (*ORDINARY, "f16")),
            ("idctn", ORDINARY),
        )
    ],
    *[
        called("fft", name, (((3, 5),),), kwargs=kwargs, dtypes=("f32", "f64"))
        for name in ("dct", "idct")
        for kwargs in ({"n": 7, "norm": "ortho"}, {"axis": 0, "n": 2})
    ],
    *[
        called("fft", name, (((3, 5),),), kwargs=kwargs)
        for name in ("dctn", "idctn")
        for kwargs in ({"s": (2, 6), "norm": "ortho"}, {"axes": (1,)}, {"s": 3})
    ],
    *[
        interpolated("f32", order, mode, order=order)
        for order in (0, 1)
        for mode in ("constant", "nearest", "mirror", "reflect", "wrap")
    ],
    *[interpolated(dtype, 1, "constant") for dtype in ("f64", "i32", "u8", "b", "c64")],
    *[interpolated(dtype, 0, "mirror") for dtype in ("f16", "i32", "b", "c64")],
]  # fmt: skip

test_values, test_derivatives = comparisons(ROWS)
