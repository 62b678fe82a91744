"""Searching, sorting and sets of jax.numpy."""

from .surface import comparisons, integers, unit
from .written import several, written

ties = integers(-3, 3)

M, T = [(3, 4)], [(2, 3, 4)]

SEARCHES = [
    *several(
        [
            "jnp.compress(np.array([True, False, True]), x, axis=1)",
            "jnp.extract(np.arange(24).reshape(2, 3, 4) % 5 == 0, x)",
            "jnp.choose(jnp.array([0, 2, 1, 0]), [x[0, 0], x[0, 1], x[1, 2]])",
        ],
        T,
        dtypes=("f32", "i8"),
        jit=False,
    ),
    *several(
        [
            "jnp.nonzero(x), jnp.argwhere(x), jnp.flatnonzero(x)",
            "jnp.where(x > 0), x.nonzero()",
            "jnp.extract(x > 0, x), jnp.compress(x[0] > 0, x, axis=1)",
            "jnp.unique(x), jnp.unique(x, return_index=True)",
            "jnp.unique(x, return_inverse=True, return_counts=True)",
            "jnp.unique(x, return_index=True, return_inverse=True, "
            "return_counts=True, axis=0)",
            "jnp.unique(x, axis=1), jnp.unique(x, equal_nan=False)",
            "jnp.unique_values(x), jnp.unique_counts(x)._asdict()",
            "jnp.unique_inverse(x)._asdict(), jnp.unique_all(x)._asdict()",
            "jnp.trim_zeros(jnp.pad(x[0], 2)), jnp.trim_zeros(x[0], 'f')",
            "x[x > 0], x[x[:, 0] > 0], x[:, x[0] > 0], x[x > 9]",
            "x.at[x > 0].set(0), x.at[x[:, 0] > 0, 1].add(2)",
        ],
        M,
        args=ties,
        dtypes=("f32", "i32", "b", "u8", "f64"),
        jit=False,
    ),
    *several(
        [
            "jnp.nonzero(x, size=5)",
            "jnp.nonzero(x, size=20, fill_value=-1)",
            "jnp.nonzero(x, size=14, fill_value=(7, 8))",
            "jnp.argwhere(x, size=5, fill_value=9)",
            "jnp.flatnonzero(x, size=3), jnp.flatnonzero(x, size=20, fill_value=4)",
            "jnp.where(x, size=6, fill_value=2)",
            "jnp.unique(x, size=4)",
            "jnp.unique(x, size=15, fill_value=9)",
            "jnp.unique(x, return_index=True, return_inverse=True, "
            "return_counts=True, size=5)",
            "jnp.unique(x, axis=0, size=4, fill_value=1)",
            "jnp.unique_values(x, size=9), jnp.unique_counts(x, size=9)._asdict()",
            "jnp.unique_all(x, size=9, fill_value=3)._asdict()",
            "jnp.compress(x[0] > 0, x, axis=1, size=3, fill_value=5)",
        ],
        M,
        args=ties,
        dtypes=("f32", "i32", "b", "u8"),
    ),
    *several(
        [
            "jnp.intersect1d(x, y)",
            "jnp.intersect1d(x, y, return_indices=True)",
            "jnp.intersect1d(jnp.unique(x), jnp.unique(y), assume_unique=True)",
            "jnp.setdiff1d(x, y), jnp.setxor1d(x, y), jnp.union1d(x, y)",
            "jnp.setdiff1d(jnp.unique(x), jnp.unique(y), assume_unique=True)",
        ],
        [(6,), (2, 4)],
        args=ties,
        dtypes=("f32", "i32", "i64", ("i32", "f32")),
        jit=False,
    ),
    *several(
        [
            "jnp.isin(x, y), jnp.isin(x, y, invert=True)",
            "jnp.isin(x, y, method='sort'), jnp.isin(x, y, assume_unique=True)",
            "jnp.isin(x, y, method='binary_search')",
            "jnp.isin(x, y, method='compare_all')",
            "jnp.union1d(x, y, size=6), jnp.union1d(x, y, size=20, fill_value=7)",
            "jnp.setdiff1d(x, y, size=4), jnp.setdiff1d(x, y, size=7, fill_value=9)",
            "jnp.setxor1d(x, y, size=4), jnp.setxor1d(x, y, size=12, fill_value=8)",
            "jnp.intersect1d(x, y, size=3), jnp.intersect1d(x, y, size=9, "
            "fill_value=5, return_indices=True)",
        ],
        [(6,), (2, 4)],
        args=ties,
        dtypes=("f32", "i32", "i64", ("i32", "f32"), "u8"),
    ),
    *several(
        [
            "jnp.searchsorted(jnp.sort(x), y)",
            "jnp.searchsorted(jnp.sort(x), y, side='right')",
            "jnp.searchsorted(x, y, sorter=jnp.argsort(x))",
            "jnp.searchsorted(jnp.sort(x), y, method='sort')",
            "jnp.searchsorted(jnp.sort(x), y, method='compare_all')",
            "jnp.searchsorted(jnp.sort(x), y, method='scan_unrolled')",
            "jnp.searchsorted(jnp.sort(x), y[0, 0])",
            "jnp.sort(x).searchsorted(y)",
        ],
        [(7,), (2, 3)],
        args=ties,
        dtypes=("f32", "i32", "f64", "bf16", ("f32", "i32")),
    ),
]

SORTS = [
    *several(
        [
            "jnp.sort(x)",
            "jnp.sort(x, axis=0)",
            "jnp.sort(x, axis=None)",
            "jnp.sort(x, descending=True)",
            "jnp.sort(x, stable=False)",
            "x.sort(axis=1)",
            "jnp.argsort(x)",
            "jnp.argsort(x, axis=0)",
            "jnp.argsort(x, axis=None)",
            "jnp.argsort(x, descending=True)",
            "jnp.argsort(x, stable=True, kind=None)",
            "x.argsort(0)",
            "jnp.lexsort((x, x[::-1]))",
            "jnp.lexsort(x, axis=0)",
            "jnp.sort_complex(x)",
        ],
        M,
        args=ties,
        dtypes=("f32", "i32", "b", "u8", "i8", "bf16", "f16", "f64", "c64"),
        order=1,
    ),
    *several(
        [
            "jnp.sort(jnp.partition(x, 2)[:, :2])",
            "jnp.partition(x, 2)[:, 2], jnp.partition(x, -1, axis=0)[-1]",
        ],
        M,
        args=ties,
        dtypes=("f32", "i32", "u8", "i8", "bf16", "f16", "f64"),
        order=1,
    ),
    *several(
        ["jnp.sort(x / 0)", "jnp.argsort(x / 0), jnp.argsort(x * 0.0)"],
        M,
        args=ties,
        dtypes=("f32", "f64"),
    ),
    *several(
        [
            "jnp.take_along_axis(x, jnp.argpartition(x, 2, axis=1), 1)[:, 2]",
        ],
        M,
        dtypes=("f32", "i32", "f64"),
        args=unit,
    ),
    written("jnp.sort(x), jnp.argsort(x)", [(0,)], [(1,)], dtypes=("f32", "i32")),
]

test_values, test_derivatives = comparisons(SEARCHES + SORTS)
