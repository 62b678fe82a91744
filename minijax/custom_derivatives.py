"""What functions with derivative rules of their own are made with."""

from .api.custom import (
    CustomVJPPrimal as CustomVJPPrimal,
)
from .api.custom import (
    SymbolicZero as SymbolicZero,
)
from .api.custom import (
    closure_convert as closure_convert,
)
from .api.custom import (
    custom_gradient as custom_gradient,
)
from .api.custom import (
    custom_jvp as custom_jvp,
)
from .api.custom import (
    custom_vjp as custom_vjp,
)
from .api.custom import (
    zero_from_primal as zero_from_primal,
)
