"""Programs as data, and primitives of one's own.

for eqn in make_jaxpr(f)(x).eqns:
    print(eqn.primitive, eqn.params)

multiply_add_p = Primitive("multiply_add")      its rules: minijax.interpreters
"""

from ...core.avals import AbstractToken as AbstractToken
from ...core.jaxpr import (
    ClosedJaxpr as ClosedJaxpr,
)
from ...core.jaxpr import Eqn as JaxprEqn
from ...core.jaxpr import (
    Jaxpr as Jaxpr,
)
from ...core.jaxpr import (
    Var as Var,
)
from ...core.jaxpr import (
    check_jaxpr as check_jaxpr,
)
from ...core.literal import Literal as Literal
from ...errors import InconclusiveDimensionOperation as InconclusiveDimensionOperation
from ...errors import JaxprTypeError as JaxprTypeError
from . import primitives as primitives
from .primitive import Primitive as Primitive
from .programs import (
    DebugInfo as DebugInfo,
)
from .programs import (
    DropVar as DropVar,
)
from .programs import (
    Effect as Effect,
)
from .programs import (
    Effects as Effects,
)
from .programs import (
    gensym as gensym,
)
from .programs import (
    jaxpr_as_fun as jaxpr_as_fun,
)
from .programs import (
    jaxprs_in_params as jaxprs_in_params,
)
from .programs import (
    new_jaxpr_eqn as new_jaxpr_eqn,
)
from .programs import (
    no_effects as no_effects,
)
from .programs import (
    subjaxprs as subjaxprs,
)
from .traces import (
    TraceTag as TraceTag,
)
from .traces import (
    concrete_or_error as concrete_or_error,
)
from .traces import (
    eval_context as eval_context,
)
from .traces import (
    find_top_trace as find_top_trace,
)
from .traces import (
    get_opaque_trace_state as get_opaque_trace_state,
)
from .traces import (
    nonempty_axis_env_DO_NOT_USE as nonempty_axis_env_DO_NOT_USE,
)
from .traces import (
    set_current_trace as set_current_trace,
)
from .traces import (
    take_current_trace as take_current_trace,
)
from .traces import (
    trace_state_clean as trace_state_clean,
)
from .traces import (
    unsafe_am_i_under_a_jit_DO_NOT_USE as unsafe_am_i_under_a_jit_DO_NOT_USE,
)
from .traces import (
    unsafe_am_i_under_a_vmap_DO_NOT_USE as unsafe_am_i_under_a_vmap_DO_NOT_USE,
)
from .traces import (
    unsafe_get_axis_names_DO_NOT_USE as unsafe_get_axis_names_DO_NOT_USE,
)
from .types import (
    AbstractValue as AbstractValue,
)
from .types import (
    Atom as Atom,
)
from .types import (
    ParamDict as ParamDict,
)
from .types import (
    Value as Value,
)
from .types import (
    array_types as array_types,
)
from .types import (
    get_aval as get_aval,
)
from .types import (
    mapped_aval as mapped_aval,
)
from .types import (
    primal_dtype_to_tangent_dtype as primal_dtype_to_tangent_dtype,
)
from .types import (
    unmapped_aval as unmapped_aval,
)
from .types import (
    valid_jaxtype as valid_jaxtype,
)
