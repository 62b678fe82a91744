"""Parts of a package that are loaded when they are first asked for.

Importing minijax stays fast, however much there is:

    __getattr__, __dir__ = on_demand(globals(), ("fft", "stats"), {"welch": ".spectra"})
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def on_demand(
    namespace: dict[str, Any],
    modules: Iterable[str] = (),
    names: Mapping[str, str] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package.

    Args:
      namespace: `globals()` of the package; what is loaded is kept there.
      modules: its modules that are loaded on demand.
      names: other names, and the module that each is in, relative to the package.
    """
    package = namespace["__name__"]
    known = frozenset(modules)
    places = dict(names or {})

    def load(name: str) -> Any:
        if name in known:
            return importlib.import_module(f"{package}.{name}")
        if name in places:
            module = importlib.import_module(places[name], package)
            value = namespace[name] = getattr(module, name)
            return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def listed() -> list[str]:
        return sorted({*namespace, *known, *places})

    return load, listed
