"""Inputs: the same numbers for every package, drawn by NumPy from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..workload import API


def normal(api: API, seed: int, shape: tuple[int, ...], scale: float = 1.0) -> Any:
    """Normally distributed numbers of a standard deviation, as f32."""
    draw = np.random.default_rng(seed)
    return api.numpy.asarray((scale * draw.standard_normal(shape)).astype(np.float32))


def integers(api: API, seed: int, shape: tuple[int, ...], bound: int) -> Any:
    """Integers in [0, bound), as i32."""
    draw = np.random.default_rng(seed)
    return api.numpy.asarray(draw.integers(bound, size=shape, dtype=np.int32))
