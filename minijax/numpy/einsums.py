"""Einstein summation: `einsum("ij,jk->ik", a, b)`.

Subscripts become lists of labels, one per axis; `...` becomes labels of its own,
counted from the last. Repeated labels of one operand are a diagonal. A path, found by
NumPy while tracing, says what to contract next, and each step is one `contract`:

    ij,jk,k->i      with path (1, 2), (0, 1)      is      ij,j->i after jk,k->j
"""

from typing import NamedTuple

import numpy as np

from .. import dtypes
from ..api import compiled
from ..primitives import dot_general
from .arguments import as_array, cast, refuse_out, refuse_out_sharding
from .contract import contract, summed, transposed
from .matrices import diagonal
from .promotion import promote

FEW = 4  # up to so many operands the best path is found by trying all


class Term(NamedTuple):
    """An operand with a label for each of its axes."""

    value: object
    labels: list


def einsum(
    subscripts,
    /,
    *operands,
    out=None,
    optimize="auto",
    precision=None,
    preferred_element_type=None,
    out_sharding=None,
    _dot_general=dot_general,
):
    """Sums of products of any number of operands, named axis by axis.

    Either a string and operands, or operands each followed by a list of integers. The
    labels after `->` are kept, all others summed over; without `->`, those that occur
    once are kept, in alphabetical order. `...` stands for the remaining axes, which
    broadcast. optimize: "auto", "optimal", "greedy", True, False or a path.
    _dot_general: a function that takes the place of `lax.dot_general`, as a quantized
    product; it is called with operands, dimension numbers and precision, and with
    preferred_element_type by name.

    >>> einsum("ij,jk->ik", np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    >>> einsum("ii", np.eye(3))
    Array(3., dtype=float32)
    """
    refuse_out("einsum", out)
    refuse_out_sharding("einsum", out_sharding)
    inputs, output, operands = _parse(subscripts, operands)
    arguments = (
        operands,
        tuple(map(tuple, inputs)),
        None if output is None else tuple(output),
        tuple(optimize) if isinstance(optimize, list) else optimize,
        precision,
        preferred_element_type,
    )
    if _dot_general is dot_general:
        return _einsum(*arguments)
    # Not as a program of its own: what the function closes over may be traced.
    return _contracted(*arguments, _dot_general)


@compiled(static_argnames=("inputs", "output", "optimize", "precision", "preferred"))
def _einsum(operands, inputs, output, optimize, precision, preferred):
    arguments = operands, inputs, output, optimize, precision, preferred
    return _contracted(*arguments)


def _contracted(operands, inputs, output, optimize, precision, preferred, product=None):
    values = promote("einsum", *operands)
    if preferred is not None:
        preferred = dtypes.canonicalize(dtypes.explicit(preferred, "einsum"))
    options = {"precision": precision, "preferred_element_type": preferred}
    if product is not None:
        dtype = values[0].dtype if preferred is None else preferred
        options |= {"preferred_element_type": dtype, "product": product}
    terms, output = _labelled(inputs, output, values)
    path = _path(terms, output, optimize)
    terms = [
        _simplified(term, _others(terms, k, output), preferred)
        for k, term in enumerate(terms)
    ]
    for group in path:
        terms = _contract_group(terms, group, output, options)
    (term,) = terms
    value = transposed(as_array(term.value), term.labels, output)
    return value if preferred is None else cast(value, preferred)


def einsum_path(subscripts, /, *operands, optimize="auto"):
    """The order in which `einsum` would contract, and a printable account of it.

    >>> einsum_path("ij,jk,k->i", np.ones((2, 2)), np.ones((2, 2)), np.ones(2))[0]
    [(1, 2), (0, 1)]

    The order may be passed on, as `einsum(..., optimize=path)`.
    """
    inputs, output, operands = _parse(subscripts, operands)
    values = [np.broadcast_to(0.0, np.shape(x)) for x in operands]
    terms, output = _labelled(inputs, output, values)
    path, account = np.einsum_path(
        *_interleaved(terms, output), optimize=_strategy(terms, optimize)
    )
    return path[1:], account  # NumPy's begins with the word "einsum_path"


# Reading subscripts


def _parse(subscripts, operands):
    """Labels of each operand, labels of the result or None, and the operands."""
    if isinstance(subscripts, str):
        inputs, output = _from_string(subscripts)
    elif not operands:
        raise TypeError("einsum: needs subscripts and operands, got one array.")
    else:
        inputs, output, operands = _from_lists((subscripts, *operands))
    if len(inputs) != len(operands):
        raise ValueError(
            f"einsum: the subscripts name {len(inputs)} operands, got {len(operands)}."
        )
    return inputs, output, operands


def _from_string(subscripts):
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = [_labels_of(part, subscripts) for part in left.split(",")]
    return inputs, _labels_of(right, subscripts) if arrow else None


