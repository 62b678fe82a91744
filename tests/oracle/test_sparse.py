"""Sparse arrays, compared with jax's.

Results are compared as dense arrays, with their types and layouts. Where padding is,
and how many elements an intermediate result stores, is each package's own.
"""

import importlib

import numpy as np

from .surface import Row, comparisons, drawn, resolve

PATH = "experimental.sparse"


def _holes(stream, shape):
    return stream.normal(size=shape) * (stream.uniform(size=shape) < 0.5)


holes = drawn(_holes)
whole = drawn(lambda stream, shape: stream.normal(size=shape) + 2)
LAYOUTS = ((0, 0), (1, 0), (0, 1))


def module(package):
    return importlib.import_module(f"{package.__name__}.{PATH}")


def seen(package, value):
    """A result as arrays: dense, with n_batch and n_dense."""
    sparse = module(package)
    if isinstance(value, tuple | list):
        return [seen(package, x) for x in value]
    if isinstance(value, sparse.BCOO):
        # The layout as a shape, which jit leaves alone.
        layout = package.numpy.zeros((value.n_batch, value.n_dense))
        return sparse.todense(value), layout
    return sparse.todense(value)


def of(f, n_batch=0, n_dense=0):
    """f(sparse, x, *others) of a BCOO array."""

    def call(package, A, *others):
        sparse = module(package)
        nse = int(np.prod(A.shape[n_batch : A.ndim - n_dense]))
        x = sparse.BCOO.fromdense(A, nse=nse, n_batch=n_batch, n_dense=n_dense)
        return seen(package, f(sparse, x, *others))

    return call


def slopes(f, n_batch=0, n_dense=0):
    """The data of the gradient of sum(f(x) ** 2)."""

    def call(package, A, *others):
        sparse = module(package)
        nse = int(np.prod(A.shape[n_batch : A.ndim - n_dense]))
        x = sparse.BCOO.fromdense(A, nse=nse, n_batch=n_batch, n_dense=n_dense)

        def loss(x, *others):
            return (sparse.todense(f(sparse, x, *others)) ** 2).sum()

        return seen(package, sparse.grad(loss)(x, *others))

    return call


def row(name, f, others=(), shape=(3, 4), layout=(0, 0), dtypes=("f32",), **more):
    shapes = ((shape, *others),)
    args = (holes, *[whole] * len(others))
    return Row(
        f"{PATH}.BCOO", args, call=of(f, *layout), shapes=shapes, dtypes=dtypes,
        name=f"{name} {layout[0]}{layout[1]}", **more,
    )  # fmt: skip


SHAPING = {
    "todense": lambda s, x: x,
    "neg": lambda s, x: -x,
    "scale": lambda s, x: 2 * x / 3,
    "square": lambda s, x: x * x,
    "power": lambda s, x: x**2,
    "add": lambda s, x: x + x,
    "astype": lambda s, x: x.astype("complex64"),
    "sum": lambda s, x: x.sum(),
    "sum 0": lambda s, x: x.sum(0),
    "sum 1": lambda s, x: x.sum(-1),
    "row": lambda s, x: x[1],
    "last": lambda s, x: x[-1],
    "column": lambda s, x: x[:, 2],
    "element": lambda s, x: x[1, 2],
    "cut": lambda s, x: x[1:, ::2],
    "back": lambda s, x: x[::-1],
    "new axis": lambda s, x: x[None],
    "rows": lambda s, x: x[np.array([2, 0, 1, 0])],
    "dynamic": lambda s, x: s.bcoo_dynamic_slice(x, (1, 1), (2, 2)),
    "rev": lambda s, x: s.bcoo_rev(x, dimensions=(0, 1)),
    "flat": lambda s, x: s.bcoo_update_layout(x, n_batch=0, n_dense=0),
    "sums": lambda s, x: s.bcoo_sum_duplicates(x, nse=x.nse),
    "sorted": lambda s, x: x.sort_indices(),
    "repeat": lambda s, x: s.bcoo_broadcast_in_dim(
        x, shape=(2, 3, 4), broadcast_dimensions=(1, 2)
    ),
}
# jax has no layout for these, or fails in its own reshape.
OWN = {("repeat", (0, 0)), ("repeat", (0, 1)), ("rows", (0, 1))}
SPARSE_ONLY = {
    "T": lambda s, x: x.T,
    "reshape": lambda s, x: x.reshape(2, 6),
    "reshape -1": lambda s, x: x.reshape(-1),
    "permuted reshape": lambda s, x: s.bcoo_reshape(
        x, new_sizes=(6, 2), dimensions=(1, 0)
    ),
    "side by side": lambda s, x: s.bcoo_concatenate([x, 2 * x], dimension=1),
    "one below": lambda s, x: s.bcoo_concatenate([x, 2 * x], dimension=0),
    "square product": lambda s, x: x @ x.T,
    "inner product": lambda s, x: x[0] @ x[1],
    "n_batch": lambda s, x: s.bcoo_update_layout(x, n_batch=1, on_inefficient=None),
    "n_dense": lambda s, x: s.bcoo_update_layout(x, n_dense=1, on_inefficient=None),
    "contract all": lambda s, x: s.bcoo_dot_general(
        x, x, dimension_numbers=(((0, 1), (0, 1)), ((), ()))
    ),
    "abs": lambda s, x: abs(x),
    "sparsify": lambda s, x: s.sparsify(lambda x: (x.T * 2)[1:].sum(0))(x),
    "BCSR": lambda s, x: s.BCSR.from_bcoo(x),
    "len": lambda s, x: (len(x) * x, [r * 1 for r in x]),
}


