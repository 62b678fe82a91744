"""Checkpointing: policies, names for them, and what reverse mode saves."""

from .api.checkpoint import checkpoint as checkpoint
from .api.checkpoint import checkpoint_policies as checkpoint_policies
from .api.checkpoint import remat as remat
from .api.residuals import print_saved_residuals as print_saved_residuals
from .control.policies import Offloadable as Offloadable
from .control.policies import Recompute as Recompute
from .control.policies import Saveable as Saveable
from .control.policies import checkpoint_name as checkpoint_name