def _labels_of(text, subscripts):
    parts = text.split("...")
    letters = "".join(parts)
    if len(parts) > 2 or not (
        letters.isprintable() and not set(letters) & {"-", ">", "."}
    ):
        raise ValueError(
            f"einsum: subscripts are letters, ',', '->' and at most one '...' per "
            f"operand, got {subscripts!r}."
        )
    labels = list(parts[0])
    return labels if len(parts) == 1 else [*labels, ..., *parts[1]]


def _from_lists(arguments):
    output = list(arguments[-1]) if len(arguments) % 2 else None
    paired = arguments[: len(arguments) // 2 * 2]
    return [list(labels) for labels in paired[1::2]], output, paired[::2]


def _labelled(inputs, output, values):
    """A term per operand, ellipses spelled out, and the labels of the result."""
    terms = []
    for k, (labels, x) in enumerate(zip(inputs, values, strict=True)):
        n = x.ndim - sum(label is not ... for label in labels)
        if n < 0 or (n and ... not in labels):
            raise ValueError(
                f"einsum: operand {k} has {len(labels)} labels but shape {x.shape}."
            )
        terms.append(Term(x, _spelled(labels, n)))
    _check_sizes(terms)
    n = max(sum(isinstance(x, tuple) for x in term.labels) for term in terms)
    if output is None:
        mentions = [
            x for term in terms for x in term.labels if not isinstance(x, tuple)
        ]
        once = sorted({x for x in mentions if mentions.count(x) == 1})
        return terms, _spelled([..., *once], n)
    output = _spelled(output, n)
    known = {x for term in terms for x in term.labels}
    if len(set(output)) != len(output) or not known.issuperset(output):
        raise ValueError(
            "einsum: every label of the result must occur in an operand, and once in "
            f"the result, got {output}."
        )
    return terms, output


def _spelled(labels, n) -> list:
    """Labels with `...` replaced by n labels that count from the last axis."""
    out = []
    for label in labels:
        out += [("...", k) for k in range(-n, 0)] if label is ... else [label]
    return out


def _check_sizes(terms):
    sizes: dict = {}
    for term in terms:
        for label, n in zip(term.labels, term.value.shape, strict=True):
            if n != 1 and sizes.setdefault(label, n) != n:
                name = label[0] if isinstance(label, tuple) else label
                raise ValueError(
                    f"einsum: axes with the label {name!r} must have one size, got "
                    f"{sizes[label]} and {n}."
                )


# Contracting


def _others(terms, k, output) -> set:
    """The labels that something else than term k needs."""
    needed = set(output)
    for j, term in enumerate(terms):
        if j != k:
            needed.update(term.labels)
    return needed


def _simplified(term, needed, dtype=None) -> Term:
    """A term without repeated labels, summed over labels that nothing else needs."""
    value, labels = term
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            value = diagonal(value, 0, first, second)
            rest = [x for k, x in enumerate(labels) if k not in (first, second)]
            labels = [*rest, label]
    if dtype is not None and not needed.issuperset(labels):
        value = cast(value, dtype)
    return Term(*summed(value, labels, needed))


def _path(terms, output, optimize) -> list[tuple[int, ...]]:
    """Which terms to contract at each step; a step's result becomes the last term."""
    n = len(terms)
    if n < 3 or optimize is False:
        return [(0, 1)] * (n - 1)
    if isinstance(optimize, list | tuple):
        return [tuple(step) for step in optimize if step != "einsum_path"]
    path, _ = np.einsum_path(
        *_interleaved(terms, output), optimize=_strategy(terms, optimize)
    )
    return path[1:]


def _strategy(terms, optimize):
    if optimize == "auto":
        return "optimal" if len(terms) <= FEW else "greedy"
    return optimize


def _interleaved(terms, output) -> list:
    """The operands' shapes and labels in the form that NumPy's path finder reads."""
    numbers: dict = {}
    arguments: list = []
    for term in terms:
        arguments.append(np.broadcast_to(0.0, term.value.shape))
        arguments.append([numbers.setdefault(x, len(numbers)) for x in term.labels])
    return [*arguments, [numbers[x] for x in output]]


def _contract_group(terms, group, output, options) -> list[Term]:
    chosen = [terms[k] for k in group]
    rest = [term for k, term in enumerate(terms) if k not in group]
    result = chosen[0]
    for k, term in enumerate(chosen[1:], start=2):
        needed = _others([*rest, *chosen[k:]], None, output)
        result = _contract_pair(result, term, needed, output, options)
    return [*rest, result]


def _contract_pair(left, right, needed, output, options) -> Term:
    labels = dict.fromkeys([*left.labels, *right.labels])
    kept = [x for x in labels if x in needed]
    if set(kept) == set(output):
        kept = output
    else:
        shared = [x for x in kept if x in left.labels and x in right.labels]
        kept = shared + [x for x in kept if x not in shared]
    product = contract(
        left.value, left.labels, right.value, right.labels, kept, **options
    )
    return Term(product, kept)
