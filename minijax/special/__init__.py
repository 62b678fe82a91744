"""Special functions as primitives: their kernels, and the records made of them."""

from .faddeeva import wofz as wofz
from .hypergeometric import (
    hyp1f1 as hyp1f1,
    hyp2f1 as hyp2f1,
)
from .incomplete_beta import (
    beta_density as beta_density,
    betainc as betainc,
    log_beta as log_beta,
)
from .incomplete_gamma import (
    gamma_density as gamma_density,
    gamma_log_slope as gamma_log_slope,
    igamma as igamma,
    igamma_grad_a as igamma_grad_a,
    igammac as igammac,
    random_gamma_grad as random_gamma_grad,
)
from .bessel import (
    bessel_i0 as bessel_i0,
    bessel_i0e as bessel_i0e,
    bessel_i1 as bessel_i1,
    bessel_i1e as bessel_i1e,
)
from .bessel_orders import bessel_orders as bessel_orders
from .complete import (
    complex_log_gamma as complex_log_gamma,
    gamma as gamma,
    log_gamma as log_gamma,
)
from .integrals import (
    cosine_integral as cosine_integral,
    dawsn as dawsn,
    exp1 as exp1,
    expi as expi,
    expn as expn,
    fresnel_c as fresnel_c,
    fresnel_s as fresnel_s,
    owens_t as owens_t,
    sine_integral as sine_integral,
    spence as spence,
)
from .normal import (
    erfcx as erfcx,
    log_ndtr as log_ndtr,
    ndtr as ndtr,
    ndtri as ndtri,
    normal_hazard as normal_hazard,
)
