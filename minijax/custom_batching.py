"""Functions that say themselves what `vmap` of them is."""

from .api.custom import custom_vmap as custom_vmap
from .api.custom import sequential_vmap as sequential_vmap
