"""Methods of the universal functions of jax.numpy."""

from .surface import comparisons, integers, positive
from .written import several

UFUNCS = "add multiply logical_and logical_or logical_xor bitwise_and bitwise_or"

UFUNC_METHODS = [
    *several(
        [
            f"jnp.{name}.{call}"
            for name in UFUNCS.split()
            for call in (
                "reduce(x)",
                "reduce(x, axis=1, keepdims=True)",
                "reduce(x, axis=None)",
                "accumulate(x)",
                "accumulate(x, axis=1)",
                "outer(x, x[0])",
                "at(x, 1, 1, inplace=False)",
                "at(x, jnp.array([0, 0, 2]), x[:, :1] * 0 + 1, inplace=False)",
                "reduceat(x, jnp.array([0, 2]), axis=1)",
            )
            # Those of logical functions are not truth values in jax.
            if not (name.startswith("logical") and call.startswith("reduceat"))
        ],
        [(3, 4)],
        args=integers(0, 2),
        dtypes=("i32", "b", "u8"),
    ),
    *several(
        [
            f"jnp.{name}.{call}"
            for name in ("add", "multiply", "maximum", "minimum", "subtract")
            for call in (
                "reduce(x)",
                "reduce(x, 1)",
                "reduce(x, initial=2)",
                "reduce(x, axis=1, initial=1, where=x > 0)",
                "accumulate(x, axis=1)",
                "outer(x, x[0])",
                "at(x, 1, 2, inplace=False)",
            )
        ],
        [(3, 4)],
        args=positive,
        dtypes=("f32", "f64"),
        order=1,
    ),
    *several(
        [
            f"jnp.{name}.nin, jnp.{name}.nout, jnp.{name}.nargs, jnp.{name}.identity"
            for name in (
                *UFUNCS.split(),
                "subtract",
                "negative",
                "maximum",
                "logaddexp",
            )
        ],
        jit=False,
    ),
    *several(
        [
            "[isinstance(f, jnp.ufunc) for f in (jnp.add, jnp.negative, jnp.exp)]",
            "jnp.add.__name__, jnp.frompyfunc(divmod, 2, 2).nout",
        ],
        jit=False,
    ),
]

test_values, test_derivatives = comparisons(UFUNC_METHODS)
