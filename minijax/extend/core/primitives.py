"""The primitives that programs are made of, by the names that JAX gives them."""

from ... import special as special  # registers the primitives of special functions
from ...core.primitive import registry as _registry

# One primitive here does what several do in JAX, or has another name.
_OTHER_NAMES = {
    **dict.fromkeys(("call", "closed_call", "core_call", "pjit"), "jit"),
    **dict.fromkeys(("add_any", "add_jaxvals"), "add"),
    **dict.fromkeys(("remat", "remat2"), "checkpoint"),
    **{f"scatter_{name}": f"scatter-{name}" for name in "add sub mul min max".split()},
    "linear_solve": "custom_linear_solve",
}


def __getattr__(name):
    if name.endswith("_p"):
        plain = name.removesuffix("_p")
        found = _registry.get(plain) or _registry.get(_OTHER_NAMES.get(plain, plain))
        if found is not None:
            return found
    raise AttributeError(
        f"minijax has no primitive {name!r}. It has "
        f"{', '.join(sorted(n + '_p' for n in _registry))}."
    )


def __dir__():
    return sorted(f"{name}_p" for name in _registry)
