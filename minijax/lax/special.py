"""Special functions of `jax.lax`: operands of one dtype, of one shape or rank."""

import functools

from .. import special
from ..primitives import broadcast_in_dim
from ..special.bessel import bessel_i0e as bessel_i0e
from ..special.bessel import bessel_i0e_p as bessel_i0e_p
from ..special.bessel import bessel_i1e as bessel_i1e
from ..special.bessel import bessel_i1e_p as bessel_i1e_p
from ..special.incomplete_beta import (
    regularized_incomplete_beta_p as regularized_incomplete_beta_p,
)
from ..special.incomplete_gamma import igamma_grad_a_p as igamma_grad_a_p
from ..special.incomplete_gamma import igamma_p as igamma_p
from ..special.incomplete_gamma import igammac_p as igammac_p


def _repeating(function):
    """The function of arrays of one rank, whose axes of size 1 are repeated."""

    @functools.wraps(function)
    def repeating(*xs):
        shapes = {getattr(x, "shape", ()) for x in xs} - {()}
        if len(shapes) > 1 and len({len(s) for s in shapes}) == 1:
            full = tuple(max(sizes) for sizes in zip(*shapes, strict=True))
            if all(n in (1, m) for s in shapes for n, m in zip(s, full, strict=True)):
                xs = [
                    broadcast_in_dim(x, full, range(len(full)))
                    if getattr(x, "shape", ())
                    else x
                    for x in xs
                ]
        return function(*xs)

    return repeating


betainc = _repeating(special.betainc)
igamma = _repeating(special.igamma)
igamma_grad_a = _repeating(special.igamma_grad_a)
igammac = _repeating(special.igammac)
random_gamma_grad = _repeating(special.random_gamma_grad)
