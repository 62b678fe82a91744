"""Run libraries written for JAX on minijax, and compare their numbers with JAX's.

    python tests/libraries/run.py --jax /folder/with/jax [--only equinox] [--keep DIR]

The libraries that are installed are copied to a temporary folder, where `jax` becomes
`minijax` in their source; so do the programs beside this file, one or two for each. A
program ends with a line of numbers. Where a folder with jax is given, the program as it
stands runs on jax too, and the table says how far the numbers are apart.

Libraries also use names of `jax._src`, which are private and promised to nobody. The
table ADAPTATIONS says what stands for them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

PROGRAMS = Path(__file__).parent / "programs"

# Each program with the libraries that it needs, its own first.
NEEDS = {
    "optax_adam": ("optax",),
    "optax_zoo": ("optax",),
    "equinox_mlp": ("equinox", "jaxtyping"),
    "equinox_loops": ("equinox", "jaxtyping"),
    "haiku_mlp": ("haiku", "jmp"),
    "flax_linen": ("flax", "optax"),
    "flax_nnx": ("flax", "optax"),
    "chex_checks": ("chex",),
    "jaxtyping_jmp": ("jaxtyping", "jmp"),
    "lineax_solves": ("lineax", "equinox", "jaxtyping"),
    "optimistix_solves": ("optimistix", "lineax", "equinox", "jaxtyping"),
    "diffrax_solves": ("diffrax", "optimistix", "lineax", "equinox", "jaxtyping"),
    "jaxopt_solves": ("jaxopt",),
    "blackjax_samples": ("blackjax", "optax", "jaxopt"),
    "numpyro_model": ("numpyro",),
    "tinygp_regression": ("tinygp", "equinox", "jaxtyping"),
    "mctx_search": ("mctx", "chex"),
    "jraph_network": ("jraph",),
    "flowjax_fit": ("flowjax", "paramax", "equinox", "jaxtyping", "optax"),
    "evosax_strategies": ("evosax", "optax", "flax"),
    "dm_pix_images": ("dm_pix", "chex"),
    "penzai_model": ("penzai",),
}
LIBRARIES = sorted({name for names in NEEDS.values() for name in names})

# Rewritten in every file, in this order.
ADAPTATIONS = (
    # The version of JAX that minijax follows, for those who choose their code by it.
    (r"\bjax\.(version\.)?__version_info__", "(0, 10, 2)"),
    (r"\bjax\.__version__", '"0.10.2"'),
    # Frames that a library has left out of tracebacks.
    (r"import jax\._src\.traceback_util", "import jax.traceback_util"),
    (r"traceback_util\.include_frame\((\w+)\)", r'"minijax" not in str(\1)'),
    # What is to happen when a program ends.
    (r"import jax\._src\.dispatch", "import jax"),
    (r"jax\._src\.dispatch\.wait_for_tokens", "jax.effects_barrier"),
    # A primitive that no program contains any more gets a rule.
    (
        r"from jax\._src\.ad_util import stop_gradient_p",
        'stop_gradient_p = __import__("jax.extend.core").extend.core.Primitive("s")',
    ),
    # Which types are containers; and mutable arrays, which minijax has not.
    (r"from jax\._src\.tree_util import _registry as (\w+)", r"\1 = ()"),
    (
        r"([\w.]+(?:\(\w+\))?) in JAX_PYTREE_REGISTRY",
        r"jax.tree_util.is_tree_node(\1)",
    ),
    (r"from jax\._src\.state\.types import AbstractRef", "class AbstractRef: ..."),
    (r"from jax\.experimental import MutableArray as Ref", "class Ref: ..."),
    (r"from jax\.experimental import hijax as hjx", "import hijax as hjx"),
    # Private names that have a public place.
    (r"from jax\._src import compiler", "from jax.runtime import compile as compiler"),
    (r"from jax\._src import checkify", "from jax.experimental import checkify"),
    (r"from jax\._src import", "from jax import"),
    (r"(from|import) jax\._src\.", r"\1 jax."),
    (r"\bjax\b", "minijax"),
)


class Outcome(NamedTuple):
    """What a program did: its numbers, or the last line of its error."""

    numbers: dict | None
    error: str


def installed(name: str) -> Path | None:
    """The folder of a library, None if it is not installed."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def rewritten(source: str) -> str:
    """The source of a library with minijax in the place of jax."""
    for pattern, replacement in ADAPTATIONS:
        source = re.sub(pattern, replacement, source)
    return source


def prepare(folder: Path, names) -> None:
    """Copy libraries and programs to a folder, rewritten."""
    for name in names:
        origin = installed(name)
        if origin is not None:
            ignored = shutil.ignore_patterns("__pycache__", "*_test.py", "tests")
            shutil.copytree(origin, folder / name, ignore=ignored)
    shutil.copytree(PROGRAMS, folder / "programs")
    for file in folder.rglob("*.py"):
        file.write_text(rewritten(file.read_text("utf-8")), "utf-8")
    # A library that still asks for jax would run, but on something else.
    (folder / "jax.py").write_text("raise ImportError('jax instead of minijax')\n")


def run(program: Path, paths, seconds: int = 600) -> Outcome:
    """Run one program in a process of its own, with folders searched first."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(program)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(None, f"took more than {seconds} seconds")
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return Outcome(json.loads(line.removeprefix("RESULT ")), "")
    lines = [x for x in done.stderr.splitlines() if x and not x.startswith(" ")]
    lines = [x for x in lines if not x.startswith("minijax has left")]
    return Outcome(None, lines[-1] if lines else f"ended with {done.returncode}")


def distance(x, y) -> float:
    """The largest difference of two trees of numbers, relative to what is above 1."""
    if isinstance(x, dict) and isinstance(y, dict):
        return distance([x[k] for k in sorted(x)], [y[k] for k in sorted(y)])
    if isinstance(x, list) and isinstance(y, list):
        if len(x) != len(y):
            return float("inf")
        return max((distance(a, b) for a, b in zip(x, y, strict=True)), default=0.0)
    if isinstance(x, list | dict) or isinstance(y, list | dict):
        return float("inf")
    if x == y or (x != x and y != y):
        return 0.0
    return abs(x - y) / max(1.0, abs(y))


def compare(name: str, folder: Path, jax: Path | None) -> tuple[str, str]:
    """One row of the table: whether the program ran, and how far it is from JAX."""
    missing = [n for n in NEEDS[name] if installed(n) is None]
    if missing:
        return "skipped", f"not installed: {', '.join(missing)}"
    ours = run(folder / "programs" / f"{name}.py", [folder, folder / "programs"])
    if ours.numbers is None:
        return "fails", ours.error
    if jax is None:
        return "runs", ""
    theirs = run(PROGRAMS / f"{name}.py", [jax, PROGRAMS])
    if theirs.numbers is None:
        return "runs", f"JAX fails: {theirs.error}"
    apart = {k: distance(ours.numbers[k], theirs.numbers[k]) for k in ours.numbers}
    worst = max(apart, key=lambda k: apart[k])
    return "runs", f"at most {apart[worst]:.1e} from JAX, in {worst}"


def main() -> int:
    """Print the table; the exit code says whether every program ran."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jax", type=Path, help="a folder that holds the package jax")
    parser.add_argument("--only", default="", help="programs whose name has this text")
    parser.add_argument("--keep", type=Path, help="put the rewritten libraries here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary) / "libraries"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        prepare(folder, LIBRARIES)
        failed = False
        for name in NEEDS:
            if options.only in name:
                state, note = compare(name, folder, options.jax)
                failed |= state == "fails"
                print(f"{name:20} {state:8} {note}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
