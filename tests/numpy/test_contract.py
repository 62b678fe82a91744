"""Products: values against NumPy, types and refusals as jax's, and the laws."""

import numpy
import pytest

import minijax
import minijax.numpy as jnp

from ..laws import Case, check_abstract, check_batched, check_derivatives
from .expressions import (
    assert_agrees_with_jax,
    assert_agrees_with_numpy,
    assert_traced_agrees_with_numpy,
    type_text,
)

BOTH = """
dot(f, f)
dot(m, f)
dot(f, m.T)
dot(m.T, m)
dot(m, t[:, :3])
dot(t, ones((4, 5)))
dot(f, t)
dot(2.0, m)
dot(m, 3)
dot(i, f)
dot(b, b)
dot(c, c)
m.dot(f)
matmul(m, f)
matmul(f, m.T)
matmul(f, f)
matmul(m, t)
matmul(f, t)
matmul(t.transpose(0, 2, 1), m.T)
matmul(t, ones(4))
matmul(t[:, None], ones((1, 5, 4, 2)))
matmul(t[:1], ones((2, 4, 1)))
matmul(j, j.T)
m @ f
f @ m.T
matmul(ones((3, 0)), ones((0, 2)))
vdot(c, c)
vdot(m, j)
inner(m, m)
inner(t, ones(4))
inner(2.0, m)
outer(m, f)
outer(i, 2)
vecdot(c, c)
vecdot(m, f)
vecdot(t, t, axis=1)
matvec(t, ones(4))
matvec(m, c)
vecmat(c, m.T)
vecmat(f, t)
tensordot(m, m.T, 1)
tensordot(t, t, axes=([0, 2], [0, 2]))
tensordot(t, m, axes=([1, 0], [1, 0]))
tensordot(m, f, 0)
tensordot(t, t, 3)
tensordot(m, m, (-1, 1))
tensordot(i, m, (0, 1))
kron(m, f)
kron(f, m)
kron(t, m)
kron(2.0, m)
cross(f, f[::-1])
cross(m, f)
cross(m.T, m[:, ::-1].T, axis=0)
cross(m, m[::-1], axisc=0)
cross(i, i[::-1])
trace(m)
trace(t, 1, 1, 2)
trace(t, -1, 2, 0)
trace(i8 * ones((3, 3), int8))
trace(m, dtype=int)
diagonal(m)
diagonal(m, 1)
diagonal(m, -5)
diagonal(t, 0, 2, 0)
np.einsum("ij,kj->ik", m, m)
np.einsum("ij,j", m, f)
np.einsum("ij,kj->ki", m, j)
np.einsum("ij->ji", m)
np.einsum("ji", m)
np.einsum("ij->", m)
np.einsum("ij->i", b * m)
np.einsum("ii->i", outer(f, f))
np.einsum("ii", outer(f, i))
np.einsum("iij->ij", t[:2, :2])
np.einsum("iii->", t[:2, :2, :2])
np.einsum("...ij,...kj->...ik", t, t)
np.einsum("...ij,jk", t, ones((4, 2)))
np.einsum("i...->...", t)
np.einsum("...,...", m, f)
np.einsum("bij,bik->bjk", t, t)
np.einsum("bij,bik->jkb", t, t)
np.einsum("ij,jk,kl->il", m, m.T, m)
np.einsum("ij,kj,kl,ml->im", m, m, m, m)
np.einsum("ab,ab,ab->a", m, m, m)
np.einsum("ij,ij,jk->ik", m, m, m.T)
np.einsum(",ij->ij", 2.0, m)
np.einsum("i,j->ij", f, i)
np.einsum("ij,ij->ij", m, j)
np.einsum("ij,jk->ijk", m, m.T)
np.einsum("ij,jk", m[:, :1], m)
np.einsum("a b -> b a", m)
np.einsum(m, [0, 1], f, [1])
np.einsum(m, [0, 1], m, [2, 1], [2, 0])
np.einsum(t, [..., 0, 1], m, [2, 0], [..., 2, 1])
np.einsum("ij,jk,kl->il", m, m.T, m, optimize=False)
np.einsum("ij,jk,kl->il", m, m.T, m, optimize="greedy")
np.einsum("ij,jk,kl->il", m, m.T, m, optimize=True)
""".strip().splitlines()
OURS = """
np.dot(g, g, preferred_element_type="float32")
np.matmul(i8, i8, preferred_element_type="int32")
np.matmul(m, f, precision="highest")
np.einsum("i,i", h, h, preferred_element_type="float32")
np.einsum("i->", g, preferred_element_type="float32")
np.dot(2.0, 3)
np.dot(i8, i8)
np.tensordot(h, 2, 0)
np.vecdot(h, f)
np.inner(i, 2.5)
np.kron(True, 2)
np.einsum("ij,jk,kl->il", m, m.T, m, optimize=[(1, 2), (0, 1)])
""".strip().splitlines()


