"""The transformations users call: trees in, trees out."""

from ..runtime.compiled import compiled as compiled
from .autodiff import (
    grad as grad,
    jvp as jvp,
    linear_transpose as linear_transpose,
    linearize as linearize,
    stop_gradient as stop_gradient,
    value_and_grad as value_and_grad,
    vjp as vjp,
)
from .checkpoint import (
    checkpoint as checkpoint,
    checkpoint_policies as checkpoint_policies,
    remat as remat,
)
from .custom import (
    closure_convert as closure_convert,
    custom_gradient as custom_gradient,
    custom_jvp as custom_jvp,
    custom_vjp as custom_vjp,
)
from .devices import (
    Device as Device,
    block_until_ready as block_until_ready,
    copy_to_host_async as copy_to_host_async,
    default_backend as default_backend,
    device_count as device_count,
    device_get as device_get,
    device_put as device_put,
    devices as devices,
    local_device_count as local_device_count,
    local_devices as local_devices,
    named_call as named_call,
    named_scope as named_scope,
    process_count as process_count,
    process_index as process_index,
    typeof as typeof,
)
from .jacobians import (
    hessian as hessian,
    jacfwd as jacfwd,
    jacobian as jacobian,
    jacrev as jacrev,
)
from .jit import (
    ShapeDtypeStruct as ShapeDtypeStruct,
    clear_caches as clear_caches,
    jit as jit,
)
from .mapping import pmap as pmap, vmap as vmap
from .staging import (
    ensure_compile_time_eval as ensure_compile_time_eval,
    eval_shape as eval_shape,
    make_jaxpr as make_jaxpr,
)
