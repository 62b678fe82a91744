"""Templates of products, convolutions, transforms and linear algebra."""

from .pointwise import each

PRODUCTS = [
    "jnp.dot({iufc}, {iufc})",
    "jnp.matmul({iufc:1}, {iufc:1})",
    "{iufc:1} @ {iufc:1}",
    "{iufc:2} @ {same}.mT",
    "jnp.matmul({f:1}, {f:1}, preferred_element_type=jnp.float32)",
    "jnp.vdot({iufc}, {same})",
    "jnp.inner({iufc:1}, {iufc:1})",
    "jnp.outer({iufc}, {iufc})",
    "jnp.kron({f:1}, {f:1})",
    # Not of a vector with itself: whether that is exactly 0 depends on the rounding.
    "jnp.cross({f:1}, jnp.cos({f:1}))",
    "jnp.tensordot({fc:1}, {fc:1}, axes=1)",
    "jnp.tensordot({f}, {f}, axes=0)",
    "jnp.tensordot({f:2}, {same}, axes=2)",
    "jnp.tensordot({f:2}, {same}, axes=([0], [0]))",
    "jnp.einsum('i,i->', {iufc:=1}, {iufc:=1})",
    "jnp.einsum('ij,j', {iufc:=2}, {iufc:=1})",
    "jnp.einsum('ij,jk->ki', {fc:=2}, {fc:=2})",
    "jnp.einsum('ij,kj->ik', {f:=2}, {f:=2})",
    "jnp.einsum('ij->ji', {iufc:=2})",
    "jnp.einsum('ij->', {iufc:=2})",
    "jnp.einsum('ii->i', {f:=2} @ {same}.T)",
    "jnp.einsum('ii', {f:=2} @ {same}.T)",
    "jnp.einsum('i,j->ij', {f:=1}, {f:=1})",
    "jnp.einsum('...i,...i->...', {f:1}, {f:1})",
    "jnp.einsum('bij,bjk->bik', {f:=3}, {f:=3})",
    "jnp.einsum('ij,kj,k->i', {f:=2}, {same}, {f:=1})",
    "lax.dot({f:=2}, {same}.T)",
    "lax.dot_general({f:=2}, {same}, (((0,), (0,)), ((), ())))",
    "lax.dot_general({f:=2}, {same}, (((1,), (1,)), ((0,), (0,))))",
    "lax.batch_matmul({f:=3}, {same}.mT)",
    "jnp.convolve({f:=1}, {f:=1})",
    "jnp.convolve({f:=1}, {f:=1}, mode='same')",
    "jnp.correlate({f:=1}, {f:=1}, mode='valid')",
    # jax lowers a convolution with an empty window to text that XLA refuses.
    "lax.conv({f:=2!}[None, None], {f:=2!}[None, None], (1, 1), 'SAME')",
    (
        "lax.conv_general_dilated({f:=1!}[None, None], {f:=1!}[None, None], (2,),"
        " [(1, 2)])"
    ),
    (
        "lax.conv_general_dilated({f:=1!}[None, None], {f:=1!}[None, None], (1,),"
        " 'SAME', rhs_dilation=(2,))"
    ),
    (
        "lax.conv_general_dilated({f:=1!}[None, None], {f:=1!}[None, None], (1,),"
        " [(2, 1)], lhs_dilation=(2,))"
    ),
    (
        "lax.conv_general_dilated({f:=3!}, {same}.mT, (1,), 'SAME',"
        " dimension_numbers=('NWC', 'WIO', 'NWC'))"
    ),
    (
        "lax.conv_general_dilated(jnp.tile({f:=1!}, (1, 2, 1)),"
        " jnp.tile({f:=1!}, (4, 1, 1)), (1,), 'SAME', feature_group_count=2)"
    ),
    *each("jnp.NAME({f:1}, {same})", "vecdot linalg.vecdot linalg.outer inner"),
    "jnp.matvec({f:2}, {same}[..., 0, :])",
    "jnp.vecmat({f:2}[..., 0], {same})",
    "jnp.linalg.multi_dot([{f:=2}, {same}.T, {same}])",
    "jnp.linalg.cross({f:1}, jnp.sin({same}))",
    "jnp.linalg.tensordot({f:2}, {same}, axes=2)",
    "jnp.linalg.matmul({f:2}, {same}.mT)",
    "lax.ragged_dot({f:=2}, jnp.stack([{same}.T, {same}.T]), jnp.array([1, 1]))",
    (
        "lax.conv_with_general_padding({f:=1!}[None, None], {f:=1!}[None, None], (1,),"
        " [(1, 1)], None, None)"
    ),
    "lax.conv_transpose({f:=3!}, {same}[:1].mT, (2,), 'SAME')",
    "lax.conv_general_dilated_patches({f:=2!}[None, None], (2, 1), (1, 1), 'SAME')",
    (
        "lax.conv_general_dilated_local({f:=1!}[None, None], jnp.ones((1, 1,"
        " {same}.shape[0]), {same}.dtype), (1,), 'VALID', (1,))"
    ),
    "lax.fft({c:1}, lax.FftType.FFT, ({same}.shape[-1],))",
    "lax.fft({c:1}, lax.FftType.IFFT, ({same}.shape[-1],))",
    "lax.fft({f:1}, lax.FftType.RFFT, ({same}.shape[-1],))",
    "lax.fft({c:1}, 'IRFFT', (2 * ({same}.shape[-1] - 1),))",
    "jnp.poly({f:=1})",
    *each("jnp.polyNAME({f:=1}, {f:=1})", "add mul sub"),
    "jnp.polyval({f:=1}, {f})",
    "jnp.polyder({f:=1})",
    "jnp.polyint({f:=1}, 2)",
    "jnp.polydiv({f:=1}, jnp.array([2.0, 1.0]))[0]",
    "jnp.polyfit(jnp.arange(len({f:=1})) * 1.0, {same}, 1)",
]

