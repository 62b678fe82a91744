"""Special functions: `minijax.scipy.special` is `jax.scipy.special`."""

from ...nn import logsumexp as logsumexp
from .bessel import (
    bessel_jn as bessel_jn,
    i0 as i0,
    i0e as i0e,
    i1 as i1,
    i1e as i1e,
)
from .entropy import (
    boxcox as boxcox,
    boxcox1p as boxcox1p,
    entr as entr,
    expit as expit,
    kl_div as kl_div,
    logit as logit,
    rel_entr as rel_entr,
    xlog1py as xlog1py,
    xlogy as xlogy,
)
from .gammas import (
    bernoulli as bernoulli,
    beta as beta,
    betainc as betainc,
    betaln as betaln,
    comb as comb,
    digamma as digamma,
    factorial as factorial,
    gamma as gamma,
    gammainc as gammainc,
    gammaincc as gammaincc,
    gammaln as gammaln,
    gammasgn as gammasgn,
    loggamma as loggamma,
    multigammaln as multigammaln,
    poch as poch,
    polygamma as polygamma,
    psi as psi,
    zeta as zeta,
)
from .hypergeometric import (
    hyp1f1 as hyp1f1,
    hyp2f1 as hyp2f1,
)
from .integrals import (
    dawsn as dawsn,
    erfcx as erfcx,
    exp1 as exp1,
    expi as expi,
    expn as expn,
    fresnel as fresnel,
    owens_t as owens_t,
    sici as sici,
    spence as spence,
    wofz as wofz,
)
from .legendre import (
    lpmn as lpmn,
    lpmn_values as lpmn_values,
    sph_harm_y as sph_harm_y,
)
from .normal import (
    erf as erf,
    erfc as erfc,
    erfinv as erfinv,
    log_ndtr as log_ndtr,
    ndtr as ndtr,
    ndtri as ndtri,
)
from .softmax import (
    log_softmax as log_softmax,
    softmax as softmax,
)