def branches(f, g):
    """One of two functions of (x, v), by the sign of the first element of v."""

    def call(s, x, v):
        lax = resolve(s.__name__.partition(".")[0], "lax")
        chosen = s.sparsify(lambda x, v: lax.cond(v[0] > 2, f, g, x, v))
        return chosen(x, v), s.sparsify(lambda x: lax.cond(True, f, g, x, v))(x)

    return call


def doubled(s, x, v):
    """x, doubled until the sum of x @ v is large, and how often."""
    lax = resolve(s.__name__.partition(".")[0], "lax")

    def loop(x, v):
        def going(state):
            return (abs(state[1]) @ v).sum() < 50

        return lax.while_loop(going, lambda s: (s[0] + 1, s[1] + s[1]), (0, x))

    return s.sparsify(loop)(x, v)


def taken(index):
    return lambda s, x: s.sparsify(lambda x: x[index])(x)


CONTROL = [
    ("cond", branches(lambda x, v: 2 * x, lambda x, v: x / 3), ((4,),)),
    ("cond dense", branches(lambda x, v: x @ v, lambda x, v: 2 * v[:3]), ((4,),)),
    ("while", doubled, ((4,),)),
]
TAKEN = {
    "rows": np.array([2, 0, 1, 0]),
    "matrix of rows": np.array([[2, 0], [1, 0]]),
    "columns": (slice(None), np.array([1, 0, 3])),
    "elements": (np.array([2, 0]), np.array([1, 3])),
    "part of rows": (np.array([2, 0]), slice(1, 3)),
}
PRODUCTS = [
    ("vector", lambda s, x, v: x @ v, ((4,),), ((0, 0), (1, 0))),
    ("matrix", lambda s, x, v: x @ v, ((4, 2),), ((0, 0), (1, 0))),
    ("from left", lambda s, x, v: v @ x, ((2, 3),), ((0, 0),)),
    ("times dense", lambda s, x, v: (x * v, v * x, x / v), ((3, 4),), LAYOUTS),
    ("times row", lambda s, x, v: x * v, ((4,),), LAYOUTS),
    ("plus dense", lambda s, x, v: x + v, ((3, 4),), LAYOUTS),
    ("extract", lambda s, x, v: s.bcoo_extract(x, v), ((3, 4),), LAYOUTS),
    ("multiply", lambda s, x, v: s.bcoo_multiply_dense(x, v), ((3, 4),), LAYOUTS),
    (
        "batched",
        lambda s, x, v: s.bcoo_dot_general(
            x, v, dimension_numbers=(((1,), (1,)), ((0,), (0,)))
        ),
        ((3, 4, 2),),
        ((1, 0),),
    ),
    (
        "sampled",
        lambda s, x, v: s.bcoo_dot_general_sampled(
            v, x.todense(), x.indices[:5], dimension_numbers=(((0,), (1,)), ((), ()))
        ),
        ((4, 3),),
        ((0, 0),),
    ),
    ("sparsify", lambda s, x, v: s.sparsify(lambda x, v: x.T @ v + 1)(x, v), ((3,),),
     ((0, 0),)),
    (
        "loop",
        lambda s, x, v: s.sparsify(
            lambda x: resolve(s.__name__.partition(".")[0], "lax.fori_loop")(
                0, 3, lambda i, y: y * 2, x
            )
        )(x),
        ((1,),),
        ((0, 0),),
    ),
]  # fmt: skip


