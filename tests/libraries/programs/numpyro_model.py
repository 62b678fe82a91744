"""A regression by NUTS and by variational inference."""

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer import MCMC, NUTS, SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal
from report import report

x = jnp.linspace(-1.0, 1.0, 20)
y = 2 * x + 0.3


def model(x, y=None):
    slope = numpyro.sample("slope", dist.Normal(0, 2))
    offset = numpyro.sample("offset", dist.Normal(0, 2))
    noise = numpyro.sample("noise", dist.HalfNormal(0.5))
    with numpyro.plate("data", x.shape[0]):
        numpyro.sample("y", dist.Normal(slope * x + offset, noise + 0.1), obs=y)


sampler = MCMC(NUTS(model), num_warmup=50, num_samples=50, progress_bar=False)
sampler.run(jax.random.key(11), x, y)
samples = sampler.get_samples()
svi = SVI(model, AutoNormal(model), numpyro.optim.Adam(0.05), Trace_ELBO())
fitted = svi.run(jax.random.key(12), 100, x, y, progress_bar=False)
report(
    slope=samples["slope"].mean(),
    offset=samples["offset"].mean(),
    losses=fitted.losses[::20],
    gamma=dist.Gamma(2.0, 3.0).log_prob(jnp.array([0.5, 1.0])),
    beta=dist.Beta(2.0, 3.0).log_prob(jnp.array([0.2, 0.7])),
    categorical=dist.Categorical(logits=jnp.arange(3.0)).log_prob(jnp.array([0, 2])),
)
