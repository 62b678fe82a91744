"""Activations, normalisation, attention and initializers of jax.nn."""

from .surface import NUMBERS, Row, comparisons, drawn, integers, positive
from .written import several

REAL = ("f32", "f64", "f16", "bf16", "i32", "b", "float", "int")
FEW = ("f32", "f64", "bf16")
# Not at the corners of piecewise functions, where subgradients differ by design.
wide = drawn(lambda stream, shape: 5 * stream.normal(size=shape) + 0.013)


def activations(names, draw=wide, dtypes=REAL, order=2, **options):
    """Functions of one array."""
    return [
        Row(
            f"nn.{name}",
            (draw,),
            shapes=shapes,
            dtypes=kinds,
            order=order if shapes != EDGES else 0,
            name="edge" if shapes == EDGES else "",
            **options,
        )
        for name in names.split()
        for shapes, kinds in (
            (INSIDE, tuple(d for d in dtypes if d not in NUMBERS)),
            (EDGES, ("f32", *(d for d in dtypes if d in NUMBERS))),
        )
    ]


INSIDE, EDGES = (((2, 7),),), (((),), ((0, 2),))
ACTIVATIONS = [
    *activations("relu relu6 softplus soft_sign"),
    *activations("sigmoid silu swish log_sigmoid", dtypes=(*FEW, "f16", "float")),
    *activations("leaky_relu hard_sigmoid hard_silu hard_swish hard_tanh elu celu"),
    *activations("selu gelu mish sparse_plus sparse_sigmoid"),
    *activations("squareplus", dtypes=(*FEW, "f16", "i32", "float", "int")),
    *activations("log1mexp", draw=positive, dtypes=("f32", "f64", "bf16", "float")),
    *activations("identity tanh", dtypes=(*REAL, "c64")),
    *several(
        ["nn.sigmoid(x)", "nn.silu(x)", "nn.softplus(x)", "nn.soft_sign(x)"],
        [(5,)],
        dtypes=("c64", "c128"),
        order=1,
    ),
    *several(
        [
            "nn.gelu(x, approximate=False)",
            "nn.elu(x, 0.5), nn.celu(x, alpha=2.0), nn.leaky_relu(x, 0.2)",
            "nn.squareplus(x, b=1.0), nn.elu(x, alpha=jnp.arange(7.0))",
            "nn.relu(x * 0), nn.relu6(x + 6), nn.selu(-x)",
        ],
        [(2, 7)],
        args=wide,
        dtypes=("f32", "f64", "bf16", "f16", "i32"),
        order=1,
    ),
    *several(
        [
            "nn.sigmoid(x), nn.log_sigmoid(x), nn.softplus(x), nn.silu(x)",
            "nn.gelu(x), nn.gelu(x, False), nn.mish(x), nn.elu(x), nn.selu(x)",
            "nn.relu(x), nn.relu6(x), nn.hard_tanh(x), nn.soft_sign(x)",
            "nn.sparse_plus(x), nn.sparse_sigmoid(x), nn.squareplus(x)",
            "nn.softmax(x), nn.log_softmax(x), nn.logsumexp(x)",
        ],
        [(4,)],
        args=drawn(
            lambda stream, shape: stream.choice([-1e4, -90.0, 90.0, 1e4], shape)
        ),
        dtypes=("f32", "f64", "bf16"),
        name="large",
    ),
]

MASK = "where=jnp.array([True, False, True, True])"
NORMALISATION = [
    *several(["nn.glu(x[:, :6]), nn.glu(x, axis=0)"], [(2, 7)], dtypes=FEW, order=2),
    *several(
        [
            f"nn.{name}({way})"
            for name in ("softmax", "log_softmax", "standardize")
            for way in (
                "x",
                "x, axis=0",
                "x, axis=(0, -1)",
                "x, axis=None",
                f"x, {MASK}",
                "x, axis=1, where=x < 9",
            )
        ],
        [(2, 3, 4)],
        dtypes=("f32", "f64", "bf16", "f16", "i32"),
        order=2,
    ),
    *several(
        [
            "nn.softmax(x), nn.log_softmax(x)",
            "nn.logsumexp(x), nn.logmeanexp(x)",
            "nn.standardize(x)",
        ],
        [(4,)],
        [(1,)],
        dtypes=("f32", "i32"),
    ),
    *several(
        ["nn.softmax(x), nn.log_softmax(x), nn.logsumexp(x, axis=1)"],
        [(3, 0)],
        dtypes=("f32",),
    ),
    *several(
        [
            "nn.standardize(x, mean=1.0, variance=2.0)",
            "nn.standardize(x, axis=0, epsilon=0.1)",
            "nn.standardize(x, axis=1, mean=jnp.ones((2, 1, 4)))",
            "nn.standardize(x, algorithm='stable')",
        ],
        [(2, 3, 4)],
        dtypes=FEW,
        order=1,
    ),
    *several(
        [
            "nn.logsumexp(x)",
            "nn.logsumexp(x, axis=1)",
            "nn.logsumexp(x, axis=(0, -1), keepdims=True)",
            "nn.logsumexp(x, axis=-1, b=jnp.array([1.0, 2, 3, 0.5]))",
            "nn.logsumexp(x, axis=-1, b=jnp.array([1, -2, -3, 2]), return_sign=True)",
            "nn.logsumexp(x, return_sign=True)",
            f"nn.logsumexp(x, axis=-1, {MASK})",
            "nn.logsumexp(x, axis=0, where=x < 2.5)",
            "nn.logmeanexp(x)",
            "nn.logmeanexp(x, axis=0, keepdims=True)",
            f"nn.logmeanexp(x, axis=2, {MASK})",
        ],
        [(2, 3, 4)],
        dtypes=("f32", "f64", "bf16", "i32"),
        order=2,
    ),
    *several(
        ["nn.logsumexp(x)", "nn.logsumexp(x, axis=0)"],
        [(2, 3)],
        dtypes=("c64", "c128"),
        order=1,
    ),
    *several(
        [
            "nn.one_hot(x, 5)",
            "nn.one_hot(x, 5, axis=0)",
            "nn.one_hot(x, 5, axis=1, dtype=bool)",
            "nn.one_hot(x, 3, dtype='int8')",
            "nn.one_hot(x, 4, dtype=jnp.bfloat16)",
        ],
        [(2, 3)],
        args=integers(-1, 6),
        dtypes=("i32", "u8", "i64", "f32"),
    ),
    *several(
        ["nn.one_hot(x, 5)", "nn.one_hot(x, 0)"],
        [()],
        args=integers(0, 4),
        dtypes=("i32", "int"),
    ),
]

