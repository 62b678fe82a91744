"""Sparse arrays against dense ones, in every layout, with duplicates and padding."""

import numpy as np
import pytest
import scipy.sparse

from minijax import custom_jvp, custom_vjp, grad, jit, lax, random, tree, vmap
from minijax import numpy as jnp
from minijax.experimental import sparse
from minijax.experimental.sparse import BCOO, BCSR, COO, CSC, CSR
from minijax.scipy.sparse.linalg import cg
from minijax.test_util import check_grads

from ..laws import Case, check_derivatives

DENSE = np.array([[0.0, 1.0, 0.0, 2.0], [3.0, 0.0, 0.0, 0.0], [0.0, 4.0, 5.0, 0.0]])
LAYOUTS = [(0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1)]
layouts = pytest.mark.parametrize("layout", LAYOUTS, ids=str)


def padded(layout=(0, 0)):
    """The matrix with every place twice, each with half the value, and padding."""
    x = BCOO.fromdense(DENSE.astype("f4") / 2, n_batch=layout[0], n_dense=layout[1])
    return x + x.replaced(x.data, jnp.array(x.indices))


def same(x, dense):
    np.testing.assert_allclose(sparse.todense(x), dense, rtol=1e-5, atol=1e-6)


@layouts
def test_dense_and_back(layout):
    x = BCOO.fromdense(DENSE, n_batch=layout[0], n_dense=layout[1])

    assert (x.n_batch, x.n_dense, x.n_sparse) == (*layout, 2 - sum(layout))
    assert (x.shape, x.ndim, x.size) == ((3, 4), 2, 12)
    same(x, DENSE)
    same(BCOO.fromdense(DENSE, nse=12, n_batch=layout[0], n_dense=layout[1]), DENSE)


OPERATIONS = {
    "sum": (lambda x: x.sum(), lambda a: a.sum()),
    "rows": (lambda x: x.sum(1), lambda a: a.sum(1)),
    "columns": (lambda x: x.sum(0), lambda a: a.sum(0)),
    "kept axis": (lambda x: x.sum(0, keepdims=True), lambda a: a.sum(0, keepdims=True)),
    "row": (lambda x: x[1], lambda a: a[1]),
    "column": (lambda x: x[:, -1], lambda a: a[:, -1]),
    "cut": (lambda x: x[1:, ::2], lambda a: a[1:, ::2]),
    "back": (lambda x: x[::-1, 3:0:-2], lambda a: a[::-1, 3:0:-2]),
    "nothing": (lambda x: x[1:1], lambda a: a[1:1]),
    "rev": (lambda x: sparse.bcoo_rev(x, dimensions=(0, 1)), lambda a: a[::-1, ::-1]),
    "scaled": (lambda x: -2 * x / 4, lambda a: -a / 2),
    "product": (lambda x: x * DENSE, lambda a: a * DENSE),
    "row product": (lambda x: x * np.arange(4.0), lambda a: a * np.arange(4.0)),
    "plus": (lambda x: x + DENSE, lambda a: a + DENSE),
    "minus": (lambda x: DENSE - x, lambda a: 0 * a),
    "twice": (lambda x: x + x - 3 * x, lambda a: -a),
    "vector": (lambda x: x @ np.arange(4.0), lambda a: a @ np.arange(4.0)),
    "left vector": (lambda x: np.arange(3.0) @ x, lambda a: np.arange(3.0) @ a),
    "matrix": (lambda x: x @ DENSE.T, lambda a: a @ a.T),
    "stack": (
        lambda x: x @ np.stack([DENSE.T, 2 * DENSE.T]),
        lambda a: a @ np.stack([a.T, 2 * a.T]),
    ),
    "flat": (
        lambda x: sparse.bcoo_update_layout(x, n_batch=0, n_dense=0).reshape(2, 6),
        lambda a: a.reshape(2, 6),
    ),
    "new axis": (lambda x: x[None, ..., None][0], lambda a: a[..., None]),
    "summed": (lambda x: x.sum_duplicates(), lambda a: a),
    "sorted": (lambda x: x.sort_indices(), lambda a: a),
    "dynamic": (
        lambda x: sparse.bcoo_dynamic_slice(x, (1, 9), (2, 2)),
        lambda a: a[1:, 2:],
    ),
    "contraction": (
        lambda x: sparse.bcoo_dot_general(
            x, DENSE, dimension_numbers=(((1,), (1,)), ((0,), (0,)))
        ),
        lambda a: (a * a).sum(1),
    ),
}


@layouts
@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_is_that_of_the_dense_array(name, layout):
    f, reference = OPERATIONS[name]

    same(f(padded(layout)), reference(DENSE))


