"""Write the pages of the API reference: each public name of each public module.

Sphinx calls `write` before it reads the sources (docs/conf.py). A page lists the names
of a module in alphabetical order and takes their text from the docstrings; what another
module's page explains already is only named.
"""

import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

# Modules in the order of the table of contents, and what each is for.
MODULES = {
    "minijax": "Transformations, compilation, devices",
    "minijax.numpy": "NumPy's functions",
    "minijax.numpy.linalg": "Linear algebra",
    "minijax.numpy.fft": "Fourier transforms",
    "minijax.lax": "Operations, one by one",
    "minijax.lax.linalg": "Factorizations, as operations",
    "minijax.random": "Random numbers",
    "minijax.nn": "Functions of neural networks",
    "minijax.nn.initializers": "Initial weights",
    "minijax.scipy.special": "Special functions",
    "minijax.scipy.linalg": "SciPy's linear algebra",
    "minijax.scipy.stats": "Distributions and statistics",
    "minijax.scipy.signal": "Signals",
    "minijax.scipy.fft": "Cosine transforms",
    "minijax.scipy.ndimage": "Images of any rank",
    "minijax.scipy.optimize": "Minimization",
    "minijax.scipy.sparse.linalg": "Iterative solvers",
    "minijax.scipy.integrate": "Integrals",
    "minijax.scipy.interpolate": "Interpolation",
    "minijax.scipy.cluster.vq": "Clusters",
    "minijax.scipy.spatial.transform": "Rotations",
    "minijax.ops": "Reductions over segments",
    "minijax.image": "Resizing",
    "minijax.tree": "Trees, short names",
    "minijax.tree_util": "Trees",
    "minijax.flatten_util": "Trees as vectors",
    "minijax.custom_batching": "Rules for vmap",
    "minijax.custom_derivatives": "Rules for derivatives",
    "minijax.ad_checkpoint": "What reverse mode keeps",
    "minijax.debug": "Printing and callbacks",
    "minijax.dtypes": "Dtypes",
    "minijax.dlpack": "Exchange with other packages",
    "minijax.stages": "The stages of jit",
    "minijax.sharding": "Meshes of devices",
    "minijax.profiler": "Profiles",
    "minijax.monitoring": "Events",
    "minijax.test_util": "Checks of derivatives",
    "minijax.typing": "Annotations",
    "minijax.experimental": "Experimental functions",
    "minijax.experimental.checkify": "Checks in compiled programs",
    "minijax.experimental.ode": "Differential equations",
    "minijax.experimental.jet": "Taylor series",
    "minijax.experimental.sparse": "Sparse arrays",
    "minijax.experimental.rnn": "Recurrent layers",
    "minijax.experimental.mesh_utils": "Devices in a grid",
    "minijax.experimental.multihost_utils": "Processes of one program",
    "minijax.distributed": "Starting several processes",
    "minijax.example_libraries.optimizers": "Small optimisers",
    "minijax.example_libraries.stax": "Small networks",
    "minijax.extend.core": "Programs as data",
    "minijax.extend.linear_util": "Functions of lists",
}


def public(module: ModuleType) -> dict[str, Any]:
    """What a module offers by name, in alphabetical order; modules are not listed."""
    names = getattr(module, "__all__", None) or dir(module)
    found = {name: getattr(module, name) for name in sorted(names, key=str.lower)}
    return {
        name: x
        for name, x in found.items()
        if not name.startswith("_") and not inspect.ismodule(x)
    }


def parts(module: ModuleType) -> list[ModuleType]:
    """Modules that a module offers and that have no page: distributions, for one."""
    found = [getattr(module, name) for name in getattr(module, "__all__", ())]
    return [
        x
        for x in found
        if inspect.ismodule(x)
        and x.__name__.startswith(module.__name__)
        and x.__name__ not in MODULES
    ]


def foreign(x: Any) -> str | None:
    """The name of a function or class that another package explains."""
    module = getattr(x, "__module__", None)
    if not callable(x) or not isinstance(module, str) or module.startswith("minijax"):
        return None
    return f"{module}.{getattr(x, '__qualname__', type(x).__qualname__)}"


def directive(path: str, x: Any) -> str:
    """The text that makes Sphinx read the docstring of an object."""
    if inspect.isclass(x):
        # The fields of a named tuple are explained in its docstring.
        members = "" if issubclass(x, tuple) else "\n   :members:"
        return f".. autoclass:: {path}{members}"
    if callable(x) and inspect.getdoc(x):
        return f".. autofunction:: {path}"
    return f".. py:data:: {path}"


def page(name: str, title: str, seen: dict[int, str]) -> str:
    """One module's page in Markdown.

    Args:
      seen: where each object was explained, by its identity; it is added to.
    """
    module = importlib.import_module(name)
    lines = [f"# {name}: {title.lower()}", "", inspect.getdoc(module) or "", ""]
    directives, repeated = [], []
    for own, x in public(module).items():
        home = foreign(x) or seen.setdefault(id(x), f"{name}.{own}")
        if callable(x) and home != f"{name}.{own}":
            repeated.append(f"- `{own}` is `{home}`")
        else:
            directives.append(directive(f"{name}.{own}", x))
    if directives:
        lines += ["```{eval-rst}", "\n\n".join(directives), "```", ""]
    if repeated:
        lines += ["Explained elsewhere:", "", *repeated, ""]
    for part in parts(module):
        own = [
            directive(f"{part.__name__}.{n}", x)
            for n, x in public(part).items()
            if getattr(x, "__module__", None) == part.__name__
        ]
        about = inspect.getdoc(part) or ""
        lines += [f"## {part.__name__}", "", about, ""]
        lines += ["```{eval-rst}", "\n\n".join(own), "```", ""]
    return "\n".join(lines)


def write(folder: Path) -> None:
    """Write a page for each module, and the page that lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    seen: dict[int, str] = {}
    for name, title in MODULES.items():
        (folder / f"{name}.md").write_text(page(name, title, seen))
    contents = "\n".join(MODULES)
    (folder / "index.md").write_text(
        f"# API reference\n\n```{{toctree}}\n:maxdepth: 1\n\n{contents}\n```\n"
    )