# Matrices are kept well conditioned: a rounding error in the input stays one.
WELL_CONDITIONED = "({f:=2} @ {same}.T + 3 * jnp.eye(len({same}), dtype={same}.dtype))"
SYMMETRIC = (
    "({f:=2} @ {same}.T + jnp.diag(jnp.arange(1, 1 + 4 * len({same}), 4)"
    ".astype({same}.dtype)))"
)
LINALG = [
    f"jnp.linalg.cholesky({WELL_CONDITIONED})",
    f"jnp.linalg.inv({WELL_CONDITIONED})",
    f"jnp.linalg.det({WELL_CONDITIONED})",
    f"jnp.linalg.slogdet({WELL_CONDITIONED})[1]",
    f"jnp.linalg.solve({WELL_CONDITIONED}, {{same}})",
    f"jnp.linalg.solve({WELL_CONDITIONED}, {{same}}[:, 0])",
    f"jnp.linalg.eigvalsh({SYMMETRIC})",
    f"jnp.linalg.eigh({SYMMETRIC})[1]",
    f"jnp.linalg.qr({WELL_CONDITIONED})[0]",
    f"jnp.linalg.qr({WELL_CONDITIONED})[1]",
    f"jnp.linalg.svd({SYMMETRIC}, full_matrices=False)[0]",
    f"jnp.linalg.svd({SYMMETRIC}, compute_uv=False)",
    f"jnp.linalg.matrix_power({WELL_CONDITIONED}, 3)",
    f"lax.linalg.triangular_solve({WELL_CONDITIONED}, {{same}}, left_side=True)",
    f"jax.scipy.linalg.solve_triangular({WELL_CONDITIONED}, {{same}}, lower=True)",
    (
        f"jax.scipy.linalg.cho_solve((jnp.linalg.cholesky({WELL_CONDITIONED}), True),"
        " {same})"
    ),
    "jnp.linalg.norm({f:=2}, ord=2)",
    f"jnp.linalg.cholesky({WELL_CONDITIONED}, upper=True)",
    f"jnp.linalg.cond({SYMMETRIC})",
    f"jnp.sort(jnp.linalg.eigvals({SYMMETRIC}).real)",
    f"jnp.sort(jnp.abs(jnp.linalg.eig({SYMMETRIC})[0]))",
    f"jnp.linalg.lstsq({WELL_CONDITIONED}, {{same}})[0]",
    f"jnp.linalg.matrix_rank({SYMMETRIC})",
    "jnp.linalg.pinv({f:=2})",
    f"jnp.linalg.pinv({SYMMETRIC}, hermitian=True)",
    f"jnp.linalg.svdvals({SYMMETRIC})",
    f"jnp.linalg.tensorsolve({WELL_CONDITIONED}, {{same}}[:, 0])",
    f"jnp.linalg.tensorinv({WELL_CONDITIONED}, ind=1)",
    "jnp.linalg.diagonal({f:2})",
    "jnp.linalg.trace({iuf:2})",
    "jnp.linalg.matrix_transpose({iuf:2})",
    "jnp.linalg.matrix_norm({f:2}, keepdims={flag})",
    "jnp.linalg.vector_norm({fc:1}, axis={axis}, keepdims={flag})",
    "jnp.linalg.norm({f:1}, ord=3, axis={axis})",
    "jnp.linalg.norm({fc:=2}, ord=1)",
    "jax.scipy.linalg.block_diag({f:=2}, {f:=2})",
    f"jax.scipy.linalg.cho_factor({WELL_CONDITIONED}, lower=True)[0]",
    f"jax.scipy.linalg.cholesky({WELL_CONDITIONED})",
    f"jax.scipy.linalg.det({WELL_CONDITIONED})",
    f"jax.scipy.linalg.eigh({SYMMETRIC}, eigvals_only=True)",
    f"jax.scipy.linalg.expm({SYMMETRIC} / 8)",
    f"jax.scipy.linalg.inv({WELL_CONDITIONED})",
    (
        f"jax.scipy.linalg.lu_solve(jax.scipy.linalg.lu_factor({WELL_CONDITIONED}),"
        " {same})"
    ),
    f"jax.scipy.linalg.solve({WELL_CONDITIONED}, {{same}}, assume_a='pos')",
]