QKV = [(2, 5, 4, 3), (2, 6, 4, 3), (2, 6, 4, 3)]
GROUPED = [(2, 5, 4, 3), (2, 6, 2, 3), (2, 6, 2, 3)]
ONE = [(5, 4, 3), (6, 4, 3), (6, 4, 3)]
ATTENTION = [
    *several(
        [
            "nn.dot_product_attention(x, y, z)",
            "nn.dot_product_attention(x, y, z, is_causal=True)",
            "nn.dot_product_attention(x, y, z, scale=0.3)",
            "nn.dot_product_attention(x, y, z, local_window_size=2)",
            "nn.dot_product_attention(x, y, z, local_window_size=(1, 0))",
            "nn.dot_product_attention(x, y, z, return_residual=True)",
            "nn.dot_product_attention(x, y, z, implementation='xla')",
        ],
        QKV,
        GROUPED,
        ONE,
        dtypes=("f32", "bf16"),
        order=1,
        slopes="differences",  # jax's softmax is in f32
    ),
    *several(
        [
            "nn.dot_product_attention(x, y, z, jnp.ones((2, 4, 5, 6)))",
            "nn.dot_product_attention(x, y, z, bias=jnp.ones((1, 1, 5, 6)))",
            "nn.dot_product_attention(x, y, z, mask=jnp.tri(5, 6, dtype=bool)"
            "[None, None])",
            "nn.dot_product_attention(x, y, z, "
            "query_seq_lengths=jnp.array([3, 5], 'int32'))",
            "nn.dot_product_attention(x, y, z, "
            "key_value_seq_lengths=jnp.array([4, 2], 'int32'))",
            "nn.dot_product_attention(x, y, z, is_causal=True, "
            "query_seq_lengths=jnp.array([3, 5], 'int32'), "
            "key_value_seq_lengths=jnp.array([4, 2], 'int32'))",
        ],
        QKV,
        dtypes=("f32",),
        order=1,
        slopes="differences",
    ),
]

SHAPES = ("(6, 8)", "(3, 3, 4, 5)")
INITIALIZERS = [
    *several(
        [
            f"nn.initializers.{init}(jax.random.key(3), {shape}, jnp.dtype(x))"
            for init in (
                "zeros",
                "ones",
                "constant(2.5)",
                "normal()",
                "normal(0.5)",
                "uniform()",
                "uniform(2.0)",
                "truncated_normal()",
                "truncated_normal(0.5, lower=-1.0, upper=3.0)",
                "glorot_normal()",
                "glorot_uniform()",
                "xavier_normal()",
                "xavier_uniform()",
                "lecun_normal()",
                "lecun_uniform(batch_axis=0)",
                "he_normal()",
                "he_uniform()",
                "kaiming_normal()",
                "kaiming_uniform(in_axis=-1, out_axis=-2)",
                "variance_scaling(1.0, 'fan_in', 'normal')",
                "variance_scaling(2.0, 'fan_out', 'truncated_normal')",
                "variance_scaling(0.5, 'fan_avg', 'uniform')",
                "variance_scaling(0.5, 'fan_geo_avg', 'uniform', batch_axis=(0,))",
            )
            for shape in SHAPES
        ],
        [()],
        args=lambda stream, shape, dtype: dtype.name,
        dtypes=("f32", "f64", "bf16"),
        jit=False,
    ),
    *several(
        [
            "nn.initializers.normal()(jax.random.key(0), (3,))",
            "nn.initializers.normal(dtype='float16')(jax.random.key(0), (3,))",
            "nn.initializers.constant(jnp.arange(3.0))(jax.random.key(0), (2, 3))",
            "nn.initializers.zeros(None, (2,)), nn.initializers.ones(None, (2,), int)",
            "nn.initializers.he_normal()(jax.random.PRNGKey(1), (4, 5))",
            "nn.initializers.normal()(jax.random.key(0), (3, 2), 'complex64')",
            "nn.initializers.lecun_normal()(jax.random.key(0), (3, 2), 'complex64')",
            "nn.initializers.he_uniform()(jax.random.key(0), (3, 2), 'complex64')",
        ],
        jit=False,
    ),
    *several(
        [
            "nn.initializers.orthogonal()(jax.random.key(2), (4, 6))",
            "nn.initializers.orthogonal(2.0, column_axis=0)(jax.random.key(2), (4, 6))",
            "nn.initializers.orthogonal()(jax.random.key(2), (3, 2, 5))",
            "nn.initializers.delta_orthogonal()(jax.random.key(2), (3, 3, 4))",
            "nn.initializers.delta_orthogonal()(jax.random.key(2), (2, 3, 3, 4))",
        ],
        [()],
        dtypes=("f32", "f64"),
        jit=False,
    ),
]

test_values, test_derivatives = comparisons(
    ACTIVATIONS + NORMALISATION + ATTENTION + INITIALIZERS
)
