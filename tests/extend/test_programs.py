"""Programs as data: what libraries read, rewrite and interpret."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import core, grad, jit, lax, make_jaxpr, vmap
from minijax.api_util import safe_map
from minijax.extend import core as public
from minijax.extend import linear_util as lu
from minijax.extend import source_info_util

INVERSES = {lax.exp_p: jnp.log, lax.tanh_p: jnp.arctanh}


def inverted(f):
    """The interpreter of JAX's tutorial: run a program of one value backwards."""

    def inverse(*args):
        closed = make_jaxpr(f)(*args)
        out = _inverse_of(closed.jaxpr, closed.literals, *args)
        return out[0]

    return inverse


def _inverse_of(jaxpr, consts, *args):
    env = {}

    def read(var):
        return var.val if type(var) is public.Literal else env[var]

    def write(var, val):
        env[var] = val

    safe_map(write, jaxpr.outvars, args)
    safe_map(write, jaxpr.constvars, consts)
    for eqn in jaxpr.eqns[::-1]:
        if eqn.primitive not in INVERSES:
            raise NotImplementedError(f"{eqn.primitive} has no registered inverse.")
        values = safe_map(read, eqn.outvars)
        safe_map(write, eqn.invars, [INVERSES[eqn.primitive](*values)])
    return safe_map(read, jaxpr.invars)


def evaluated(closed, *args):
    """The other interpreter of the tutorial: every step by bind."""
    env = {}

    def read(var):
        return var.val if type(var) is public.Literal else env[var]

    def write(var, val):
        env[var] = val

    safe_map(write, closed.jaxpr.invars, args)
    safe_map(write, closed.jaxpr.constvars, closed.consts)
    for eqn in closed.jaxpr.eqns:
        values = safe_map(read, eqn.invars)
        functions, params = eqn.primitive.get_bind_params(eqn.params)
        out = eqn.primitive.bind(*functions, *values, **params)
        outs = out if eqn.primitive.multiple_results else [out]
        safe_map(write, eqn.outvars, outs)
    return safe_map(read, closed.jaxpr.outvars)


def test_a_custom_interpreter_inverts_a_function():
    """log(arctanh(exp(tanh(x)))) is x, as in the tutorial, also batched and jitted."""
    f = lambda x: jnp.exp(jnp.tanh(x))  # noqa: E731
    x = jnp.array([0.1, 0.5])

    np.testing.assert_allclose(inverted(f)(f(0.5)), 0.5, rtol=1e-5)
    np.testing.assert_allclose(jit(vmap(inverted(f)))(f(x)), x, rtol=1e-5)
    slope = float(grad(f)(0.5))
    assert float(grad(inverted(f))(f(0.5))) == pytest.approx(1 / slope, rel=1e-5)
    with pytest.raises(NotImplementedError, match="sin has no registered inverse"):
        inverted(jnp.sin)(0.5)


def program(x, k):
    y = lax.fori_loop(0, 3, lambda i, y: jnp.sin(y) + i, x)
    z = lax.cond(k > 0, lambda y: y * 2, lambda y: y - 1.0, y)
    return jit(lambda z: z + jnp.arange(3.0))(z).sum() ** 2


@pytest.mark.parametrize(
    ("f", "batched"),
    [(program, False), (grad(program), False), (vmap(program), True)],
    ids=["program", "derivative", "batch"],
)
def test_an_interpreter_in_python_gives_what_the_program_gives(f, batched):
    """Derivatives too, whose programs hold filled arrays as literals."""
    x, k = jnp.array([0.3, 0.6]), jnp.array([1, -1])
    args = (x, k) if batched else (x[0], k[0])
    closed = make_jaxpr(f)(*args)

    np.testing.assert_allclose(evaluated(closed, *args)[0], f(*args), rtol=1e-6)
    np.testing.assert_allclose(
        public.jaxpr_as_fun(closed)(*args)[0], f(*args), rtol=1e-6
    )
    np.testing.assert_allclose(
        core.eval_jaxpr(closed.jaxpr, closed.consts, *args)[0], f(*args), rtol=1e-6
    )


def test_literals_have_the_shape_of_their_type():
    closed = make_jaxpr(lambda x: x * 2.0)(jnp.ones(3))
    literal = closed.eqns[0].invars[1]
    filled = core.Literal(np.float32(1.5), core.ShapedArray((2,), "float32"))

    assert isinstance(literal, public.Literal)
    assert literal.val == 2.0
    assert literal.val.shape == literal.aval.shape == ()
    np.testing.assert_array_equal(filled.val, [1.5, 1.5])


