"""Libraries whose frames are left out of tracebacks, as minijax's own are."""

from .core.tracebacks import boundary as api_boundary
from .extend.source_info_util import register_exclusion

__all__ = ["api_boundary", "register_exclusion"]
