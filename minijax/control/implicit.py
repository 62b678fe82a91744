"""Values defined by equations: `custom_root` and `custom_linear_solve`.

How a solution was found does not matter to its derivative:

    f(x, a) = 0    gives    f_x x_dot = -f_a a_dot        (implicit function theorem)
    A x = b        gives    A x_dot = b_dot - A_dot x,    b_bar = A^-T x_bar
"""

from collections.abc import Callable

from .. import tree
from ..core.jaxpr import eval_jaxpr
from ..core.literal import zeros_of
from ..core.rules import add_tangents, instantiate
from ..core.tracebacks import boundary
from ..mismatch import describe_mismatch
from ..primitives.shape import move_batch
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_flat
from ..transforms.linearize import linearize_flat, transpose_flat
from .bodies import (
    Body,
    avals_of,
    check_callable,
    flatten,
    paths_of,
    trace_body,
    with_common_constants,
)
from .call import Program, call
from .custom import custom_jvp_call_p
from .function_rules import Rules
from .programs import rewired, split


def _check_like(where, name, body: Body, like: str, treedef, avals):
    """Refuse a function whose result is not of the structure and shapes of `like`."""
    if body.out_tree != treedef:
        difference = describe_mismatch(like, treedef, f"{name}()", body.out_tree)
        raise TypeError(
            f"{where}: {name} must return the structure of {like}: {difference}"
        )
    for path, out, aval in zip(
        paths_of(f"{name}()", treedef), body.out_avals, avals, strict=True
    ):
        if out.shape != aval.shape:
            raise ValueError(
                f"{where}: {name} must return the shapes of {like}: {path} is {out}, "
                f"expected {aval}."
            )


def _solved(where, name, solve, has_aux, in_tree, avals):
    """The program of a solver of one argument, and the structures of its results.

    Returns the body, whose results are the solution and then what else the solver
    returns, the body as if it returned the solution only, and the structure of the
    rest.
    """
    body = trace_body(where, solve, in_tree, avals)
    if not has_aux:
        return body, body, None
    parts = body.out_tree.children()
    data = body.out_tree.node_data()
    if data is None or data[0] not in (tuple, list) or len(parts) != 2:
        raise TypeError(
            f"{where}: with has_aux=True {name} must return a pair (solution, aux), "
            f"got a result of structure {body.out_tree}."
        )
    count = parts[0].num_leaves
    outs = range(count)
    solution = rewired(body.closed, range(len(body.closed.in_avals)), outs)
    return body, Body(solution, body.consts, parts[0]), parts[1]


def _run(closed, args):
    return eval_jaxpr(closed.jaxpr, closed.consts, *args)


# Roots


