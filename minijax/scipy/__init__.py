"""SciPy's functions on minijax arrays: `minijax.scipy` is `jax.scipy`."""

from . import linalg as linalg
from . import special as special
