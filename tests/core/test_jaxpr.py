"""Programs: printed, checked, evaluated, lowered; and the types they are written in."""

import pathlib
import threading

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import grad, jit, lax, make_jaxpr
from minijax.core.avals import ShapedArray
from minijax.core.jaxpr import (
    ClosedJaxpr,
    Eqn,
    Jaxpr,
    JaxprTypeError,
    Var,
    check_jaxpr,
    eval_jaxpr,
    variable_name,
)
from minijax.core.literal import literal
from minijax.core.primitive import Primitive, registry
from minijax.optimize.dead_code import remove_dead_code
from minijax.primitives import add_p, sin_p

F32 = ShapedArray((), np.float32)


def test_equal_types_are_one_object():
    assert ShapedArray((2, 3), "float32") is ShapedArray([2, 3], np.float32)
    assert ShapedArray((2,), "float32") is not ShapedArray((2,), "float32", True)


def test_types_are_interned_by_all_threads():
    found = []
    shape = (17, 19, 23)
    threads = [
        threading.Thread(target=lambda: found.append(ShapedArray(shape, "float16")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(map(id, found))) == 1


def test_zeros_of_both_signs_are_two_literals():
    assert literal(0.0, F32) is literal(0.0, F32)
    assert np.signbit(literal(-0.0, F32).val)
    assert not np.signbit(literal(0.0, F32).val)


def test_names_of_variables():
    names = [variable_name(k) for k in (0, 25, 26, 27, 26 * 26)]

    assert names == ["a", "z", "ba", "bb", "baa"]


@pytest.mark.parametrize(
    ("program", "text"),
    [
        (lambda x: jnp.sin(x), "{ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }"),
        (lambda x: 2.0, "{ lambda ; a:f32[]. let in (2.0:f32[],) }"),
        (lambda x: (x, x), "{ lambda ; a:f32[]. let in (a, a) }"),
        (
            lambda x: jit(jnp.cos)(x),
            "{ lambda ; a:f32[]. let\n"
            "    b:f32[] = jit[name=cos jaxpr={ lambda ; a:f32[]. let b:f32[] = cos "
            "a in (b,) }] a\n"
            "  in (b,) }",
        ),
    ],
    ids=["one", "constant", "identity", "call"],
)
def test_printed_form(program, text):
    assert str(make_jaxpr(program)(1.0)) == text


def a_program():
    x, y, z = Var(F32), Var(F32), Var(F32)
    first = Eqn(sin_p, [x], {}, [y])
    second = Eqn(add_p, [x, y], {}, [z])
    return Jaxpr([], [x], [z], [first, second])


def test_the_checker_accepts_what_is_right():
    check_jaxpr(a_program())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p.eqns.reverse(), "used before set"),
        (lambda p: p.eqns.append(p.eqns[0]), "set twice"),
        (
            lambda p: p.eqns.__setitem__(
                0, p.eqns[0].replace(outvars=[Var(ShapedArray((2,), "float32"))])
            ),
            "rule gives",
        ),
        (lambda p: p.outvars.append(Var(F32)), "used before set"),
    ],
    ids=["order", "twice", "type", "output"],
)
def test_the_checker_finds_what_is_wrong(spoil, message):
    program = a_program()
    spoil(program)

    with pytest.raises(JaxprTypeError, match=message):
        check_jaxpr(program)


def test_evaluation():
    assert float(eval_jaxpr(a_program(), [], jnp.float32(0.5))[0]) == pytest.approx(
        0.5 + np.sin(0.5)
    )


def test_dead_code_goes_and_inputs_stay():
    program = a_program()
    closed = ClosedJaxpr(program.replace(outvars=[program.eqns[0].outvars[0]]))

    pruned = remove_dead_code(closed)

    assert [eqn.primitive for eqn in pruned.eqns] == [sin_p]
    assert len(pruned.jaxpr.invars) == 1


def test_lowered_text():
    def f(x):
        return jnp.sin(x) * 2.0

    assert jit(f).lower(jnp.ones(3)).as_text() == (
        "module @jit_f {\n"
        "func.func public @main(%0: tensor<3xf32>) -> (tensor<3xf32>) {\n"
        "%1 = stablehlo.sine %0 : tensor<3xf32>\n"
        "%2 = stablehlo.constant dense<0x40000000> : tensor<3xf32>\n"
        "%3 = stablehlo.multiply %1, %2 : tensor<3xf32>\n"
        "return %3 : tensor<3xf32>\n"
        "}\n"
        "}"
    )


def test_primitives_are_frozen():
    with pytest.raises(AttributeError, match="complete when built"):
        sin_p.jvp = None
    assert registry["sin"] is sin_p


def test_a_missing_rule_says_so():
    opaque = Primitive("opaque", abstract=lambda x: x, lower=lambda hlo, out, x: str(x))
    del registry["opaque"]

    with pytest.raises(NotImplementedError, match=r"opaque: no jvp rule for .*f32\[\]"):
        grad(opaque.bind)(1.0)


def test_source_lines_of_equations():
    eqn = make_jaxpr(lambda x: lax.sin(x))(1.0).eqns[0]

    assert eqn.source.file == __file__
    line = pathlib.Path(__file__).read_text().splitlines()[eqn.source.line - 1]
    assert "lax.sin" in line
