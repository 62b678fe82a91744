"""Kernel density estimates: a normal density around each point of a sample."""

import math
from typing import Any

import numpy as np

from ... import dtypes, random, tree_util
from ... import numpy as jnp
from ...api import compiled
from ...numpy.promotion import as_operand, promote_inexact
from .. import special
from . import multivariate_normal


@tree_util.register_pytree_node_class
class gaussian_kde:
    """A density estimated from a sample, by a sum of normal densities.

    Args:
      dataset: the sample: n real numbers, or n points as columns, of shape (d, n).
      bw_method: how wide the normal densities are, relative to the sample: "scott",
        neff^(-1/(d + 4)), which is the default; "silverman",
        (neff (d + 2) / 4)^(-1/(d + 4)); a number; or a function of the estimate.
      weights: of the points, of shape (n,). They need not sum to 1.

    The estimate is a container, which may be an argument or a result of functions under
    `jit`, `vmap` and `grad`. Its attributes are neff (the effective size of the
    sample), dataset, weights, covariance and inv_cov.

    D. W. Scott, "Multivariate density estimation", 1992; B. W. Silverman, "Density
    estimation for statistics and data analysis", 1986.

    >>> estimate = gaussian_kde(np.array([1.0, 2.0, 4.0], np.float32))
    >>> estimate(np.array([2.0], np.float32))
    Array([0.2148954], dtype=float32)
    """

    neff: Any
    dataset: Any
    weights: Any
    covariance: Any
    inv_cov: Any
    _FIELDS = ("neff", "dataset", "weights", "covariance", "inv_cov")
    __slots__ = _FIELDS

    def __init__(self, dataset, bw_method=None, weights=None):
        dataset, weights = _sample(dataset, weights)
        self._fill(_neff(weights), dataset, weights)
        factor = self._factor("scott" if bw_method is None else bw_method)
        self._fill(*self._leaves()[:3], *_covariances(dataset, weights, factor))

    def _fill(self, *leaves):
        for name, value in zip(self._FIELDS, leaves, strict=False):
            object.__setattr__(self, name, value)

    def _leaves(self):
        return [getattr(self, name, None) for name in self._FIELDS]

    def _factor(self, method):
        if callable(method):
            return method(self)
        if isinstance(method, str):
            if method == "scott":
                return jnp.power(self.neff, -1 / (self.d + 4))
            if method == "silverman":
                return jnp.power(self.neff * (self.d + 2) / 4, -1 / (self.d + 4))
        elif np.ndim(method) == 0 and method is not None:
            return method
        raise ValueError(
            "gaussian_kde: `bw_method` should be 'scott', 'silverman', a scalar, or a "
            f"callable, got {method!r}."
        )

    def __setattr__(self, name, value):
        raise AttributeError(
            f"gaussian_kde: cannot set {name!r}, an estimate does not change. Build a "
            "new one."
        )

    def __repr__(self):
        pairs = zip(self._FIELDS, self._leaves(), strict=True)
        return f"gaussian_kde({', '.join(f'{k}={v!r}' for k, v in pairs)})"

    def tree_flatten(self):
        """The arrays of the estimate, and nothing else."""
        return self._leaves(), None

    @classmethod
    def tree_unflatten(cls, aux_data, children):
        """An estimate of these arrays."""
        new = object.__new__(cls)
        new._fill(*children)
        return new

    @property
    def d(self) -> int:
        """The dimension of the points."""
        return self.dataset.shape[0]

    @property
    def n(self) -> int:
        """The number of points."""
        return self.dataset.shape[1]

    def evaluate(self, points):
        """The density at m points, of shape (d, m), or (m,) if d = 1, or (d,) for one.

        >>> sample = np.array([1.0, 2.0, 4.0], np.float32)
        >>> gaussian_kde(sample).evaluate(2.0).shape
        (1,)
        """
        points = self._columns("evaluate", points)
        return _density(self, points, log=False)

    def __call__(self, points):
        return self.evaluate(points)

    def pdf(self, x):
        """The density at points, as `evaluate`."""
        return self.evaluate(x)

    def logpdf(self, x):
        """Log of the density at points, also where the density underflows."""
        return _density(self, self._columns("logpdf", x), log=True)

    def _columns(self, where, points):
        (points,) = promote_inexact(where, points)
        points = jnp.atleast_2d(points)
        if points.ndim != 2:
            raise ValueError(
                f"gaussian_kde.{where}: points must be a vector or a matrix, got "
                f"{points.aval}."
            )
        if points.shape[0] == 1 and points.shape[1] == self.d:
            points = points.T
        if points.shape[0] != self.d:
            raise ValueError(
                f"gaussian_kde.{where}: points have dimension {points.shape[0]}, "
                f"dataset has dimension {self.d}. Points are columns."
            )
        return points

    def integrate_gaussian(self, mean, cov):
        """The integral of the density times a normal density.

        >>> sample = np.array([1.0, 2.0, 4.0], np.float32)
        >>> gaussian_kde(sample).integrate_gaussian(0.0, 1.0).item()
        0.110078
        """
        mean = jnp.atleast_1d(jnp.squeeze(mean))
        cov = jnp.atleast_2d(cov)
        if mean.shape != (self.d,):
            raise ValueError(
                f"gaussian_kde.integrate_gaussian: mean does not have dimension "
                f"{self.d}, got {mean.aval}."
            )
        if cov.shape != (self.d, self.d):
            raise ValueError(
                f"gaussian_kde.integrate_gaussian: covariance does not have dimension "
                f"{self.d}, got {cov.aval}."
            )
        return _overlap(self, mean[:, None], cov, jnp.ones(1, self.weights.dtype))

    def integrate_box_1d(self, low, high):
        """The probability between two numbers, for points of dimension 1.

        >>> sample = np.array([1.0, 2.0, 4.0], np.float32)
        >>> gaussian_kde(sample).integrate_box_1d(-100.0, 100.0).item()
        1.0
        """
        if self.d != 1:
            raise ValueError(
                "gaussian_kde.integrate_box_1d: only handles 1D pdfs, got points of "
                f"dimension {self.d}."
            )
        if np.ndim(low) != 0 or np.ndim(high) != 0:
            raise ValueError(
                "gaussian_kde.integrate_box_1d: the limits of integration must be "
                f"scalars, got {low!r} and {high!r}."
            )
        return _between(self, low, high)

    def integrate_kde(self, other):
        """The integral of the product of two estimates.

        >>> estimate = gaussian_kde(np.array([1.0, 2.0, 4.0], np.float32))
        >>> estimate.integrate_kde(estimate).item()
        0.157714
        """
        if other.d != self.d:
            raise ValueError(
                "gaussian_kde.integrate_kde: KDEs are not the same dimensionality, got "
                f"{self.d} and {other.d}."
            )
        return _overlap(self, other.dataset, other.covariance, other.weights)

    def resample(self, key, shape=()):
        """Points drawn from the estimated density: an array of shape (d, *shape).

        >>> sample = np.array([1.0, 2.0, 4.0], np.float32)
        >>> gaussian_kde(sample).resample(random.key(0), (5,)).shape
        (1, 5)
        """
        choice_key, noise_key = random.split(key)
        chosen = random.choice(choice_key, self.n, shape=shape, p=self.weights)
        noise = random.multivariate_normal(
            noise_key,
            jnp.zeros(self.d, self.covariance.dtype),
            self.covariance,
            shape=shape,
            dtype=self.dataset.dtype,
        )
        return self.dataset[:, chosen] + jnp.moveaxis(noise, -1, 0)

    def integrate_box(self, low_bounds, high_bounds, maxpts=None):
        """Not available: there is no closed form in several dimensions."""
        raise NotImplementedError(
            "gaussian_kde.integrate_box: only 1D box integrations are supported. Use "
            "integrate_box_1d."
        )

    def set_bandwidth(self, bw_method=None):
        """Not available: an estimate does not change."""
        raise NotImplementedError(
            "gaussian_kde.set_bandwidth: dynamically changing the bandwidth method is "
            "not supported. Build a new estimate."
        )


