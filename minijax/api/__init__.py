"""The transformations users call: trees in, trees out."""

from ..control.callback import pure_callback as pure_callback
from ..runtime.callbacks import effects_barrier as effects_barrier
from ..runtime.compiled import compiled as compiled
from ..runtime.compiled import compiled_operator as compiled_operator
from .autodiff import (
    jvp as jvp,
)
from .autodiff import (
    linear_transpose as linear_transpose,
)
from .autodiff import (
    linearize as linearize,
)
from .autodiff import (
    stop_gradient as stop_gradient,
)
from .autodiff import (
    vjp as vjp,
)
from .checkpoint import (
    checkpoint as checkpoint,
)
from .checkpoint import (
    checkpoint_policies as checkpoint_policies,
)
from .checkpoint import (
    remat as remat,
)
from .closures import closure_convert as closure_convert
from .closures import custom_gradient as custom_gradient
from .custom import custom_jvp as custom_jvp
from .custom import custom_rules as custom_rules
from .custom import custom_vjp as custom_vjp
from .devices import (
    Device as Device,
)
from .devices import (
    block_until_ready as block_until_ready,
)
from .devices import (
    copy_to_host_async as copy_to_host_async,
)
from .devices import (
    default_backend as default_backend,
)
from .devices import (
    device_count as device_count,
)
from .devices import (
    device_get as device_get,
)
from .devices import (
    device_put as device_put,
)
from .devices import (
    devices as devices,
)
from .devices import (
    local_device_count as local_device_count,
)
from .devices import (
    local_devices as local_devices,
)
from .devices import (
    named_call as named_call,
)
from .devices import (
    named_scope as named_scope,
)
from .devices import (
    process_count as process_count,
)
from .devices import (
    process_index as process_index,
)
from .devices import (
    typeof as typeof,
)
from .gradients import (
    grad as grad,
)
from .gradients import (
    value_and_grad as value_and_grad,
)
from .jacobians import (
    hessian as hessian,
)
from .jacobians import (
    jacfwd as jacfwd,
)
from .jacobians import (
    jacobian as jacobian,
)
from .jacobians import (
    jacrev as jacrev,
)
from .jacobians import (
    value_and_jacobian as value_and_jacobian,
)
from .jit import clear_caches as clear_caches
from .jit import jit as jit
from .mapping import pmap as pmap
from .mapping import vmap as vmap
from .products import (
    diag_hessian as diag_hessian,
)
from .products import (
    ggn as ggn,
)
from .products import (
    hvp as hvp,
)
from .products import (
    laplacian as laplacian,
)
from .staging import (
    ensure_compile_time_eval as ensure_compile_time_eval,
)
from .staging import (
    eval_shape as eval_shape,
)
from .staging import (
    make_jaxpr as make_jaxpr,
)
from .structs import ShapeDtypeStruct as ShapeDtypeStruct
