"""Rows of the table whose function is one line of code, over arguments x, y, z, w.

    written("jnp.sum(x, axis=(0, -1))", [(2, 3, 4)], dtypes=("f32", "i32"))

means a row of one argument x that calls just that, in both packages. `jax`, `jnp`,
`lax` and `nn` are the package's, `np` is NumPy.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .surface import Draw, Row, normal

NAMES = ("x", "y", "z", "w")


def written(
    text: str,
    *shapes: Sequence[tuple[int, ...]],
    args: Draw | tuple[Draw, ...] = normal,
    dtypes: Sequence[Any] = ("f32",),
    **options: Any,
) -> Row:
    """A row for a line of code.

    Args:
      shapes: those of the arguments, a list for each case.
      args: how the arguments are drawn: one way for all, or one for each.
      dtypes, options: of the row.
    """
    given = shapes or ([],)
    count = len(given[0])
    draws = args if isinstance(args, tuple) else (args,) * count
    return Row(
        text,
        draws,
        shapes=tuple(tuple(each) for each in given),
        dtypes=tuple(dtypes) if count else ((),),
        call=function_of(text, NAMES[:count]),
        **options,
    )


def function_of(text: str, names: Sequence[str]) -> Callable[..., Any]:
    """The line of code as a function of a package and the arguments it names."""
    code = compile(text, f"<{text}>", "eval")

    def call(package, *args):
        name = package.__name__
        scope = {
            "jax": package,
            "jnp": package.numpy,
            "lax": package.lax,
            "nn": importlib.import_module(f"{name}.nn"),
            "np": np,
        }
        return eval(code, scope | dict(zip(names, args, strict=True)))

    return call


def several(
    texts: Sequence[str], *shapes: Sequence[tuple[int, ...]], **options: Any
) -> list[Row]:
    """Rows with the same arguments, one for each line of code."""
    return [written(text, *shapes, **options) for text in texts]