@pytest.mark.parametrize("name", ["vector", "matrix", "rows", "cut", "product"])
def test_jitted_operations(name):
    f, reference = OPERATIONS[name]

    same(jit(f)(padded()), reference(DENSE))


def test_products_of_sparse_arrays():
    x = padded()

    same(x @ x.T, DENSE @ DENSE.T)
    same(x * padded(), DENSE**2)
    same(x * x[1], DENSE * DENSE[1])
    same(x[0] @ x[2], DENSE[0] @ DENSE[2])
    batches = BCOO.fromdense(np.stack([DENSE, 2 * DENSE]), n_batch=1)
    out = sparse.bcoo_dot_general(
        batches, batches, dimension_numbers=(((2,), (2,)), ((0,), (0,)))
    )
    same(out, np.stack([DENSE @ DENSE.T, 4 * DENSE @ DENSE.T]))
    assert out.n_batch == 1


def test_permuted_joined_and_repeated():
    x = padded()
    cube = BCOO.fromdense(np.arange(24.0).reshape(2, 3, 4) % 3)

    same(x.T, DENSE.T)
    same(
        cube.transpose((2, 0, 1)),
        (np.arange(24.0).reshape(2, 3, 4) % 3).transpose(2, 0, 1),
    )
    same(
        sparse.bcoo_concatenate([x, 2 * x], dimension=0),
        np.concatenate([DENSE, 2 * DENSE]),
    )
    same(
        sparse.bcoo_concatenate([x, x], dimension=1), np.concatenate([DENSE, DENSE], 1)
    )
    repeated = sparse.bcoo_broadcast_in_dim(
        x, shape=(2, 3, 4, 5), broadcast_dimensions=(1, 2)
    )
    same(repeated, np.broadcast_to(DENSE[None, ..., None], (2, 3, 4, 5)))
    same(x.reshape(1, -1), DENSE.reshape(1, -1))
    same(sparse.bcoo_squeeze(x[1:2], dimensions=(0,)), DENSE[1])
    same(x[np.array([2, 0, 2])], DENSE[[2, 0, 2]])
    same(x[jnp.array([True, False, True])], DENSE[[0, 2]])


@pytest.mark.parametrize("target", LAYOUTS, ids=str)
@layouts
def test_layouts_change_into_each_other(layout, target):
    x = padded(layout)
    out = x.update_layout(n_batch=target[0], n_dense=target[1], on_inefficient=None)

    assert (out.n_batch, out.n_dense) == target
    same(out, DENSE)


def test_inefficient_layouts_are_refused():
    x = padded()
    with pytest.raises(sparse.SparseEfficiencyError, match="stores 3 times as many"):
        x.update_layout(n_batch=1)
    with pytest.warns(sparse.SparseEfficiencyWarning):
        x.update_layout(n_dense=1, on_inefficient="warn")


def test_gradients_of_what_is_stored():
    """d/d data sum((A x) w) = x[column] w[row]."""
    x, w = np.arange(4.0, dtype="f4"), np.array([1.0, 2.0, 3.0], "f4")
    A = BCOO.fromdense(DENSE.astype("f4"))
    value, slope = sparse.value_and_grad(lambda A: (A @ x) @ w)(A)

    assert value == (DENSE @ x) @ w
    assert isinstance(slope, BCOO)
    rows, columns = np.asarray(A.indices).T
    np.testing.assert_allclose(slope.data, w[rows] * x[columns])
    assert (
        sparse.grad(lambda A, x: (A @ x) @ w, 1)(A, x).tolist() == (w @ DENSE).tolist()
    )
    jacobian = sparse.jacrev(lambda A: A @ x)(A)
    same(jacobian, np.einsum("ij,kl->ikl", np.eye(3), (x * (DENSE != 0)))[:, :, :]
         * np.eye(3)[:, :, None])  # fmt: skip
    same(sparse.jacfwd(lambda A: A @ x)(A), sparse.todense(jacobian))


def test_derivatives_of_operations():
    """Both modes, twice, of products, sums and slices of stored data."""
    A = BCOO.fromdense(DENSE)

    def f(data, v):
        x = A.replaced(data)
        square = sparse.todense(x @ x.T)
        return square @ (x * v @ v), sparse.todense(x.T[1:].sum(0)), (x + x)[0].sum()

    check_derivatives(Case("sparse", f, [A.data.shape, (4,)]), "f64")


