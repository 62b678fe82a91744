"""Vector quantisation: `minijax.scipy.cluster.vq`."""

from . import vq as vq