def _sample(dataset, weights):
    """The data as columns, and weights that sum to 1, of one dtype."""
    dataset = as_operand("gaussian_kde", dataset)
    if dataset.dtype in dtypes.COMPLEX:
        raise NotImplementedError(
            "gaussian_kde: does not support complex data. Pass real and imaginary "
            "parts as two rows."
        )
    if weights is None:
        (dataset,) = promote_inexact("gaussian_kde", dataset)
    else:
        dataset, weights = promote_inexact("gaussian_kde", dataset, weights)
    dataset = jnp.atleast_2d(dataset)
    if dataset.size <= 1:
        raise ValueError(
            "gaussian_kde: `dataset` input should have multiple elements, got "
            f"{dataset.aval}."
        )
    if dataset.ndim != 2:
        raise ValueError(
            f"gaussian_kde: `dataset` must be a vector or a matrix, got {dataset.aval}."
        )
    n = dataset.shape[1]
    if weights is None:
        return dataset, jnp.full(n, 1 / n, dataset.dtype)
    weights = jnp.atleast_1d(weights)
    if weights.ndim != 1:
        raise ValueError(
            f"gaussian_kde: `weights` input should be one-dimensional, got "
            f"{weights.aval}."
        )
    if weights.shape[0] != n:
        raise ValueError(
            f"gaussian_kde: `weights` input should be of length n = {n}, got "
            f"{weights.aval}."
        )
    return dataset, weights / jnp.sum(weights)