def test_batches_map_over_batch_axes():
    stacked = np.stack([DENSE, DENSE[::-1]])
    x = BCOO.fromdense(stacked, n_batch=1)
    v = np.arange(8.0).reshape(2, 4)

    same(vmap(lambda x, v: x @ v)(x, v), np.einsum("nij,nj->ni", stacked, v))
    same(vmap(lambda x: 2 * x)(x), 2 * stacked)
    same(lax.map(lambda x: x.sum(0).todense(), x), stacked.sum(1))


@pytest.mark.parametrize("kind", [BCSR, COO, CSR, CSC], ids=lambda k: k.__name__)
def test_other_formats(kind):
    x = kind.fromdense(DENSE, nse=7)

    assert x.shape == (3, 4)
    same(x, DENSE)
    same(x @ np.arange(4.0), DENSE @ np.arange(4.0))
    same(x @ DENSE.T, DENSE @ DENSE.T)
    same(jit(lambda x: x.to_bcoo() * 2)(x), 2 * DENSE)
    if kind is not BCSR:
        same(x.T, DENSE.T)
        same(x.T @ np.arange(3.0), DENSE.T @ np.arange(3.0))


def test_functions_of_other_formats():
    v = np.arange(4.0)
    same(sparse.coo_matvec(sparse.coo_fromdense(DENSE), v), DENSE @ v)
    same(
        sparse.coo_matmat(sparse.coo_fromdense(DENSE), DENSE, transpose=True),
        DENSE.T @ DENSE,
    )
    same(
        sparse.csr_matvec(sparse.csr_fromdense(DENSE), v[:3], transpose=True),
        v[:3] @ DENSE,
    )
    same(sparse.csr_todense(sparse.csr_fromdense(DENSE)), DENSE)
    same(sparse.coo_todense(sparse.coo_fromdense(DENSE)), DENSE)
    x = sparse.bcsr_fromdense(np.stack([DENSE, -DENSE]), n_batch=1)
    same(sparse.bcsr_todense(x), np.stack([DENSE, -DENSE]))
    same(x + x, np.stack([2 * DENSE, -2 * DENSE]))
    same(-x * 2, np.stack([-2 * DENSE, 2 * DENSE]))
    same(x @ v, np.stack([DENSE @ v, -DENSE @ v]))
    np.testing.assert_allclose(
        sparse.bcsr_extract(x.indices, x.indptr, x.todense()), x.data
    )
    flat = BCSR.fromdense(DENSE)
    same(
        sparse.bcsr_concatenate([flat, flat], dimension=0),
        np.concatenate([DENSE, DENSE]),
    )
    same(sparse.bcsr_sum_duplicates(flat + flat), 2 * DENSE)


def test_scipys_matrices():
    matrix = scipy.sparse.csr_matrix(DENSE)

    same(BCOO.from_scipy_sparse(matrix), DENSE)
    same(BCSR.from_scipy_sparse(matrix), DENSE)


def test_created_arrays():
    same(sparse.eye(3, 5, k=1), np.eye(3, 5, k=1))
    same(sparse.eye(4, k=-2, sparse_format="csr"), np.eye(4, k=-2))
    same(sparse.empty((2, 3), sparse_format="bcsr"), np.zeros((2, 3)))
    x = sparse.random_bcoo(random.key(0), (50, 40), nse=0.1, dtype="float32")
    places = {tuple(row) for row in np.asarray(x.indices).tolist()}

    assert x.nse == len(places) == 200
    assert np.all(np.asarray(x.data) < 1)


def test_sparsified_functions():
    x = padded()
    f = sparse.sparsify(lambda x, v: (jnp.tanh(2 * x).T @ v, (x[1:] * 3).sum(0)))
    product, total = f(x.sum_duplicates(), np.arange(3.0))

    same(product, np.tanh(2 * DENSE).T @ np.arange(3.0))
    same(total, 3 * DENSE[1:].sum(0))
    assert isinstance(total, BCOO)
    doubled = sparse.sparsify(lambda x: lax.fori_loop(0, 3, lambda _, y: 2 * y, x))(x)
    same(doubled, 8 * DENSE)
    same(jit(sparse.sparsify(lambda x: jit(lambda y: y.T)(x)))(x), DENSE.T)
    with pytest.raises(NotImplementedError, match="no rule for cos of"):
        sparse.sparsify(jnp.cos)(x)


def test_structure_is_that_of_a_container():
    x = BCOO.fromdense(DENSE)
    leaves, treedef = tree.flatten({"x": x})

    assert [leaf.shape for leaf in leaves] == [(5,), (5, 2)]
    assert tree.unflatten(treedef, leaves)["x"].unique_indices
    assert repr(x) == "BCOO(float32[3, 4], nse=5)"
    assert len(x) == 3
    assert [repr(row) for row in x] == ["BCOO(float32[4], nse=4)"] * 3