def other(kind, f):
    """f of a matrix in another format."""

    def call(package, A, *others):
        sparse = module(package)
        x = getattr(sparse, kind).fromdense(A, nse=A.size)
        return seen(package, f(sparse, x, *others))

    return call


def scaled_rows(s, x):
    return s.jacrev(lambda x: (x.T * 2).todense().sum(1))(x)


def named(name, *args, **kwargs):
    """A function of the module, of no arrays."""

    def call(package):
        return seen(
            package, resolve(package.__name__, f"{PATH}.{name}")(*args, **kwargs)
        )

    return call


def random(**kwargs):
    def call(package):
        key = package.random.key(3)
        sparse = module(package)
        x = sparse.random_bcoo(key, (4, 5), dtype="float32", **kwargs)
        return seen(package, x), x.data, x.indices

    return call


ROWS = [
    *[row(n, f, layout=k) for n, f in SHAPING.items() for k in LAYOUTS
      if (n, k) not in OWN],
    *[row(n, f) for n, f in SPARSE_ONLY.items()],
    *[row(n, f, others, layout=k) for n, f, others, layouts in PRODUCTS
      for k in layouts],
    *[
        Row(f"{PATH}.grad", (holes, whole), call=slopes(f, *k),
            shapes=(((3, 4), other_shape[0]),), dtypes=("f32",), name=f"{n} {k}")
        for n, f, other_shape, layouts in PRODUCTS[:5]
        for k in layouts if n != "times dense"
    ],
    *[row(n, f, others) for n, f, others in CONTROL],
    *[row(f"taken {n}", taken(index)) for n, index in TAKEN.items()],
    row("jacobian", lambda s, x: s.jacfwd(lambda x: (x * 2).todense().sum(1))(x),
        dtypes=("f32",)),
    row("reverse jacobian", scaled_rows, dtypes=("f32",)),
    *[
        Row(f"{PATH}.{kind}", (holes, whole), call=other(kind, lambda s, x, v: x @ v),
            shapes=(((3, 4), (4,)), ((3, 4), (4, 2))), dtypes=("f32",), name="product")
        for kind in ("BCSR", "COO", "CSR", "CSC")
    ],
    *[
        Row(f"{PATH}.{kind}", (holes,), call=other(kind, lambda s, x: (x.T, x)),
            shapes=(((3, 4),),), dtypes=("f32",), name="dense")
        for kind in ("COO", "CSR", "CSC")
    ],
    *[
        Row(f"{PATH}.{name}", (), shapes=((),), dtypes=("f32",), jit=False, name=str(k),
            call=named(name, *args, **kwargs))
        for k, (name, args, kwargs) in enumerate([
            ("eye", (3,), {}), ("eye", (3, 5), {"k": 2}), ("eye", (4,), {"k": -1}),
            ("eye", (3,), {"n_batch": 1}), ("eye", (3,), {"n_dense": 1}),
            ("eye", (3,), {"dtype": "int32"}), ("empty", ((2, 3),), {}),
            ("empty", ((2, 3),), {"dtype": "int32", "sparse_format": "coo"}),
            ("empty", ((2, 3),), {"n_batch": 1}),
        ])
    ],
    *[
        Row(f"{PATH}.random_bcoo", (), shapes=((),), dtypes=("f32",), jit=False,
            call=random(**kwargs), name=str(kwargs))
        for kwargs in ({}, {"nse": 3}, {"nse": 3, "sorted_indices": True},
                       {"nse": 4, "unique_indices": False}, {"nse": 2, "n_dense": 1})
    ],
]  # fmt: skip

test_values, _ = comparisons(ROWS)
