"""What control flow says of wrong calls, and that the next call works."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import lax
from minijax.core.trace import context, evaluator


def keep(c):
    return c


def ones(n):
    return jnp.ones(n)


def step(c, x):
    return c, x


FIX_CARRY = " Start from a value of the type that the body returns."
FIX_LEAF = " Close over it, or convert it with jnp.asarray."

ERRORS = [
    (
        lambda: lax.scan(lambda c, x: ({"h": ones(4)}, x), {"h": ones(3)}, ones(2)),
        TypeError,
        "scan: the carry must keep its type: carry['h'] is f32[3] on input and f32[4] "
        "on output." + FIX_CARRY,
    ),
    (
        lambda: lax.while_loop(
            lambda c: True, lambda c: (c[0] + 1.0, ones(2)), (np.int32(1), ones(3))
        ),
        TypeError,
        "while_loop: the carry must keep its type: carry[0] is i32[] on input and "
        "f32[] on output; carry[1] is f32[3] on input and f32[2] on output."
        + FIX_CARRY,
    ),
    (
        lambda: lax.fori_loop(0, 3, lambda i, c: {"a": ones(2)}, {"a": ones(3)}),
        TypeError,
        "fori_loop: the carry must keep its type: carry['a'] is f32[3] on input and "
        "f32[2] on output." + FIX_CARRY,
    ),
    (
        lambda: lax.scan(lambda c, x: ((c, c), x), {"h": 1.0}, ones(2)),
        TypeError,
        "scan: the carry must keep its structure: the new carry must be a dict with "
        "keys ['h'] like carry, got a tuple of 2.",
    ),
    (
        lambda: lax.scan(lambda c, x: c, 1.0, ones(2)),
        TypeError,
        "scan: <lambda> must return a pair (carry, y), got a result of structure "
        "PyTreeDef(*). Return (carry, None) if there is nothing to stack.",
    ),
    (
        lambda: lax.scan(step, 1.0, {"a": ones(3), "b": ones(4)}),
        ValueError,
        "scan: xs must have one leading size, got 3 (xs['a']: f32[3]) and 4 (xs['b']: "
        "f32[4]).",
    ),
    (
        lambda: lax.scan(step, 1.0, ones(3), length=4),
        ValueError,
        "scan: length must be the leading size of xs, got length=4 and xs: f32[3]. "
        "Leave length out.",
    ),
    (
        lambda: lax.scan(step, 1.0),
        ValueError,
        "scan: needs a number of steps, got xs without arrays and no length. Pass an "
        "array, or length= to scan.",
    ),
    (
        lambda: lax.scan(step, 1.0, (ones(3), 2.0)),
        ValueError,
        "scan: xs must have a leading axis to go along, got f32[] at xs[1]. Close over "
        "it, or stack it.",
    ),
    (
        lambda: lax.scan(step, {"a": "b"}, ones(3)),
        TypeError,
        "scan: init['a'] must be an array or a number, got 'b' of type str." + FIX_LEAF,
    ),
    (
        lambda: lax.scan(lambda c, x: (c, {"k": "v"}), 1.0, ones(3)),
        TypeError,
        "scan: the result of <lambda>[1]['k'] must be an array or a number, got 'v' of "
        "type str." + FIX_LEAF,
    ),
    (
        lambda: lax.scan(step, 1.0, ones(3), unroll=-1),
        ValueError,
        "scan: unroll must be a bool or a count of steps, got -1.",
    ),
    (
        lambda: minijax.jit(lambda n: lax.scan(step, 1.0, length=n))(3),
        minijax.errors.ConcretizationTypeError,
        "scan: length must be known while tracing, got i32[] traced by jit in "
        "<lambda>. Use while_loop or fori_loop instead.",
    ),
    (
        lambda: lax.while_loop(lambda c: c > 0, keep, ones(3)),
        TypeError,
        "while_loop: the condition <lambda> must return a boolean scalar, got bool[3]. "
        "Compare explicitly, or reduce with jnp.any or jnp.all.",
    ),
    (
        lambda: lax.while_loop(3, keep, 1.0),
        TypeError,
        "while_loop: cond_fun must be a function, got 3 of type int.",
    ),
    (
        lambda: lax.while_loop(lambda c: c < 9, lambda c: c * 2, 1.0, checkpoints=0),
        ValueError,
        "while_loop: checkpoints must be a positive count of carries to keep, got 0.",
    ),
    (
        lambda: lax.fori_loop(0, 3, lambda i, c: c, 1.0, unroll=2, checkpoints=3),
        ValueError,
        "fori_loop: takes unroll or checkpoints, got both. Leave one out: with "
        "checkpoints the loop is not unrolled.",
    ),
    (
        lambda: minijax.linear_transpose(
            lambda x: lax.while_loop(lambda c: c < 9, lambda c: c * 2, x), 1.0
        )(1.0),
        ValueError,
        "while_loop: the condition must not depend on what is transposed: the loop "
        "would not be linear. Let it depend on other values, or use vjp.",
    ),
    (
        lambda: lax.fori_loop(np.uint8(0), np.int32(3), lambda i, c: c, 1.0),
        TypeError,
        "fori_loop: bounds must have one type, got lower: u8[] and upper: i32[]. "
        "Convert one with astype.",
    ),
    (
        lambda: lax.fori_loop(0, ones(2), lambda i, c: c, 1.0),
        TypeError,
        "fori_loop: upper must be a scalar, got f32[2].",
    ),
    (
        lambda: minijax.jit(
            lambda n: lax.fori_loop(0, n, lambda i, c: c, 1.0, unroll=2)
        )(3),
        ValueError,
        "fori_loop: unroll needs bounds that are known while tracing, got i32[] and "
        "i32[]. Leave unroll out.",
    ),
    (
        lambda: lax.cond(ones(3) > 0, lambda: 1, lambda: 2),
        TypeError,
        "cond: the predicate must be a scalar, got bool[3]. Reduce it with jnp.any or "
        "jnp.all, or choose elements with jnp.where.",
    ),
    (
        lambda: lax.cond(1j, lambda: 1, lambda: 2),
        TypeError,
        "cond: the predicate must be a boolean or a real number, got c64[]. Compare "
        "explicitly.",
    ),
    (
        lambda: lax.cond(True, lambda: {"a": ones(3)}, lambda: {"a": ones(2)}),
        TypeError,
        "cond: branches must return the same types: result['a'] is f32[2] from "
        "false_fun <lambda> and f32[3] from true_fun <lambda>. Convert one, for "
        "example with astype.",
    ),
    (
        lambda: lax.cond(
            True,
            lambda x: {"a": (x, x), "b": ones(3), "c": 1},
            lambda x: {"a": (x, 2), "b": ones((3, 1)), "c": 1},
            1.0,
        ),
        TypeError,
        "cond: branches must return the same types: result['a'][1] is i32[] from "
        "false_fun <lambda> and f32[] from true_fun <lambda>; result['b'] is f32[3,1] "
        "from false_fun <lambda> and f32[3] from true_fun <lambda>. Convert one, for "
        "example with astype.",
    ),
    (
        lambda: lax.switch(1, [lambda: (1, {"k": 2}), lambda: (1, {"k": (2, 3)})]),
        TypeError,
        "switch: branches must return one structure: branches[1]()[1]['k'] must be a "
        "leaf like branches[0]()[1]['k'], got a tuple of 2.",
    ),
    (
        lambda: lax.while_loop(
            lambda c: True, lambda c: {"k": c["k"]}, {"k": 1, "l": (2, 3)}
        ),
        TypeError,
        "while_loop: the carry must keep its structure: the new carry must be a dict "
        "with keys ['k', 'l'] like carry, got a dict with keys ['k'].",
    ),
    (
        lambda: lax.fori_loop(0, 3, lambda i, c: (c[0], [c[1][0]]), (1, [2, 3])),
        TypeError,
        "fori_loop: the carry must keep its structure: the new carry[1] must be a list "
        "of 2 like carry[1], got a list of 1.",
    ),
    (
        lambda: lax.fori_loop(
            0, 3, lambda i, c: {"p": (c["p"][0] > 0, c["p"][1])}, {"p": (ones(2), 1)}
        ),
        TypeError,
        "fori_loop: the carry must keep its type: carry['p'][0] is f32[2] on input and "
        "bool[2] on output. Convert with astype, or start from a value of the type "
        "that the body returns.",
    ),
    (
        lambda: lax.scan(
            lambda c, x: ([c[0], (c[1][0] * x, c[1][1].T)], None),
            [0, (ones(2), ones((2, 3)))],
            ones((4, 5, 2)),
        ),
        TypeError,
        "scan: the carry must keep its type: carry[1][0] is f32[2] on input and "
        "f32[5,2] on output; carry[1][1] is f32[2,3] on input and f32[3,2] on output."
        + FIX_CARRY,
    ),
    (
        lambda: lax.cond(True, lambda: {"a": 1.0}, lambda: {"b": 1.0}),
        TypeError,
        "cond: branches must return one structure: true_fun() must be a dict with keys "
        "['b'] like false_fun(), got a dict with keys ['a'].",
    ),
    (
        lambda: lax.switch(0, [keep, keep, lambda c: ones(2)], 3),
        TypeError,
        "switch: branches must return the same types: result is i32[] from branches[0] "
        "keep and f32[2] from branches[2] <lambda>. Convert one, for example with "
        "astype.",
    ),
    (lambda: lax.switch(0, [], 3), ValueError, "switch: branches must not be empty."),
    (
        lambda: lax.switch(1.0, [keep, keep], 3),
        TypeError,
        "switch: the index must be an integer, got f32[]. Convert it with astype.",
    ),
    (
        lambda: lax.map(keep, (ones(3), ones(2))),
        ValueError,
        "map: xs must have one leading size, got 3 (xs[0]: f32[3]) and 2 (xs[1]: "
        "f32[2]).",
    ),
    (
        lambda: lax.associative_scan(jnp.add, ones(3), axis=1),
        ValueError,
        "associative_scan: axis 1 is out of bounds for elems: f32[3].",
    ),
    (
        lambda: lax.associative_scan(lambda a, b: (a, b), ones(3)),
        ValueError,
        "associative_scan: <lambda> must return the structure of its arguments: the "
        "result must be a leaf like elems, got a tuple of 2.",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_the_message_says_what_is_wrong(call, kind, message):
    """The whole message, and no trace is left behind."""
    with pytest.raises(kind) as caught:
        call()

    assert str(caught.value) == message
    assert context.floor is evaluator
    assert context.depth == 0
    assert lax.fori_loop(0, 3, lambda i, c: c + i, 0) == 3
