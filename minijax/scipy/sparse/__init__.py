"""Functions of `scipy.sparse`: iterative solvers of linear systems."""

from . import linalg as linalg