def test_systems_with_sparse_matrices(x64):
    A = DENSE @ DENSE.T + np.eye(3)
    x, _ = cg(BCOO.fromdense(A), jnp.ones(3), tol=1e-12)

    np.testing.assert_allclose(x, np.linalg.solve(A, np.ones(3)), rtol=1e-8)


def test_eigenvalues_and_direct_solutions(x64):
    stream = np.random.default_rng(0)
    A = stream.normal(size=(30, 30))
    A = A + A.T
    w, v, steps = sparse.linalg.lobpcg_standard(
        BCOO.fromdense(A), stream.normal(size=(30, 3))
    )

    np.testing.assert_allclose(w, np.linalg.eigvalsh(A)[::-1][:3], rtol=1e-8)
    np.testing.assert_allclose(A @ v, v * w, atol=1e-6)
    assert steps < 100
    B = scipy.sparse.csr_matrix(np.diag([2.0, 3, 4]) + np.eye(3, k=1))
    b = jnp.array([1.0, 2.0, 3.0])

    def solve(data, b):
        return sparse.linalg.spsolve(data, B.indices, B.indptr, b)

    np.testing.assert_allclose(solve(B.data, b), np.linalg.solve(B.toarray(), b))
    check_grads(solve, (jnp.asarray(B.data), b), order=1)


def f32(x):
    return jnp.asarray(x, "float32")


X = BCOO.fromdense(DENSE)
# Programs in the place of operations


def test_branches_of_other_sizes_are_padded():
    """cond of x and x + y stores as many elements as the larger one."""
    x, y = BCOO.fromdense(DENSE.astype("f4")), BCOO.fromdense(np.eye(3, 4, dtype="f4"))
    f = sparse.sparsify(
        lambda p, x, y: lax.cond(p, lambda x, y: x, lambda x, y: x + y, x, y)
    )

    for choice in (True, False):
        out = jit(f)(choice, x, y)
        same(out, DENSE if choice else DENSE + np.eye(3, 4))
        assert out.nse == x.nse + y.nse


def test_scan_over_batches_of_rows():
    """Rows of an array with a batch axis are inputs and outputs of a loop."""
    x = BCOO.fromdense(DENSE.astype("f4"), n_batch=1)
    v = np.arange(4, dtype="f4")

    def sums(x):
        return lax.scan(lambda c, row: (c + row @ v, 2 * row), jnp.float32(0), x)

    total, rows = sparse.sparsify(sums)(x)
    same(rows, 2 * DENSE)
    np.testing.assert_allclose(total, (DENSE @ v).sum(), rtol=1e-6)


def test_derivatives_through_loops_and_branches():
    """The gradient in the data is that of the dense program where elements are."""
    x = BCOO.fromdense(DENSE)
    v = np.arange(4.0)

    def program(x):
        x = lax.cond(v[1] > 0, lambda x: jnp.sin(x), lambda x: x, x)
        x = lax.fori_loop(0, 3, lambda k, x: 2 * x, x)
        return (
            lax.while_loop(lambda s: s[0] < 2, lambda s: (s[0] + 1, s[1] / 3), (0, x))[
                1
            ]
            @ v
        ).sum()

    found = sparse.grad(sparse.sparsify(program))(x)
    expected = grad(program)(jnp.asarray(DENSE))
    same(found, np.where(DENSE != 0, expected, 0))


@jit
def windows(x, starts):
    numbers = lax.GatherDimensionNumbers((0, 2), (), (0, 1))
    return sparse.bcoo_gather(x, starts, numbers, (2, 3), mode="clip")


def test_gathered_windows_are_those_of_the_dense_array():
    """With window axes before and after those of the positions, moved inside."""
    starts = np.array([[0, 1], [9, -2], [1, 0]])
    numbers = lax.GatherDimensionNumbers((0, 2), (), (0, 1))
    expected = lax.gather(DENSE.astype("f4"), starts, numbers, (2, 3), mode="clip")

    for layout in ((0, 0), (1, 0), (0, 1)):
        same(windows(padded(layout), starts), expected)


@pytest.mark.parametrize("kind", [custom_jvp, custom_vjp])
def test_functions_with_rules_of_their_own(kind):
    """Values are theirs; derivatives need the rule, which is for dense arrays."""

    @kind
    def twice(x):
        return 2 * x

    if kind is custom_jvp:
        twice.defjvp(lambda x, x_dot: (twice(*x), 2 * x_dot[0]))
    else:
        twice.defvjp(lambda x: (twice(x), None), lambda _, ct: (2 * ct,))
    f = sparse.sparsify(lambda x: twice(x) @ jnp.ones(4))

    np.testing.assert_allclose(f(X), 2 * DENSE.sum(1), rtol=1e-6)
    with pytest.raises(NotImplementedError, match="rule of twice takes dense arrays"):
        sparse.grad(lambda x: f(x).sum())(X)