@pytest.mark.parametrize("text", BOTH)
def test_values_are_numpys(text):
    """minijax.numpy gives what numpy gives."""
    assert_agrees_with_numpy(text)


@pytest.mark.parametrize("text", BOTH)
def test_traced_values_are_numpys(text):
    """The same inside jit."""
    assert_traced_agrees_with_numpy(text)


@pytest.mark.oracle
@pytest.mark.parametrize("text", BOTH + OURS)
def test_values_and_types_are_jaxs(text):
    """Values, dtypes and weak types."""
    assert_agrees_with_jax(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("dot(2.0, 3)", "f32[]~"),
        ("dot(i8, i8)", "i8[]"),
        ("np.dot(g, g, preferred_element_type='float32')", "f32[]"),
        ("matmul(j, m.T)", "f32[2,2]"),
        ("np.einsum('i,i', h, h, preferred_element_type='float32')", "f32[]"),
        ("vdot(f, c)", "c64[]"),
    ],
)
def test_types_follow_the_operands(text, wanted):
    """Promotion, weak types, and the requested element type."""
    assert type_text(text) == wanted


M = jnp.ones((2, 3))
ERRORS = {
    "jnp.matmul(2.0, M)": (ValueError, "operand 0 must have ndim at least 1"),
    "jnp.matmul(M, M)": (TypeError, "3 and 2"),
    "jnp.matmul(jnp.ones((2, 3, 4)), jnp.ones((3, 4, 5)))": (
        ValueError,
        "leading axes",
    ),
    "jnp.matmul([[1]], M)": (TypeError, "matmul requires"),
    "jnp.matmul(M, M.T, precision='hi')": (ValueError, "recision"),
    "jnp.matmul(M, M.T, out_sharding=1)": (NotImplementedError, "out_sharding"),
    "jnp.dot(M, M)": (TypeError, "3 and 2"),
    "jnp.inner(M, M.T)": (TypeError, "3 and 2"),
    "jnp.vecdot(M, M[:, :2])": (ValueError, "one size along axis"),
    "jnp.matvec(M[0], M[0])": (ValueError, "at least 2 and 1"),
    "jnp.vecmat(M[0], M)": (ValueError, "summed over"),
    "jnp.tensordot(M, M, 3)": (TypeError, "exceeds input ranks"),
    "jnp.tensordot(M, M, ([0, 1], [0]))": (TypeError, "equal length"),
    "jnp.tensordot(M, M, 'ij')": (TypeError, "axes argument"),
    "jnp.tensordot(M, M, 1)": (TypeError, "3 and 2"),
    "jnp.outer(M, M, out=M)": (NotImplementedError, "out"),
    "jnp.cross(jnp.ones(4), jnp.ones(4))": (ValueError, "either 2 or 3"),
    "jnp.diagonal(M[0])": (ValueError, "at least two"),
    "jnp.einsum('ij,jk', M)": (ValueError, "2 operands, got 1"),
    "jnp.einsum('ijk,jk', M, M)": (ValueError, r"operand 0 .*\(2, 3\)"),
    "jnp.einsum('ij,jk->il', M, M.T)": (ValueError, "must occur"),
    "jnp.einsum('ij,jk', M, M)": (ValueError, "'j' must have one size"),
    "jnp.einsum('ij->iij', M)": (ValueError, "once in"),
    "jnp.einsum('ij,jk->i->k', M, M.T)": (ValueError, "subscripts are"),
}


@pytest.mark.parametrize("text", ERRORS)
def test_bad_calls_say_what_is_wrong(text):
    """The exception types are jax's."""
    kind, message = ERRORS[text]
    with pytest.raises(kind, match=message):
        eval(text, {"jnp": jnp, "M": M})


def test_a_matrix_product_is_one_operation():
    """x @ w for stacks of rows needs no transpose and no broadcast."""
    jaxpr = minijax.make_jaxpr(jnp.matmul)(jnp.ones((5, 2, 3)), jnp.ones((3, 4)))

    assert [e.primitive.name for e in jaxpr.jaxpr.eqns] == ["dot_general"]


def test_a_transposed_einsum_swaps_operands_instead():
    """`ij,jk->ki` is one product of the operands in the other order."""
    jaxpr = minijax.make_jaxpr(lambda x, y: jnp.einsum("ij,jk->ki", x, y))(M, M.T)

    assert [e.primitive.name for e in jaxpr.jaxpr.eqns] == ["dot_general"]


