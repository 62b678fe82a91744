"""Primitives that hold programs: calls, branches, loops, custom rules."""

from .associative import associative_scan as associative_scan
from .cond import cond as cond, cond_p as cond_p, switch as switch
from .loops import fori_loop as fori_loop, map as map
from .scan import scan as scan, scan_p as scan_p
from .while_loop import while_loop as while_loop, while_p as while_p
