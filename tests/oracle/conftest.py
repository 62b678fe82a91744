"""Without jax there is nothing to compare with: its tests are not collected."""

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("jax") else ["*.py"]