def test_closed_programs_show_what_is_inside():
    table = jnp.arange(3.0)
    closed = make_jaxpr(lambda x: (x + table, x.sum()))(jnp.ones(3))
    jaxpr = closed.jaxpr

    assert closed.eqns is jaxpr.eqns
    assert (closed.invars, closed.outvars) == (jaxpr.invars, jaxpr.outvars)
    assert closed.constvars == jaxpr.constvars
    assert closed.literals is closed.consts
    assert closed.in_avals == jaxpr.in_avals == [core.ShapedArray((3,), "float32")]
    assert closed.out_avals == jaxpr.out_avals
    assert closed.pretty_print() == jaxpr.pretty_print() == str(closed)
    assert closed.map_jaxpr(lambda j: j.replace(eqns=j.eqns)).consts == closed.consts


def test_programs_are_rewritten_by_replace():
    """Every sin becomes a cos."""
    closed = make_jaxpr(lambda x: jnp.sin(x) + 1)(0.0)
    eqns = [
        e.replace(primitive=lax.cos_p) if e.primitive is lax.sin_p else e
        for e in closed.eqns
    ]
    changed = closed.replace(jaxpr=closed.jaxpr.replace(eqns=eqns))

    assert public.jaxpr_as_fun(changed, 0.0) == [2.0]
    assert public.jaxpr_as_fun(closed)(0.0) == [1.0]


def test_programs_are_built_by_hand():
    aval = core.ShapedArray((), "float32")
    new = public.gensym()
    x, y = new(aval), new(aval)
    eqn = public.new_jaxpr_eqn([x], [y], lax.sin_p, {}, public.no_effects)
    closed = public.ClosedJaxpr(public.Jaxpr([], [x], [y], [eqn]), [])
    public.check_jaxpr(closed.jaxpr)

    assert str(closed) == "{ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }"
    assert public.jaxpr_as_fun(closed)(0.0) == [0.0]
    assert isinstance(public.DropVar(aval), public.Var)


def test_programs_inside_programs_are_found():
    closed = make_jaxpr(program)(1.0, 1)
    names = [eqn.primitive.name for eqn in closed.eqns]
    (cond,) = [eqn for eqn in closed.eqns if eqn.primitive is lax.cond_p]

    assert "jit" in names
    assert len(list(public.jaxprs_in_params(cond.params))) == 2
    inside = list(public.subjaxprs(closed.jaxpr))
    assert len(inside) >= 4
    assert all(isinstance(j, public.Jaxpr) for j in inside)


def test_equations_know_line_and_scopes():
    with_scope = minijax.named_scope("attention")(lambda x: jnp.sin(x))
    (eqn,) = make_jaxpr(with_scope)(1.0).eqns
    info = eqn.source_info

    assert str(info.name_stack) == "attention"
    assert source_info_util.summarize(info).startswith(__file__)
    moved = eqn.replace(source_info=source_info_util.new_source_info())
    assert source_info_util.summarize(moved.source_info) == "unknown"


def test_name_stacks_are_opened_and_closed():
    with source_info_util.extend_name_stack("outer"):
        assert str(source_info_util.current_name_stack()) == "outer"
        with source_info_util.extend_name_stack("inner"):
            assert source_info_util.current_name_stack().stack == ("outer", "inner")
        with source_info_util.reset_name_stack():
            assert not source_info_util.current_name_stack()
    line = source_info_util.current()
    with source_info_util.user_context(line.source):
        (eqn,) = make_jaxpr(lambda x: jnp.sin(x))(1.0).eqns

    assert source_info_util.current_name_stack() == ()
    assert eqn.source == line.source
    assert str(source_info_util.new_name_stack("a").extend("b")) == "a/b"


def test_types_are_computed():
    aval = core.ShapedArray((4, 3), "float32")

    assert public.mapped_aval(4, 0, aval).shape == (3,)
    assert public.mapped_aval(4, None, aval) is aval
    assert public.unmapped_aval(5, 1, aval).shape == (4, 5, 3)
    assert public.primal_dtype_to_tangent_dtype(np.dtype("int32")) == minijax.float0
    assert core.get_aval(1.5).weak_type
    assert [public.valid_jaxtype(x) for x in (1, np.ones(2), "a", None)] == [
        True,
        True,
        False,
        False,
    ]
    assert not public.valid_jaxtype(np.array(["a"]))
    assert {type(jnp.ones(1)), np.ndarray, np.float32} <= public.array_types
    with pytest.raises(ValueError, match="axis 0 of"):
        public.mapped_aval(5, 0, aval)


