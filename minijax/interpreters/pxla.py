"""The mesh of this thread, where libraries look for it."""

from ..sharding import Mesh as Mesh
from ..sharding import thread_resources as thread_resources