def test_einsum_contracts_the_cheap_pair_first():
    """A chain that ends in a vector never forms a product of matrices."""
    path, _ = jnp.einsum_path(
        "ij,jk,k->i", jnp.ones((9, 9)), jnp.ones((9, 9)), M[0, :1]
    )
    jaxpr = minijax.make_jaxpr(lambda a, v: jnp.einsum("ij,jk,k->i", a, a, v))(
        jnp.ones((9, 9)), jnp.ones(9)
    )

    assert all(isinstance(step, tuple) for step in path)
    assert all(e.outvars[0].aval.ndim == 1 for e in jaxpr.jaxpr.eqns)


REAL_COMPLEX = ("f32", "f64", "c128")
CASES = [
    Case("matmul", jnp.matmul, [(2, 3), (3, 4)], REAL_COMPLEX),
    Case("matmul: stacks", jnp.matmul, [(2, 1, 2, 3), (2, 3, 2)]),
    Case("matmul: vectors", jnp.matmul, [(3,), (2, 3, 2)]),
    Case("dot: stacks", jnp.dot, [(2, 3), (2, 3, 2)]),
    Case("vdot", jnp.vdot, [(2, 3), (2, 3)], REAL_COMPLEX),
    Case("vecdot", jnp.vecdot, [(2, 3), (3,)], REAL_COMPLEX),
    Case("tensordot", lambda x, y: jnp.tensordot(x, y, 2), [(2, 3, 2), (3, 2, 2)]),
    Case("kron", jnp.kron, [(2, 2), (3,)]),
    Case("cross", jnp.cross, [(2, 3), (3,)]),
    Case("outer", jnp.outer, [(2,), (3,)]),
    Case(
        "einsum: pair", lambda x, y: jnp.einsum("bij,bkj->ikb", x, y), [(2, 2, 3)] * 2
    ),
    Case("einsum: diagonal", lambda x: jnp.einsum("iij->ij", x * x), [(2, 2, 3)]),
    Case(
        "einsum: chain",
        lambda x, y, z: jnp.einsum("ij,jk,k->i", x, y, z),
        [(2, 3), (3, 2), (2,)],
        REAL_COMPLEX,
    ),
    Case("trace", lambda x: jnp.trace(x * x, 1), [(3, 4)]),
    Case("diagonal", lambda x: jnp.diagonal(x * x, -1), [(3, 4)]),
]
ROWS = [(case, dtype) for case in CASES for dtype in case.dtypes]


@pytest.mark.parametrize(
    ("case", "dtype"), ROWS, ids=[f"{case}-{dtype}" for case, dtype in ROWS]
)
def test_the_laws_hold(case, dtype):
    """Types, derivatives of order 1 and 2, and the adjoint."""
    check_abstract(case, dtype)
    check_derivatives(case, dtype)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_batching(case):
    """vmap is a loop; jit is eager."""
    check_batched(case, "f32")


def test_products_of_empty_axes_are_zero():
    """A sum over nothing is zero."""
    got = jnp.einsum("ij,jk->ik", jnp.ones((2, 0)), jnp.ones((0, 3)))

    numpy.testing.assert_array_equal(got, numpy.zeros((2, 3)))


def test_einsum_hands_its_products_to_another_function():
    """Operands, dimension numbers, precision; the dtype of the sums by name."""
    calls = []

    def product(x, y, numbers, precision, preferred_element_type):
        calls.append((x.shape, y.shape, numbers, precision, preferred_element_type))
        return minijax.lax.dot_general(
            x, y, numbers, precision, preferred_element_type=preferred_element_type
        )

    x, y = numpy.ones((2, 3, 4)), numpy.ones((4, 5))
    out = jnp.einsum("abc,cd->abd", x, y, precision="highest", _dot_general=product)
    assert (out == 4).all()
    jnp.einsum("abc,cd->dab", jnp.bfloat16(x), jnp.bfloat16(y), _dot_general=product)

    f32, bf16 = numpy.dtype("float32"), jnp.dtype("bfloat16")
    last, first = (((2,), (0,)), ((), ())), (((0,), (2,)), ((), ()))
    assert calls == [
        ((2, 3, 4), (4, 5), last, "highest", f32),
        ((4, 5), (2, 3, 4), first, None, bf16),
    ]


def test_a_product_of_einsum_may_close_over_what_is_traced():
    def loss(scale):
        return jnp.einsum(
            "ij,jk->ik",
            numpy.eye(2),
            numpy.eye(2),
            _dot_general=lambda *args, **kwargs: (
                scale * minijax.lax.dot_general(*args, **kwargs)
            ),
        ).sum()

    assert minijax.jit(minijax.grad(loss))(3.0) == 2
