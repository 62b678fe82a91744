"""Primitives of users, made rule by rule as in JAX.

A primitive of minijax is complete when built. This class is built empty, and its rules
arrive one by one, written to JAX's signatures; what stands here turns each into the
rule of the contract in `core/primitive.py`.

    scale_p = Primitive("scale")
    scale_p.def_impl(lambda x, *, by: np.multiply(x, by))
    scale_p.def_abstract_eval(lambda x, *, by: x)
    ad.deflinear2(scale_p, lambda ct, x, *, by: [scale_p.bind(ct, by=by)])

Zero tangents and cotangents, None in the contract, are `Zero` in JAX's rules; operands
to solve for, `Linear` in the contract, are `UndefinedPrimal`.
"""

from collections.abc import Callable, MutableMapping

from ... import dtypes
from ...api.arguments import as_value
from ...api.autodiff import materialize
from ...core import primitive as core
from ...core.literal import Literal, aval_of
from ...core.rules import Linear
from ...core.trace import context, evaluator, interpreter
from ...core.tracebacks import hide_our_frames
from ...numpy.arguments import as_array
from ...transforms.stage import stage


class Zero:
    """A tangent or cotangent that is zero; only its type is known."""

    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval

    @staticmethod
    def from_primal_value(x) -> "Zero":
        """The zero tangent of a value."""
        return Zero(aval_of(x).to_tangent_aval())

    def instantiate(self):
        """The zero as an array; for integers a NumPy array of float0."""
        return materialize(None, self.aval)

    @property
    def shape(self):
        return self.aval.shape

    @property
    def dtype(self):
        return self.aval.dtype

    def __repr__(self):
        return f"Zero({self.aval})"


class UndefinedPrimal:
    """An operand of a transpose rule that is solved for; only its type is known."""

    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval

    def __repr__(self):
        return f"UndefinedPrimal({self.aval})"


def _zero_for(tangent, primal):
    return Zero.from_primal_value(primal) if tangent is None else tangent


def _values(operands):
    """Operands as rules of users expect them: numbers in programs become arrays."""
    return [as_array(x) if type(x) is Literal else x for x in operands]


class _AnyPrimitive(type):
    """Every primitive is an instance of the class of users' primitives."""

    def __instancecheck__(cls, x):
        if cls is Primitive:
            return isinstance(x, core.Primitive)
        return type.__instancecheck__(cls, x)


