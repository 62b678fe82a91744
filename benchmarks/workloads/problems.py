"""A problem is a function to compile and its arguments; the families of fusion cuts.

The modules `physics`, `images` and `probability` hold programs whose values are used
more than once in different ways: along a chain, by shifts of a grid, by a derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..workload import API, Result, Workload, stages

Problem = Callable[[API], tuple[Callable[[], Callable[..., Any]], tuple[Any, ...]]]
"""From an API to a maker of new functions to compile, and their arguments."""


def timed_problem(problem: Problem, api: API) -> Result:
    """Time a problem stage by stage; its number is the squared norm of its results."""
    make, args = problem(api)
    seconds, results = stages(api, make, *args)
    leaves = api.tree_util.tree_leaves(results)
    return Result(seconds, sum(float(api.numpy.sum(x * x)) for x in leaves))


def workload(
    name: str, problem: Problem, slow: bool = False, **targets: Any
) -> Workload:
    """The workload of a problem, which runs at least as fast as with jax."""
    run = partial(timed_problem, problem)
    return Workload(name, run, targets={"run": (1.0,), **targets}, slow=slow)
