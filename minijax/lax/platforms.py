"""Code for one platform, and operations that a compiler may know by name.

platform_dependent(x, cpu=f, default=g)       is       f(x) on a CPU, else g(x)
composite(f, "my.softmax")(x)                 is       a call of f by that name
"""

import functools
from collections.abc import Callable

import numpy as np

from .. import tree
from ..api import ShapeDtypeStruct, eval_shape, jit
from ..control.bodies import check_callable
from ..core.literal import aval_of
from ..runtime import client

__all__ = ["composite", "platform_dependent"]


def platform_dependent(*args, default: Callable | None = None, **per_platform):
    """The value of the function for the platform that the program is traced for.

    Platforms are named by keywords: `cpu`, `cuda`, `rocm`, `tpu`; `default` is for all
    others. The platform is that of the default device when the program is traced.

    The functions are all traced and must return the same types; only the one chosen is
    part of the program.

    Raises:
      NotImplementedError: no function is given for the platform.

    >>> platform_dependent(1.0, cpu=lambda x: x + 1, default=lambda x: x)
    2.0
    """
    branches = {**per_platform, **({} if default is None else {"default": default})}
    check_callable("platform_dependent", **branches)
    platform = client.default_device().platform
    chosen = next((name for name in (platform, "default") if name in branches), None)
    if chosen is None:
        raise NotImplementedError(
            f"platform_dependent: no function for platform {platform!r} among "
            f"{', '.join(branches) or 'none'}. Pass one, or a default."
        )
    out = branches[chosen](*args)
    wanted = _types(out)
    for name, branch in branches.items():
        if name == chosen:
            continue
        got = _types(eval_shape(branch, *args))
        if got != wanted:
            raise TypeError(
                "platform_dependent: functions must return the same types, got "
                f"{wanted[1]} for {chosen} and {got[1]} for {name}."
            )
    return out


def _types(out):
    leaves, treedef = tree.flatten(out)
    kinds = [x if isinstance(x, ShapeDtypeStruct) else aval_of(x) for x in leaves]
    return treedef, [f"{np.dtype(x.dtype).name}{list(x.shape)}" for x in kinds]


def composite(decomposition: Callable, name: str, version: int = 0):
    """The function, as one operation of a name that compilers may know.

    Positional arguments are operands, keyword arguments are passed as they are. The
    operation is a call of the function's program by its name; `version` is not written.

    >>> composite(lambda x: lax.sin(x) / lax.cos(x), "my.tangent")(0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    check_callable("composite", decomposition=decomposition)

    @functools.wraps(decomposition)
    def operation(*args, **attributes):
        def of_operands(*args):
            return decomposition(*args, **attributes)

        of_operands.__name__ = name
        return jit(of_operands)(*args)

    return operation
