"""Vector quantisation: which code of a book lies next to each observation."""

from ... import numpy as jnp
from ...api import compiled
from ...numpy.promotion import promote_inexact

__all__ = ["vq"]


@compiled
def vq(obs, code_book, check_finite: bool = True):
    """The nearest code for each observation, and its Euclidean distance.

    Args:
      obs: observations as rows, (m, n), or m numbers.
      code_book: codes as rows, (k, n), or k numbers, k > 0.
      check_finite: as in SciPy, without effect.

    Returns:
      a pair (code, dist): the position of the nearest code, the first of several that
      are equally near, and how far it is, both of shape (m,). The derivative of a
      distance that is 0 is 0.

    Raises:
      ValueError: if the ranks differ, or are not 1 or 2, or there are no codes.

    >>> code, dist = vq(np.array([[1.0, 2.0]]), np.array([[1.0, 1.0], [5.0, 5.0]]))
    >>> code.tolist(), dist.tolist()
    ([0], [1.0])
    """
    obs, code_book = promote_inexact("vq", obs, code_book)
    if obs.ndim != code_book.ndim:
        raise ValueError(
            "vq: observations and code_book should have the same rank, got obs: "
            f"{obs.aval} and code_book: {code_book.aval}."
        )
    if obs.ndim not in (1, 2):
        raise ValueError(
            f"vq: ndim different than 1 or 2 are not supported, got obs: {obs.aval}. "
            "Observations and codes are rows."
        )
    if code_book.shape[0] == 0:
        raise ValueError(f"vq: the code_book must have a code, got {code_book.aval}.")
    if obs.ndim == 1:
        obs, code_book = obs[:, None], code_book[:, None]
    gaps = obs[:, None, :] - code_book[None, :, :]
    code = jnp.argmin(jnp.sum(jnp.real(gaps * jnp.conj(gaps)), axis=-1), axis=-1)
    return code, jnp.linalg.norm(obs - code_book[code], axis=-1)