ERRORS = [
    (
        lambda: BCOO((f32(np.ones(3)), np.zeros((2, 2), int)), shape=(2, 2)),
        "ValueError: BCOO: data must have shape (2,) for an array of shape (2, 2) with "
        "indices of shape (2, 2), got (3,).",
    ),
    (
        lambda: BCOO((f32(np.ones(2)), f32(np.zeros((2, 2)))), shape=(2, 2)),
        "TypeError: BCOO: indices must be integers, got f32[2,2].",
    ),
    (
        lambda: X + 1,
        "NotImplementedError: sparse addition: the dense operand must have the shape "
        "of the sum, got () and (3, 4): all elements would be stored. Use x.todense().",
    ),
    (
        lambda: X @ np.ones(3),
        "TypeError: sparse matmul: the axes that are summed over must have one size, "
        "got 4 and 3 for f32[3,4] and f32[3].",
    ),
    (
        lambda: X > 1,
        "NotImplementedError: sparse gt: the result would be dense, as elements that "
        "are not stored count too. Use x.todense().",
    ),
    (
        lambda: bool(X),
        "ValueError: BCOO(float32[3, 4], nse=5) has no truth value. Ask its elements: "
        "x.todense().any().",
    ),
    (
        lambda: np.asarray(X),
        "TypeError: BCOO(float32[3, 4], nse=5) must not become a NumPy array "
        "unnoticed. Use x.todense().",
    ),
    (
        lambda: jit(BCOO.fromdense)(DENSE),
        "ConcretizationTypeError: bcoo_fromdense: how many elements are stored must be "
        "known while tracing. Pass nse, an upper bound.",
    ),
    (
        lambda: X.reshape(5),
        "TypeError: bcoo_reshape: shapes must hold as many elements, got (3, 4) and "
        "(5,).",
    ),
    (
        lambda: X[0, 0, 0],
        "IndexError: Too many indices: 3 for a sparse array of 2 axes.",
    ),
    (
        lambda: sparse.bcoo_concatenate([X, X[0]], dimension=0),
        "ValueError: bcoo_concatenate: arrays must agree in n_batch, n_sparse and "
        "n_dense, got [(0, 1, 0), (0, 2, 0)]. Use update_layout.",
    ),
    (
        lambda: sparse.sparsify(
            lambda x: lax.while_loop(
                lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] + s[1].T), (0, x)
            )
        )(X[:, :3]),
        "TypeError: sparsify: while_loop must keep the layout of its carries, got "
        "BCOO(float32[3, 3], nse=10) after BCOO(float32[3, 3], nse=5). Use "
        "sum_duplicates(nse=...) where elements are added, or todense().",
    ),
    (
        lambda: sparse.sparsify(
            lambda x: lax.cond(True, lambda x: x, lambda x: jnp.ones((3, 4)), x)
        )(X),
        "TypeError: sparsify: branches of cond must return arrays of one layout, got "
        "f32[3,4] and BCOO(float32[3, 4], nse=5). Use todense() in one of them.",
    ),
    (
        lambda: sparse.sparsify(lambda x: lax.scan(lambda c, r: (c, r), 0.0, x))(X),
        "NotImplementedError: sparsify: scan must have the leading axis of its inputs "
        "as a batch axis, got BCOO(float32[3, 4], nse=5) with n_batch=0. Use "
        "bcoo_update_layout(x, n_batch=1).",
    ),
    (
        lambda: sparse.sparsify(lambda x: x.at[np.array([9])].get(mode="fill"))(X),
        "NotImplementedError: bcoo_gather: windows are moved inside, and there are no "
        "batching axes, got mode=GatherScatterMode.FILL_OR_DROP and "
        "GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), "
        "start_index_map=(0,), operand_batching_dims=(), "
        "start_indices_batching_dims=()). Use mode='clip', or vmap.",
    ),
    (
        lambda: sparse.eye(2, sparse_format="dia"),
        "ValueError: eye: sparse_format must be one of ['bcsr', 'bcoo', 'coo', 'csr', "
        "'csc'], got 'dia'.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises(
        (TypeError, ValueError, IndexError, NotImplementedError)
    ) as caught:
        call()

    assert f"{type(caught.value).__name__}: {caught.value}" == message
