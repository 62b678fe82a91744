"""Names of `jax.experimental.hijax`, which Flax mentions when it is imported.

It defines classes with them for variables of a new kind, which are off unless asked
for; nothing here is ever called by a program.
"""


class Unused:
    """A base class, or a decorator, that nobody uses."""

    def __init__(self, *args, **kwargs):
        pass

    def add_type(self, kind):
        """Take the type of an effect."""


control_flow_allowed_effects = Unused()
aval_property = property


def register_hitype(*args):
    """Take a type."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return type(name, (Unused,), {})
