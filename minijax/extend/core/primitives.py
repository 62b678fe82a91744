"""The primitives that programs are made of, by the names that JAX gives them."""

from ...core.primitive import registry as _registry

_OTHER_NAMES = {"pjit": "jit", "closed_call": "jit", "core_call": "jit", "call": "jit"}


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
