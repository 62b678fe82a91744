"""Every check of the project, each in an environment of its own.

    nox                     all sessions whose interpreter is installed
    nox -s lint types       some of them
    nox -s tests-3.12       one version of Python
    nox -s tests-3.11 -- -k vmap    arguments after -- go to the tool

Environments stay in .nox and are used again; delete the folder to start afresh.
"""

import os
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
# A version of Python that is not installed is a skipped session, also on CI.
nox.options.error_on_missing_interpreters = False

# The oldest Python each supported release of jaxlib runs on, and that release.
JAXLIB = {"3.11": "jaxlib==0.10.2", "3.12": "jaxlib==0.11.2", "3.13": "jaxlib==0.12.*"}
OLDEST = min(JAXLIB)
# The release of jax whose results the differential tests expect.
JAX = "jax==0.10.2"
# The plugins for GPUs of that release of jaxlib; TPUs take any libtpu of the time.
PLUGINS = ("jax-cuda13-plugin==0.10.2", "jax-cuda13-pjrt==0.10.2")

# pyenv puts only one version of Python on the path; the others are in its folder.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
os.environ["PATH"] = os.pathsep.join(
    [os.environ["PATH"], *map(str, sorted(PYENV.glob("versions/3.*/bin")))]
)


# What must hold of the installed wheel: it differentiates, and it brings little.
INSTALLED = """
import importlib.metadata
import minijax

assert float(minijax.grad(lambda x: x**3)(2.0)) == 12.0
names = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()}
allowed = {"minijax", "jaxlib", "numpy", "ml-dtypes", "ml_dtypes", "scipy"}
extra = names - allowed - {"pip", "setuptools"}
assert not extra, extra
print("minijax", importlib.metadata.version("minijax"), "from", minijax.__file__)
"""


@nox.session(python=list(JAXLIB))
def tests(session: nox.Session) -> None:
    """The test suite and the doctests, without jax."""
    session.install("-e", ".[test]", JAXLIB[str(session.python)])
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session(python=OLDEST)
def oracle(session: nox.Session) -> None:
    """Compare with jax: values, types and messages.

    The environment variable MINIJAX_ORACLE_PROGRAMS sets how many programs are
    generated, 500 without it, and MINIJAX_ORACLE_SAMPLE the part of the other tests
    that is run.
    """
    session.install("-e", ".[test,oracle]", JAXLIB[OLDEST], JAX)
    session.run("pytest", "-n", "auto", "-m", "oracle", "tests", *session.posargs)


@nox.session(python=OLDEST)
def accelerators(session: nox.Session) -> None:
    """Compile for GPU and TPU on a machine that has neither."""
    session.install("-e", ".[test,accelerators]", JAXLIB[OLDEST], *PLUGINS)
    session.run("pytest", "tests/runtime/test_offline.py", *session.posargs)


@nox.session(python=OLDEST)
def examples(session: nox.Session) -> None:
    """Run every example, and compare its two forms, where jax is not installed."""
    session.install("-e", ".[test,examples]", JAXLIB[OLDEST])
    absent = "import importlib.util as u; assert u.find_spec('jax') is None"
    session.run("python", "-c", absent)
    session.run("pytest", "tests/test_examples.py", *session.posargs)


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Style, imports, likely bugs: ruff."""
    session.install("ruff")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")


@nox.session(python=OLDEST)
def types(session: nox.Session) -> None:
    """Annotations: mypy, strict outside the rules of primitives."""
    session.install("-e", ".", "mypy", JAXLIB[OLDEST])
    session.run("mypy", *session.posargs)


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Build the documentation, warnings being errors, and run its code."""
    session.install("-e", ".[docs,test]", JAXLIB[OLDEST])
    session.run("pytest", "tests/test_docs.py")
    session.run("sphinx-build", "-W", "--keep-going", "-q", "docs", "docs/_build/html")


@nox.session(python=OLDEST)
def benchmarks(session: nox.Session) -> None:
    """Times beside jax's on this machine; `-- --help` says what to ask for.

    `-- --json FILE` keeps them, and `python -m benchmarks.plots FILE` draws them.
    """
    session.install("-e", ".[oracle,plots]", JAXLIB[OLDEST], JAX)
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(python=OLDEST)
def peers(session: nox.Session) -> None:
    """Un-jitted derivatives beside HIPS autograd's and PyTorch's."""
    session.install("-e", ".[peers]", JAXLIB[OLDEST])
    session.run("python", "-m", "benchmarks.peers", *session.posargs)


@nox.session(python=OLDEST)
def build(session: nox.Session) -> None:
    """The wheel, installed in an empty environment and imported with nothing else."""
    session.install("build")
    made = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--outdir", str(made))
    (wheel,) = made.glob("*.whl")
    empty = made / "empty"
    session.run("python", "-m", "venv", "--clear", str(empty))
    python = str(empty / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run(
        python, "-m", "pip", "install", "-q", str(wheel), JAXLIB[OLDEST], external=True
    )
    # Away from the checkout, whose package would be found first.
    with session.chdir(made):
        session.run(python, "-c", INSTALLED, external=True)