@compiled
def _neff(weights):
    return 1 / jnp.sum(weights * weights)


@compiled
def _covariances(dataset, weights, factor):
    """The covariance of the kernels, and its inverse."""
    data = jnp.cov(dataset, rowvar=True, bias=False, aweights=weights)
    data = jnp.reshape(data, (dataset.shape[0],) * 2)
    square = jnp.asarray(factor * factor, data.dtype)
    return data * square, jnp.linalg.inv(data) / square


@compiled(static_argnames=("log",))
def _density(estimate, points, log):
    d = estimate.d
    dataset, points, inverse = promote_inexact(
        "gaussian_kde", estimate.dataset, points, estimate.inv_cov
    )
    # With W W^T the inverse covariance, |W^T (x - y)|^2 is the exponent.
    root = jnp.linalg.cholesky(inverse)
    gap = (root.T @ points)[:, :, None] - (root.T @ dataset)[:, None, :]
    exponents = -0.5 * jnp.sum(gap * gap, axis=0)
    log_c = jnp.sum(jnp.log(jnp.diagonal(root))) - d / 2 * math.log(2 * math.pi)
    if log:
        return special.logsumexp(exponents, axis=-1, b=estimate.weights) + log_c
    return jnp.sum(jnp.exp(exponents) * estimate.weights, axis=-1) * jnp.exp(log_c)


@compiled
def _overlap(estimate, centres, covariance, weights):
    """The sum over pairs of centres, of the normal density of the difference."""
    gaps = estimate.dataset[:, :, None] - centres[:, None, :]
    values = multivariate_normal.pdf(
        jnp.moveaxis(gaps, 0, -1),
        jnp.zeros(estimate.d, gaps.dtype),
        estimate.covariance + covariance,
    )
    return jnp.sum(values * estimate.weights[:, None] * weights)


@compiled
def _between(estimate, low, high):
    deviation = jnp.sqrt(estimate.covariance[0, 0])
    low, high = [(end - estimate.dataset[0]) / deviation for end in (low, high)]
    return jnp.sum(estimate.weights * (special.ndtr(high) - special.ndtr(low)))