class Primitive(core.Primitive, metaclass=_AnyPrimitive):
    """An operation of one's own, to which rules are added one by one.

    Args:
      name: how programs print it.
      multiple_results: whether rules return sequences; it may be set later, before the
        rules are used.

    Rules, with JAX's signatures: `def_impl` evaluates it un-jitted, `def_abstract_eval`
    gives the types of its results, `ad.primitive_jvps`, `ad.primitive_transposes`,
    `batching.primitive_batchers` and `mlir.register_lowering` take the others. One that
    is lowered needs no `def_impl`.

    >>> double_p = Primitive("double")
    >>> double_p.def_abstract_eval(lambda x: x) and None
    >>> make_jaxpr(double_p.bind)(np.ones(2, "float32"))
    { lambda ; a:f32[2]. let b:f32[2] = double a in (b,) }
    """

    call_primitive = False
    map_primitive = False

    _impl: Callable | None  # of un-jitted calls
    _lowerings: dict[str | None, Callable]  # by platform, None for all
    _memo: dict
    _programs: dict  # of the functions that it is lowered to
    _rules: dict[str, tuple]  # the table and the rule as the user gave it

    def __init__(self, name: str, *, multiple_results: bool = False):
        fields = {
            "name": name,
            "multiple_results": multiple_results,
            "effects": frozenset(),
            "mask": None,
            "expand": None,
            "_memo": {},
            "_impl": None,
            "_lowerings": {},
            "_programs": {},
            "_rules": {},
        }
        fields.update(dict.fromkeys(("jvp", "transpose", "batch", "lower")))
        self.__dict__.update(fields)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)

    def __reduce__(self):
        raise TypeError(
            f"{self.name}: a primitive of a user cannot be pickled. Make it where it "
            "is needed."
        )

    # Evaluation

    def bind(self, *operands, **params):
        """Apply the primitive: the innermost interpreter that has a say takes it."""
        try:
            trace = interpreter(operands, context.floor)
            if trace is evaluator and self._impl is not None:
                return self._impl(*operands, **params)
            return trace.process(self, operands, params)
        except Exception as error:
            hide_our_frames(error)
            raise

    def def_impl(self, impl: Callable) -> Callable:
        """Set `impl(*values, **params)`, which un-jitted calls run."""
        self._impl = impl
        return impl

    def impl(self, *operands, **params):
        """Evaluate by the rule given to `def_impl`."""
        if self._impl is None:
            return self.bind(*operands, **params)
        return self._impl(*operands, **params)

    # Types

    def abstract(self, *avals, **params):
        """The types of the results, by the rule of the user."""
        raise NotImplementedError(
            f"Abstract evaluation for '{self.name}' not implemented: say what types "
            "its results have with def_abstract_eval."
        )

    def def_abstract_eval(self, rule: Callable) -> Callable:
        """Set `rule(*avals, **params)`: the type of the result, or a list of types."""

        def abstract(*avals, **params):
            out = rule(*avals, **params)
            return tuple(out) if self.multiple_results else out

        self.__dict__["abstract"] = abstract
        self._memo.clear()
        return rule

    def def_effectful_abstract_eval(self, rule: Callable) -> Callable:
        """Set `rule(*avals, **params)`: types as above, and a set of effects.

        A step with effects happens whether or not its results are used.
        """

        def types(*avals, **params):
            out, effects = rule(*avals, **params)
            # Effects may depend on the types, which those who ask later do not know.
            self.effects = self.effects | frozenset(effects)
            return out

        self.def_abstract_eval(types)
        return rule

    def_effectful_abstract_eval2 = def_effectful_abstract_eval

    # Derivatives and batching

    def linearize(self, trace, primals, tangents, **params):
        """Differentiate a step by the jvp rule, also un-jitted.

        Ordinary primitives are then compiled in two parts, which asks for a lowering.
        """
        if self.jvp is None:
            raise self.missing("jvp", primals)
        return self.jvp(primals, tangents, **params)

    def _set_jvp(self, rule):
        def jvp(primals, tangents, **params):
            tangents = [_zero_for(t, x) for t, x in zip(tangents, primals, strict=True)]
            out, out_dot = rule(_values(primals), tangents, **params)
            if self.multiple_results:
                return list(map(self._value, out)), list(map(self._value, out_dot))
            return self._value(out), self._value(out_dot)

        self.jvp = jvp

    def _value(self, x):
        """What a rule returned, as the contract has it: None for zeros."""
        if x is None or type(x) is Zero or x is Zero:
            return None
        if getattr(x, "dtype", None) == dtypes.float0:
            return None
        return as_value(x, f"a rule of {self.name}", "among its results")

    def _set_transpose(self, rule):
        def transpose(ct, *operands, **params):
            if self.multiple_results:
                avals = self.infer(tuple([aval_of(x) for x in operands]), params)
                pairs = zip(ct, avals, strict=True)
                ct = [Zero(a.to_tangent_aval()) if c is None else c for c, a in pairs]
            operands = [
                UndefinedPrimal(x.aval) if type(x) is Linear else x for x in operands
            ]
            bars = rule(ct, *_values(operands), **params)
            if bars is None or bars is Zero or isinstance(bars, Zero):
                return [None] * len(operands)
            bars = [self._value(x) for x in bars]
            if len(bars) != len(operands):
                raise TypeError(
                    f"{self.name}: the transpose rule must return one cotangent for "
                    f"each of {len(operands)} operands, got {len(bars)}. Return None "
                    "for those that are not UndefinedPrimal."
                )
            return bars

        self.transpose = transpose

    def _set_batch(self, rule):
        def batch(size, operands, dims, **params):
            return self._batched(*rule(_values(operands), dims, **params))

        self.batch = batch

    def _set_batch_on_axis(self, rule):
        def batch(size, operands, dims, **params):
            axis = size, context.batch_axis, None
            return self._batched(*rule(*axis, _values(operands), dims, **params))

        self.batch = batch

    def _set_batch_fancy(self, rule):
        def batch(size, operands, dims, **params):
            axis = AxisData(context.batch_axis, size)
            return self._batched(*rule(axis, _values(operands), dims, **params))

        self.batch = batch

    def _batched(self, out, dim):
        if self.multiple_results:
            return list(map(self._value, out)), dim
        return self._value(out), dim

    # Lowering

    def set_lowering(self, rule: Callable, platform: str | None = None) -> None:
        """Set `rule(hlo, out, *operands, **params)`, for all platforms or for one."""
        self._lowerings[platform] = rule
        self.lower = self._lower

    def _lower(self, hlo, out, *operands, **params):
        names = (hlo.platform, "gpu" if hlo.platform == "cuda" else None, None)
        rule = next((self._lowerings[n] for n in names if n in self._lowerings), None)
        if rule is None:
            raise self.missing(f"lowering for {hlo.platform}", operands)
        return rule(hlo, out, *operands, **params)

    def program(self, function, many: bool, avals: tuple, params: dict):
        """The program of `function(*values, **params)`, staged once for a type.

        Args:
          many: whether the function returns a sequence.
        """
        key = (function, many, avals, *params.items())
        try:
            found = self._programs.get(key)
        except TypeError:  # a parameter that cannot be hashed
            return self._stage(function, many, avals, params)
        if found is None:
            found = self._stage(function, many, avals, params)
            self._programs[key] = found
        return found

    def _stage(self, function, many, avals, params):
        def flat(*values):
            out = function(*values, **params)
            return [as_value(x, self.name) for x in (out if many else [out])]

        return stage(flat, avals, f"by the lowering of {self.name}")


