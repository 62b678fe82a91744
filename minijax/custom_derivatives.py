"""What functions with derivative rules of their own are made with."""

from .api.closures import closure_convert as closure_convert
from .api.closures import custom_gradient as custom_gradient
from .api.custom import custom_jvp as custom_jvp
from .api.custom import custom_rules as custom_rules
from .api.custom import custom_vjp as custom_vjp
from .api.symbolic_zeros import CustomVJPPrimal as CustomVJPPrimal
from .api.symbolic_zeros import SymbolicZero as SymbolicZero
from .api.symbolic_zeros import (
    custom_vjp_primal_tree_values as custom_vjp_primal_tree_values,
)
from .api.symbolic_zeros import zero_from_primal as zero_from_primal
from .control.custom import custom_jvp_call_p as custom_jvp_call_p
from .control.custom import custom_vjp_call_p as custom_vjp_call_p
from .control.linear_call import linear_call as linear_call
from .control.remat_opt import remat_opt_p as remat_opt_p
