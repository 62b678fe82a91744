"""How a Python call becomes part of a program: traces, tracers, and who has a say.

A `Trace` is an interpreter of primitives: it evaluates, stages, differentiates or
batches them. A `Tracer` stands for a value inside one trace. Every live trace has a
level, its depth in the nest of transformations. `bind` hands an operation to the
trace with the highest level among

    the tracers that are its operands,    and    the floor of this thread,

where the floor is the innermost staging trace, or `evaluator` when nobody stages. A
differentiating or batching trace unpacks its tracers and calls ordinary functions on
what was inside; those have lower levels, so the same rule finds the next interpreter.

    grad(jit(f))(x):   mul on a JVPTracer  ->  mul on StageTracers  ->  an equation
"""

import threading
from typing import Any

from .. import errors
from ..config import state

# The level of a trace that has ended. Being the highest, it has a say in whatever
# touches one of its tracers, and what it says is an error.
ENDED = 1 << 60


class Context(threading.local):
    """What this thread is in the middle of."""

    depth = 0
    floor: "Trace"
    axes: dict  # names bound by vmap and pmap -> the trace of the axis
    batch_axis = None  # the name of the axis whose batch rule is running
    source: Any = None  # set while a transformation replays equations of known origin
    names = ()  # the stack opened by `named_scope`

    def __init__(self):
        self.floor = evaluator
        self.axes = {}

    def lay(self, floor: "Trace") -> None:
        """Make a trace the floor."""
        self.floor = floor
        state.set_evaluating(floor is evaluator)


class Trace:
    """An interpreter of primitives, alive from `__enter__` to `__exit__`."""

    level: int
    verb = ""  # "by jit in loss", "by grad", for messages

    def __enter__(self):
        context.depth += 1
        self.level = context.depth
        return self

    def __exit__(self, kind, error, traceback):
        context.depth -= 1
        self.level = ENDED
        self.process = self._ended
        return False

    @property
    def main(self) -> "Trace":
        """The trace itself: a transformation has one."""
        return self

    def process(self, primitive, operands, params):
        """Interpret one application of a primitive; the tracers are not unpacked."""
        return self.process_primitive(primitive, operands, params)

    def process_primitive(self, primitive, operands, params):
        """What `process` calls: the method to define in interpreters of users."""
        raise NotImplementedError(type(self).__name__)

    def process_custom(self, primitive, fun, rule, operands):
        """Interpret a call of a function that brings its own derivative rule."""
        return fun(*operands)

    def _ended(self, primitive, operands, params):
        tracer = next(x for x in operands if getattr(x, "_trace", None) is self)
        raise errors.UnexpectedTracerError(
            f"{primitive.name}: {tracer.name()}: {tracer.aval} was traced "
            f"{tracer.origin()} and has escaped from there. It has no value outside. "
            "Return it from the transformed function instead of storing it."
        )


class Evaluator(Trace):
    """The floor when nobody is tracing.

    `runtime.dispatch` fills in `process` and `prepare`.
    """

    level = 0
    verb = "by nobody"
    generation = 0  # how often compiled programs have been forgotten

    def __init__(self):
        self._tables: list[dict] = []

    def prepare(self, closed, operands, name):
        """A function of a list of operands like these that runs a closed program."""
        raise NotImplementedError

    def table(self) -> dict:
        """A new dictionary that is emptied when compiled programs are forgotten."""
        table: dict = {}
        self._tables.append(table)
        return table

    def forget(self) -> None:
        """Forget what was prepared."""
        self.generation += 1
        for table in self._tables:
            table.clear()

    def process_custom(self, primitive, fun, rule, operands):
        return fun(*operands)


evaluator = Evaluator()
context = Context()


def interpreter(operands, top: Trace) -> Trace:
    """The trace that has a say: `top`, or that of an operand with a higher level."""
    level = top.level
    for x in operands:
        trace = getattr(x, "_trace", None)
        if trace is not None and trace.level > level:
            top = trace
            level = trace.level
    return top


def is_eager(*xs) -> bool:
    """Whether an operation on these values would be evaluated at once."""
    return context.floor is evaluator and not any(isinstance(x, Tracer) for x in xs)