class AxisData:
    """The mapped axis as batching rules see it: its name and its size."""

    def __init__(self, name, size):
        self.name = name
        self.size = size
        self.spmd_name = None
        self.explicit_mesh_axis = None


class RuleTable(MutableMapping):
    """One kind of rule for every primitive: `table[primitive] = rule`.

    Those of minijax's own primitives are read in JAX's signature; they cannot be set.
    """

    def __init__(self, kind: str, field: str, install: Callable, read: Callable):
        self._kind = kind
        self._field = field
        self._install = install
        self._read = read

    def __setitem__(self, primitive, rule):
        if type(primitive).__setattr__ is core.Primitive.__setattr__:
            raise TypeError(
                f"{self._kind}: {primitive} is complete, its rules cannot be set. Make "
                "a primitive of your own with minijax.extend.core.Primitive."
            )
        self._install(primitive, rule)
        primitive._rules[self._field] = self, rule

    def __getitem__(self, primitive):
        if getattr(primitive, self._field, None) is None:
            raise KeyError(primitive)
        table, rule = getattr(primitive, "_rules", {}).get(self._field, (None, None))
        return rule if table is self else self._read(primitive)

    def __delitem__(self, primitive):
        if primitive not in self:
            raise KeyError(primitive)
        primitive._rules.pop(self._field)
        setattr(primitive, self._field, None)

    def __iter__(self):
        return iter(
            [p for p in core.registry.values() if getattr(p, self._field) is not None]
        )

    def __len__(self):
        return len(list(iter(self)))

    def __repr__(self):
        return f"<{self._kind} of all primitives>"
