"""What a program is, and how a Python call becomes one.

The package is also `jax.core`: the names that JAX documents there are found here,
loaded when they are first asked for.
"""

from ..on_demand import on_demand as _on_demand

# Where the names of `jax.core` are.
_PUBLIC = {
    ".avals": "ShapedArray AbstractToken",
    ".trace": "Tracer Trace",
    ".jaxpr": "Jaxpr ClosedJaxpr Var check_jaxpr eval_jaxpr",
    ".literal": "Literal",
    "..errors": "InconclusiveDimensionOperation JaxprTypeError",
    "..api.staging": "ensure_compile_time_eval",
    "..extend.core": (
        "AbstractValue Atom DebugInfo DropVar Effect Effects JaxprEqn ParamDict "
        "Primitive TraceTag Value array_types concrete_or_error eval_context "
        "find_top_trace gensym get_aval get_opaque_trace_state jaxpr_as_fun "
        "jaxprs_in_params mapped_aval new_jaxpr_eqn no_effects "
        "nonempty_axis_env_DO_NOT_USE primal_dtype_to_tangent_dtype set_current_trace "
        "subjaxprs take_current_trace trace_state_clean "
        "unsafe_am_i_under_a_jit_DO_NOT_USE unsafe_am_i_under_a_vmap_DO_NOT_USE "
        "unsafe_get_axis_names_DO_NOT_USE unmapped_aval valid_jaxtype"
    ),
    "..extend.core.traces": "is_concrete is_constant_dim is_constant_shape",
}
_WHERE = {name: module for module, names in _PUBLIC.items() for name in names.split()}

__getattr__, __dir__ = _on_demand(globals(), names=_WHERE)
