"""Functions of `scipy.optimize`: `minimize`."""

from .minimize import (
    OptimizeResults as OptimizeResults,
    minimize as minimize,
)
