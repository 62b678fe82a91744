"""Indexing, updates, searching, sorting and sets of jax.numpy."""

from .surface import comparisons, drawn, integers, unit
from .written import several, written

halves = drawn(lambda stream, shape: stream.integers(-6, 7, size=shape) / 2)
ties = integers(-3, 3)
M, T = [(3, 4)], [(2, 3, 4)]

READS = [
    *several(
        [
            "x[0], x[-1], x[1, 2], x[0, -1, 1]",
            "x[1:], x[:, ::2], x[..., ::-1], x[:, 1:1]",
            "x[None], x[:, None, 0], x[..., None], x[0, None, :, None, 1]",
            "x[..., 1], x[1, ...], x[..., -1:, :]",
            "x[np.array([0, 1, 1])], x[jnp.array([1, 0])]",
            "x[:, jnp.array([[0, 2], [1, 1]])]",
            "x[jnp.array([0, 1]), :, jnp.array([2, 3])]",
            "x[jnp.array([0, 1]), jnp.array([1, 2])]",
            "x[0, :, jnp.array([1, 2])], x[:, jnp.array([0]), 1:3]",
            "x[jnp.array([[0], [1]]), jnp.array([0, 2])]",
            "x[np.array([True, False])]",
            "x[:, np.array([True, False, True])]",
            "x[np.array([[True, False, True], [False, True, False]])]",
            "x[np.ones((2, 3, 4), bool)], x[..., np.array([False] * 4)]",
            "x[True], x[False], x[True, None]",
            "x[jnp.array(1)], x[jnp.array(-1), jnp.array(5)]",
            "x[np.uint8(1)], x[jnp.array([1], 'uint8')], x[jnp.array([5, -9])]",
            "x[[0, 1], 1], x[:, [0, 2]]",
            "x[slice(None), slice(0, 3, 2)], x[()], x[...]",
            "x[jnp.array([], dtype=int)], x[jnp.zeros((0, 2), int)]",
            "x.at[1].get(), x.at[jnp.array([0, 5])].get(mode='clip')",
            "x.at[7].get(mode='fill', fill_value=1)",
            "x.at[jnp.array([0, 5, -3])].get(mode='fill')",
            "x.at[jnp.array([0, 1])].get(mode='promise_in_bounds')",
            "x.at[:, jnp.array([0, 9])].get(mode='drop')",
            "x.at[jnp.array([0, -1])].get(wrap_negative_indices=False)",
            "jnp.take(x, jnp.array([0, 5, 23]))",
            "jnp.take(x, 2, axis=1), jnp.take(x, jnp.array([[0, 1]]), axis=-1)",
            "jnp.take(x, jnp.array([0, 9, -1]), axis=1)",
            "jnp.take(x, jnp.array([0, 9, -9]), axis=1, mode='clip')",
            "jnp.take(x, jnp.array([0, 9, -9]), axis=2, mode='wrap')",
            "jnp.take(x, jnp.array([0, 9]), axis=1, mode='fill', fill_value=1)",
            "x.take(jnp.array([1, 0]), axis=0)",
            "jnp.take_along_axis(x, jnp.argsort(x, axis=1), axis=1)",
            "jnp.take_along_axis(x, jnp.array([[[0]], [[2]]]), 1)",
            "jnp.take_along_axis(x, jnp.array([3, 99, -1]), axis=None)",
            "jnp.take_along_axis(x, jnp.ones((2, 3, 2), int) * 5, 2, mode='clip')",
            "jnp.compress(jnp.array([True, False]), x, axis=0, size=1)",
            "jnp.extract(x != 0, x, size=10, fill_value=7)",
            "jnp.select([x > 1, x > 0], [x, x * 2], 5)",
            "jnp.select([x != 0], [x])",
            "jnp.piecewise(x, [x < 0, x > 1], [lambda v: v * 2, 3, lambda v: v])",
            "jnp.choose(jnp.array([0, 5, -1, 0]), [x[0], 2, 3], mode='clip')",
            "jnp.choose(jnp.array([0, 5, -1, 0]), [x[0], 2, 3], mode='wrap')",
            "[row.sum() for row in x]",
        ],
        T,
        args=halves,
        dtypes=("f32", "i32", "f64", "u8"),
        order=1,
    ),
    *several(
        [
            "x[i] if (i := jnp.argmax(x[:, 0])) is not None else 0",
            "x[:, jnp.argmin(x[0])], x[jnp.argmax(x[:, 0]), 1:3]",
            "lax.dynamic_index_in_dim(x, jnp.argmax(x[:, 1]), 0)",
            "jnp.take(x, jnp.argmax(x[:, 0]), axis=0)",
            "x[jnp.array([1, 2]), jnp.argmax(x[0])]",
            "x[jnp.where(x[:, 0] > 0, 0, -1)]",
        ],
        M,
        dtypes=("f32", "f64"),
        order=1,
    ),
    *several(
        ["x[()], x[None], x[...], x[..., None]", "x.at[()].set(2), x.at[...].add(1)"],
        [()],
        dtypes=("f32", "i8"),
    ),
]

