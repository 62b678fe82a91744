"""Reading and updating parts of arrays in jax.numpy."""

from .elementwise import halves
from .surface import comparisons
from .written import several

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
            "x.at[jnp.array([0, 2])].divide(jnp.abs(y) + 2, unique_indices=True)",
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

test_values, test_derivatives = comparisons(READS + UPDATES + APPLIES)