@boundary
def custom_root(
    f: Callable,
    initial_guess,
    solve: Callable,
    tangent_solve: Callable,
    has_aux: bool = False,
):
    """A root x of f, `f(x) = 0`, differentiable in what f closes over.

    Derivatives follow from the implicit function theorem, in both modes and of every
    order, whatever `solve` does.

    Args:
      f: from x to a tree like x.
      initial_guess: a tree of arrays.
      solve: `solve(f, initial_guess)` returns a root.
      tangent_solve: `tangent_solve(g, y)` returns x with `g(x) = y`, g being linear;
        `lambda g, y: y / g(1.0)` for scalars.
      has_aux: `solve` returns a pair, whose second element is passed through.

    >>> def newton(f, x):
    ...     return minijax.lax.fori_loop(0, 9, lambda i, x: x - f(x) / grad(f)(x), x)
    >>> def sqrt(a):
    ...     return custom_root(lambda x: x * x - a, a, newton, lambda g, y: y / g(1.0))
    >>> grad(sqrt)(4.0)
    Array(0.25, dtype=float32, weak_type=True)
    """
    where = "custom_root"
    check_callable(where, f=f, solve=solve, tangent_solve=tangent_solve)
    guess, treedef = flatten(where, "initial_guess", initial_guess)
    in_tree = tree.treedef_tuple([treedef])
    avals = avals_of(guess)
    equation = trace_body(where, f, in_tree, avals)
    _check_like(where, "f", equation, "initial_guess", treedef, avals)
    solver, solution, aux_tree = _solved(
        where, "solve", lambda x: solve(f, x), has_aux, in_tree, avals
    )
    _check_like(where, "solve", solution, "initial_guess", treedef, avals)
    known, count = len(equation.consts), len(guess)

    def value(*args):
        return call(solver.closed, args[known:], where)

    def jvp(primals, tangents):
        outs = custom_jvp_call_p.bind_functions(value, rules, primals)
        consts, x = primals[:known], outs[:count]
        f_dots = _pushed(equation.closed, consts, tangents[:known], x)
        dots = [None] * len(outs)
        if any(t is not None for t in f_dots):
            rhs = [-instantiate(t, y) for t, y in zip(f_dots, x, strict=True)]
            linear = _linear_map(equation.closed, consts, x, treedef)
            x_dot = tangent_solve(linear, tree.unflatten(treedef, rhs))
            dots[:count] = _like(where, "tangent_solve", x_dot, treedef)
        return outs, dots

    rules = Rules(where, jvp=jvp)
    operands = [*equation.consts, *solver.consts, *guess]
    outs = custom_jvp_call_p.bind_functions(value, rules, operands)
    root = tree.unflatten(treedef, outs[:count])
    return (root, tree.unflatten(aux_tree, outs[count:])) if has_aux else root


def _pushed(closed, consts, dots, x):
    """Tangents of a program's results from those of its constants."""
    tangents = [*dots, *[None] * len(x)]
    return jvp_flat(lambda *args: _run(closed, args), [*consts, *x], tangents)[1]


def _linear_map(closed, consts, x, treedef):
    """The derivative of a program at x, as a function of trees."""
    linear = linearize_flat(
        lambda *args: _run(closed, [*consts, *args]), x, [True] * len(x)
    )

    def apply(x_dot):
        outs = linear.push(_like("custom_root", "the linearized f", x_dot, treedef))
        filled = [instantiate(t, y) for t, y in zip(outs, x, strict=True)]
        return tree.unflatten(treedef, filled)

    return apply


def _like(where, name, x, treedef):
    values, found = flatten(where, name, x)
    if found != treedef:
        difference = describe_mismatch("initial_guess", treedef, name, found)
        raise TypeError(
            f"{where}: {name} must have the structure of initial_guess: {difference}"
        )
    return values


# Linear systems


@boundary
def custom_linear_solve(
    matvec: Callable,
    b,
    solve: Callable,
    transpose_solve: Callable | None = None,
    symmetric: bool = False,
    has_aux: bool = False,
):
    """The solution x of `matvec(x) = b`, differentiable in b and in what matvec uses.

    Derivatives solve the same system, or its transpose; `solve` is not differentiated.

    Args:
      matvec: a linear function, from a tree like b to a tree like b.
      b: a tree of arrays.
      solve: `solve(matvec, b)` returns x.
      transpose_solve: `transpose_solve(vecmat, b)` solves the transposed system; needed
        for reverse mode, unless `symmetric`.
      symmetric: matvec is its own transpose, and `solve` serves for both.
      has_aux: `solve` and `transpose_solve` return pairs, whose second element is
        passed through.

    >>> a = jnp.array([[2.0, 1.0], [1.0, 3.0]])
    >>> custom_linear_solve(
    ...     lambda x: a @ x, jnp.ones(2), lambda _, b: jnp.linalg.solve(a, b)
    ... )
    Array([0.4, 0.2], dtype=float32)
    """
    where = "custom_linear_solve"
    check_callable(where, matvec=matvec, solve=solve)
    values, treedef = flatten(where, "b", b)
    in_tree = tree.treedef_tuple([treedef])
    avals = avals_of(values)

    def solver(name, solve, multiply):
        body, solution, aux_tree = _solved(
            where, name, lambda b: solve(multiply, b), has_aux, in_tree, avals
        )
        _check_like(where, name, solution, "b", treedef, avals)
        return body, aux_tree

    forward = trace_body(where, matvec, in_tree, avals)
    _check_like(where, "matvec", forward, "b", treedef, avals)
    solving, aux_tree = solver("solve", solve, matvec)
    bodies = [forward, solving]
    if symmetric:
        bodies += bodies
    elif transpose_solve is not None:
        check_callable(where, transpose_solve=transpose_solve)
        vecmat = _transposed(forward, treedef, avals)
        bodies.append(trace_body(where, vecmat, in_tree, avals))
        bodies.append(solver("transpose_solve", transpose_solve, vecmat)[0])
    consts, programs = with_common_constants(bodies)
    outs = bind_solve(consts, values, programs)
    x = tree.unflatten(treedef, outs[: len(values)])
    return (x, tree.unflatten(aux_tree, outs[len(values) :])) if has_aux else x