INDICES = ("1", ":, 2", "jnp.array([0, 2])", "..., jnp.array([3, -1])", "0, 1:3")
UPDATES = [
    *several(
        [
            *[
                f"x.at[{i}].{op}(2)"
                for i in INDICES
                for op in "set add multiply min max".split()
            ],
            *[
                f"x.at[{i}].{op}(3)"
                for i in ("1", "jnp.array([0, 0, 2])")
                for op in "subtract mul divide".split()
            ],
            "x.at[0].power(2), x.at[jnp.array([1, 1])].power(2)",
            "x.at[5].set(1), x.at[5].add(1), x.at[-9].set(1)",
            "x.at[5].set(1, mode='clip'), x.at[-9].add(1, mode='clip')",
            "x.at[jnp.array([0, 9])].set(4, mode='drop')",
            "x.at[jnp.array([0, 1])].set(4, mode='promise_in_bounds')",
            "x.at[-1].set(5, wrap_negative_indices=False)",
            "x.at[jnp.array([0, 2])].add(1, indices_are_sorted=True, "
            "unique_indices=True)",
            "x.at[::2, ::-1].set(jnp.arange(8).reshape(2, 4))",
            "x.at[None, 0].set(7), x.at[0, None].add(jnp.arange(4))",
            "x.at[1].set(jnp.arange(4)), x.at[:, 0].set(jnp.arange(3))",
            "x.at[jnp.array([0, 2]), 1:3].set(jnp.ones((2, 2)))",
            "x.at[jnp.array([0, 2]), jnp.array([1, 3])].add(jnp.array([10, 20]))",
            "x.at[np.array([True, False, True])].set(9)",
            "x.at[np.array([True, False, True])].add(jnp.ones((2, 4)))",
            "x.at[np.array([True, False, True]), 1].multiply(2)",
            "x.at[[0, 1]].set(1) if False else x.at[:, [0, 1]].set(1)",
            "x.at[0].set([1, 2, 3, 4])",
            "jnp.put(x, jnp.array([0, 5, -1]), 9, inplace=False)",
            "jnp.put(x, jnp.array([0, 99]), jnp.array([7, 8]), mode='clip', "
            "inplace=False)",
            "jnp.put(x, jnp.array([0, 13]), jnp.array([7, 8]), mode='wrap', "
            "inplace=False)",
            "jnp.place(x, x > 0, jnp.array([1, 2]), inplace=False)",
            "jnp.put_along_axis(x, jnp.array([[1], [0], [3]]), 5, 1, inplace=False)",
            "jnp.put_along_axis(x, jnp.array([1, 5]), 5, None, inplace=False)",
        ],
        M,
        args=halves,
        dtypes=("f32", "i32", "f64", "bf16"),
        order=1,
    ),
    *several(
        [
            "x.at[1].set(y)",
            "x.at[:, 1:3].add(y[:2])",
            "x.at[jnp.array([0, 2])].multiply(y, unique_indices=True)",
            "x.at[jnp.array([0, 0])].add(y)",
            "x.at[0].min(y), x.at[jnp.array([1, 2])].max(y)",
            "x.at[jnp.array([0, 2])].divide(y, unique_indices=True)",
            "jnp.abs(x).at[0].power(jnp.abs(y))",
            "x.at[2].subtract(y)",
        ],
        [(3, 4), (4,)],
        dtypes=("f32", "f64", "i32", ("f32", "i32"), ("f32", "bf16"), ("c64", "f32")),
        order=2,
    ),
]

APPLIES = [
    *several(
        [
            "x.at[0].apply(lambda v: v * 2), x.at[:, 1].apply(jnp.square)",
            "x.at[jnp.array([1, 1])].apply(lambda v: v + 1)",
        ],
        M,
        args=halves,
        dtypes=("f32", "i32", "bf16"),
        order=1,
        slopes="differences",  # jax has none
    ),
]

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
        dtypes=("f32", "f64", "c64"),
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

test_values, test_derivatives = comparisons(
    READS + UPDATES + APPLIES + SEARCHES + SORTS
)
