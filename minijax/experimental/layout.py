"""How the elements of an array lie in memory, as `x.format` tells.

XLA chooses the layout: arrays cannot be put in another.
"""

from ..runtime.tiles import Format, Layout

__all__ = ["Format", "Layout"]
