"""The name that `minijax.shard_map` had in JAX before."""

from .. import sharding

__all__ = ["shard_map"]


def shard_map(f, mesh, in_specs, out_specs, check_rep: bool = True):
    """`minijax.shard_map`, whose `check_vma` was `check_rep`."""
    return sharding.shard_map(
        f, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=check_rep
    )
