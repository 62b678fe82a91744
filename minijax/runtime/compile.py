"""From a closed jaxpr to something that runs: choose devices, lower, compile, load.

lower_program(jaxpr, "jit_f", kinds).compile()  ->  Program
program(arrays)                                 ->  arrays
"""

import time
from collections.abc import Sequence

from .. import logs
from ..config import state
from ..core.jaxpr import ClosedJaxpr, check_jaxpr
from ..optimize import optimize
from ..optimize.fusion_cuts import cut_fusions
from ..optimize.ordering import order_effects
from ..optimize.pieces import cut_into_pieces
from . import client
from .array import Kind, default_sharding
from .lowered import Lowered, lower_whole, used_arguments
from .pieces import lower_pieces


def place(name: str, kinds: Sequence[Kind], device=None):
    """The sharding under which a program runs, from where its arguments are.

    Committed arguments decide, and must agree; without any, the default device.
    """
    committed = {kind.sharding.device_list for kind in kinds if kind.committed}
    if len(committed) > 1:
        places = " and ".join(sorted(str(list(d)) for d in committed))
        raise ValueError(
            f"{name}: arguments must be on the same devices, got arrays committed to "
            f"{places}. Move one with device_put."
        )
    if committed:
        return client.Sharding(committed.pop()), True
    if device is not None:
        return client.single_device(device), True
    spread = {k.sharding.device_list for k in kinds if len(k.sharding.device_list) > 1}
    if spread:
        return client.Sharding(spread.pop()), False
    return default_sharding(), False


def lower_program(
    closed: ClosedJaxpr,
    name: str,
    kinds: Sequence[Kind],
    *,
    keep_unused=False,
    donated: Sequence[int] = (),
    device=None,
    platform: str | None = None,
) -> Lowered:
    """Optimise and lower a program for arguments of the given kinds.

    Args:
      donated: positions of arguments whose buffers results may overwrite.
      device: where to run when no argument says.
      platform: lower for it instead of for the platform of the devices.
    """
    start = time.perf_counter()
    sharding, committed = place(name, kinds, device)
    target = platform or client.platform_of(sharding.device_list[0])
    closed = order_effects(optimize(closed))
    alone_on_cpu = target == "cpu" and len(sharding.device_list) == 1
    pieces = None
    if alone_on_cpu and state.compile_pieces:
        pieces = cut_into_pieces(closed)
    if pieces is not None:
        closed = pieces.whole
    elif alone_on_cpu:
        closed = cut_fusions(closed)
    if state.enable_checks:
        check_jaxpr(closed)
    jaxpr = closed.jaxpr
    kept = list(range(len(jaxpr.invars))) if keep_unused else used_arguments(jaxpr)
    where = (sharding, committed, target)
    lowered: Lowered
    if pieces is None:
        lowered = lower_whole(closed, name, kinds, kept, donated, *where)
    else:
        lowered = lower_pieces(pieces, name, kinds, kept, donated, *where)
    logs.compiling("Finished lowering of %s to StableHLO in %.9f sec", name, start)
    return lowered