def _transposed(body: Body, treedef, avals):
    """The transpose of a traced linear function of trees."""

    def vecmat(ct):
        cts, _ = flatten("custom_linear_solve", "the argument of vecmat", ct)
        bars = transpose_flat(
            lambda *xs: _run(body.closed, [*body.consts, *xs]),
            list(avals),
            [True] * len(avals),
            cts,
        )
        filled = [
            zeros_of(a) if bar is None else bar
            for bar, a in zip(bars, avals, strict=True)
        ]
        return tree.unflatten(treedef, filled)

    return vecmat


def bind_solve(consts, b, programs):
    """Solve a system of programs that take constants, then leaves of b.

    Args:
      programs: matvec and its solver, then, for reverse mode, the same for the
        transposed system.
    """
    return linear_solve_p.bind(*consts, *b, programs=tuple(programs), count=len(b))


def _solve_jvp(primals, tangents, *, programs, count):
    matvec = programs[0]
    consts, b = split(primals, len(primals) - count)
    fixed, b_dots = split(tangents, len(consts))
    outs = bind_solve(consts, b, programs)
    x = outs[:count]
    moved = _pushed(matvec, consts, fixed, x)
    rhs = [
        add_tangents(t, None if m is None else -m)
        for t, m in zip(b_dots, moved, strict=True)
    ]
    dots = [None] * len(outs)
    if any(t is not None for t in rhs):
        rhs = [instantiate(t, y) for t, y in zip(rhs, x, strict=True)]
        dots[:count] = bind_solve(consts, rhs, programs)[:count]
    return outs, dots


def _solve_transpose(cts, *operands, programs, count):
    if len(programs) == 2:
        raise TypeError(
            "custom_linear_solve: transpose_solve is required for reverse mode. Pass "
            "transpose_solve, or symmetric=True if the transpose is the same."
        )
    consts, b = split(operands, len(operands) - count)
    cts = [
        zeros_of(x.aval) if ct is None else ct
        for ct, x in zip(cts[:count], b, strict=True)
    ]
    transposed = programs[2:] + programs[:2]
    bars = bind_solve(consts, cts, transposed)[:count]
    return [None] * len(consts) + bars


def _solve_batch(size, operands, dims, *, programs, count):
    consts, b = split(operands, len(operands) - count)
    const_dims, b_dims = split(dims, len(consts))
    b = [move_batch(size, x, d, 0) for x, d in zip(b, b_dims, strict=True)]
    places = (*const_dims, *[0] * count)
    batched = [
        batch_jaxpr(program, size, places, (True,) * len(program.out_avals))[0]
        for program in programs
    ]
    outs = bind_solve(consts, b, batched)
    return outs, [0] * len(outs)


linear_solve_p = Program(
    "custom_linear_solve",
    abstract=lambda *avals, programs, count: tuple(programs[1].out_avals),
    jvp=_solve_jvp,
    transpose=_solve_transpose,
    batch=_solve_batch,
    lower=lambda hlo, out, *operands, programs, count: hlo.inline(
        programs[1], *operands
    ),
    multiple_results=True,
    effects=lambda params: params["programs"][1].effects,
)
