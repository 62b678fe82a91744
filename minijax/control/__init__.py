"""Primitives that hold programs: calls, branches, loops, custom rules."""

from .associative import associative_scan as associative_scan
from .cond import cond as cond
from .cond import cond_p as cond_p
from .cond import switch as switch
from .implicit import custom_linear_solve as custom_linear_solve
from .implicit import custom_root as custom_root
from .implicit import linear_solve_p as linear_solve_p
from .loops import fori_loop as fori_loop
from .loops import map as map
from .scan import scan as scan
from .scan_rules import scan_p as scan_p
from .while_loop import while_loop as while_loop
from .while_rules import while_p as while_p
from .reductions import (
    reduce as reduce,
    reduce_window as reduce_window,
    scatter_apply as scatter_apply,
)
