"""Elementwise operations: each element of the result depends on one of each operand.

Operands agree in dtype and shape, except that scalars (rank 0) go with any shape. The
builders `unary` and `nary` supply the type, batching and, for linear operations, the
transpose rule; what remains of an operation is its derivative and its StableHLO name.

    y:f32[3] = mul x 2.0:f32[]
"""

from .arithmetic import *
from .bits import *
from .builders import *
from .comparison import *
from .conversion import *
from .parts import *
from .powers import *
from .trigonometric import *