class staging:
    """Make a staging trace the floor: `with staging(trace): ...` stages everything."""

    __slots__ = ("axes", "outer", "trace")

    def __init__(self, trace):
        self.trace = trace

    def __enter__(self):
        self.outer = context.floor
        self.trace.__enter__()
        context.lay(self.trace)
        return self.trace

    def __exit__(self, kind, error, traceback):
        context.lay(self.outer)
        return self.trace.__exit__(kind, error, traceback)


class evaluating:
    """Evaluate operations on concrete values at once, also inside a staging trace."""

    __slots__ = ("outer",)

    def __enter__(self):
        self.outer = context.floor
        context.lay(evaluator)

    def __exit__(self, kind, error, traceback):
        context.lay(self.outer)
        return False


class Operators:
    """What arrays, tracers and literals share: the parts of their type, and operators.

    NumPy's operators and methods are not here: `numpy/operators` fills them in, since
    they are spelled in functions that stand above the core.
    """

    __slots__ = ()
    __array_priority__ = 100
    __hash__: Any = None
    aval: Any

    @property
    def shape(self):
        return self.aval.shape

    @property
    def dtype(self):
        return self.aval.dtype

    @property
    def ndim(self):
        return self.aval.ndim

    @property
    def size(self):
        return self.aval.size

    @property
    def weak_type(self):
        return self.aval.weak_type

    @property
    def itemsize(self):
        return self.aval.dtype.itemsize

    @property
    def nbytes(self):
        return self.aval.size * self.aval.dtype.itemsize


class Tracer(Operators):
    """A value inside a trace: it has a type, and Python sees no value."""

    __slots__ = ("__weakref__", "_trace", "aval")

    def __init__(self, trace, aval):
        self._trace = trace
        self.aval = aval

    def concrete(self):
        """The value below all tracers, or None if it is known only at run time."""
        return

    def to_concrete_value(self):
        """The same under the name that JAX gives it."""
        return self.concrete()

    def full_lower(self):
        """The tracer itself: one that is not needed is not made."""
        return self

    def is_deleted(self) -> bool:
        """Whether the buffer is gone; a tracer has none."""
        return False

    def origin(self):
        """What traces this value, and where, for messages: `by jit in loss(x)`."""
        return self._trace.verb

    def name(self):
        """The user's name for the value, for messages."""
        return "a value"

    def _known(self, error, use):
        value = self.concrete()
        if value is None:
            raise error(self.name(), self.aval.text, self.origin(), use)
        return value

    def __bool__(self):
        if self.ndim:
            # NumPy's own error for the truth value of an array.
            size = self.aval.size
            if size != 1:
                raise ValueError(
                    "The truth value of an array with more than one element is "
                    f"ambiguous: got {self.aval}. Use .any() or .all()."
                    if size
                    else "The truth value of an empty array is ambiguous. Use .size."
                )
        return bool(self._known(errors.TracerBoolConversionError, "`if` needs a value"))

    def __int__(self):
        return int(self._known(errors.ConcretizationTypeError, "int() needs a value"))

    def __float__(self):
        return float(
            self._known(errors.ConcretizationTypeError, "float() needs a value")
        )

    def __complex__(self):
        return complex(
            self._known(errors.ConcretizationTypeError, "complex() needs a value")
        )

    def __index__(self):
        error = errors.TracerIntegerConversionError
        return self._known(error, "a Python integer is needed here").__index__()

    def __array__(self, *args, **kwargs):
        value = self._known(
            errors.TracerArrayConversionError, "np.asarray needs a value"
        )
        return value.__array__(*args, **kwargs)

    def item(self, *args):
        """The value of a one-element array as a Python scalar."""
        return self._known(errors.ConcretizationTypeError, "item() needs a value").item(
            *args
        )

    def tolist(self):
        """The values as nested Python lists."""
        return self._known(
            errors.ConcretizationTypeError, "tolist() needs a value"
        ).tolist()

    def tobytes(self, order="C"):
        """The values as bytes."""
        known = self._known(errors.ConcretizationTypeError, "tobytes() needs a value")
        return known.tobytes(order)

    def block_until_ready(self):
        """Nothing to wait for: a tracer has no value yet."""
        return self

    def copy_to_host_async(self):
        """Nothing to copy: a tracer has no value yet."""

    def __repr__(self):
        return f"{type(self).__name__}<{self.aval.text}>"

    def __format__(self, spec):
        value = self.concrete()
        return format(value, spec) if value is not None and spec else repr(self)
