"""Primitives that hold programs: calls, branches, loops, custom rules."""

from .loops import fori_loop as fori_loop
from .while_loop import while_loop as while_loop