def test_who_is_tracing():
    seen = {}

    def look(name):
        def f(x):
            seen[name] = (
                public.unsafe_am_i_under_a_jit_DO_NOT_USE(),
                public.unsafe_am_i_under_a_vmap_DO_NOT_USE(),
                public.unsafe_get_axis_names_DO_NOT_USE(),
                public.get_opaque_trace_state(),
                public.find_top_trace([x]),
            )
            return x

        return f

    before = public.get_opaque_trace_state()
    assert core.trace_state_clean()
    jit(look("jit"))(1.0)
    vmap(look("vmap"), axis_name="i")(jnp.ones(2))

    assert seen["jit"][:3] == (True, False, [])
    assert seen["vmap"][:3] == (False, True, ["i"])
    assert before == public.get_opaque_trace_state() != seen["jit"][3]
    assert hash(before) == hash(public.get_opaque_trace_state())
    assert public.nonempty_axis_env_DO_NOT_USE() is False
    assert isinstance(seen["vmap"][4], core.Trace)


def test_values_that_must_be_known():
    assert public.concrete_or_error(int, 3.0) == 3
    assert public.concrete_or_error(None, "x") == "x"
    assert core.is_concrete(1.0)
    assert core.is_constant_dim(3)
    assert core.is_constant_shape((2, 3))
    assert grad(lambda x: x * public.concrete_or_error(float, x))(3.0) == 3.0
    with pytest.raises(minijax.errors.ConcretizationTypeError, match="the size of y"):
        jit(lambda n: public.concrete_or_error(int, n, "the size of y"))(3)


def test_evaluation_inside_a_traced_function():
    """`eval_context` and `take_current_trace` compute at once what is known."""
    found = []

    def f(x):
        with core.eval_context():
            found.append(jnp.sin(0.0) + 1)
        with public.take_current_trace() as trace:
            found.append(jnp.cos(0.0))
            with public.set_current_trace(trace):
                found.append(jnp.cos(0.0))
        return x

    jit(f)(1.0)

    assert found[:2] == [1.0, 1.0]
    assert isinstance(found[2], core.Tracer)


class CountTracer(core.Tracer):
    def __init__(self, trace, value):
        super().__init__(trace, core.get_aval(value))
        self.value = value


class CountTrace(core.Trace):
    """Counts the operations that its values meet, and applies them outside."""

    def __init__(self, parent):
        self.parent = parent
        self.counts = {}

    def process_primitive(self, primitive, operands, params):
        self.counts[primitive.name] = self.counts.get(primitive.name, 0) + 1
        values = [x.value if isinstance(x, CountTracer) else x for x in operands]
        out = primitive.bind_with_trace(self.parent, values, params)
        if primitive.multiple_results:
            return [CountTracer(self, x) for x in out]
        return CountTracer(self, out)


def test_an_interpreter_of_ones_own():
    """A subclass of Trace sees every operation while it is the current trace."""
    with public.take_current_trace() as parent:
        trace = CountTrace(parent)
        with public.set_current_trace(trace):
            x = CountTracer(trace, jnp.float32(0.5))
            y = lax.sin(x) * lax.cos(x) + lax.sin(x)

    assert trace.counts == {"sin": 2, "cos": 1, "mul": 1, "add": 1}
    np.testing.assert_allclose(y.value, np.sin(0.5) * (np.cos(0.5) + 1), rtol=1e-6)


def test_transformations_of_wrapped_functions():
    @lu.transformation
    def negated(*args):
        out = yield args, {}
        yield -out

    @lu.transformation_with_aux
    def counted(by, *args):
        out = yield args, {}
        yield out, by * len(args)

    f = negated(lu.wrap_init(lambda x, y: x + y))
    g, count = counted(f, 10)
    with pytest.raises(lu.StoreException, match="empty"):
        count()

    assert g.call_wrapped(1, 2) == -3
    assert count() == 20
    with pytest.raises(lu.StoreException, match="occupied"):
        g.call_wrapped(1, 2)
    assert lu.merge_linear_aux(count, None) == (True, 20)
    assert "negated" in str(g)


def test_wrapped_functions_are_remembered_by_what_they_do():
    calls = []

    @lu.cache
    def traced(fun, kind):
        calls.append(kind)
        return fun.call_wrapped(1)

    @lu.transformation_with_aux2
    def noted(f, store, *args):
        store.store("seen")
        return f(*args)

    def f(x):
        return x + 1

    first, aux = noted(lu.wrap_init(f))
    again, aux_again = noted(lu.wrap_init(f))

    assert traced(first, "a") == traced(again, "a") == 2
    assert aux() == aux_again() == "seen"
    assert calls == ["a"]
    assert first == again
    assert lu.wrap_init(f, {"y": 1}) != lu.wrap_init(f)
