"""Text of calls into LAPACK and cuSOLVER, and of what goes around them.

A part is a value, or the aval of a result, with the rank of one member of the batch: 2
for matrices, which these libraries store by columns, 1 for vectors, 0 for scalars.

    stablehlo.custom_call @lapack_spotrf_ffi(%0) {backend_config = {uplo = 76 : ui8}}
"""

from typing import Any, NamedTuple

import numpy as np

from .matrices import strong

_LETTERS = {"float32": "s", "float64": "d", "complex64": "c", "complex128": "z"}
_PREFIXES = {"or": "un", "sy": "he"}  # a routine's name for complex matrices


class Part(NamedTuple):
    """An operand or result of a call."""

    value: Any  # a Value, or the aval of a result
    rank: int

    @property
    def layout(self) -> str:
        """Axes from the fastest to the slowest: matrices by columns."""
        n = len(self.value.shape)
        order = list(range(n))[::-1]
        if self.rank == 2:
            order[:2] = n - 2, n - 1
        return f"dense<{order if n else ''}> : tensor<{n}xindex>"


def matrix(value) -> Part:
    """A stack of matrices."""
    return Part(value, 2)


def vector(value) -> Part:
    """A stack of vectors."""
    return Part(value, 1)


def scalar(value) -> Part:
    """One number for each member of the batch."""
    return Part(value, 0)


def info_of(lead) -> Part:
    """The error code that a routine returns for each matrix: zero is success."""
    return scalar(strong(lead, np.int32))


def letter(character: str) -> str:
    """A character as an attribute."""
    return f"{ord(character)} : ui8"


def flag(value: bool) -> str:
    """A boolean as an attribute."""
    return "true" if value else "false"


def custom_call(hlo, target, operands, results, attributes=None, overwrites=()):
    """Write a call; returns the results as values.

    `overwrites` pairs operands with the results that may use their memory.
    """
    attributes = ", ".join(f"{k} = {v}" for k, v in (attributes or {}).items())
    aliases = [
        f"#stablehlo.output_operand_alias<output_tuple_indices = "
        f"[{r if len(results) > 1 else ''}], operand_index = {o}, "
        "operand_tuple_indices = []>"
        for o, r in overwrites
    ]
    values = [p.value for p in operands]
    avals = tuple(p.value for p in results)
    text = (
        f"stablehlo.custom_call @{target}({hlo.names(values)}) {{"
        f"api_version = 4 : i32, backend_config = {{{attributes}}}, "
        f"operand_layouts = [{', '.join(p.layout for p in operands)}], "
        f"result_layouts = [{', '.join(p.layout for p in results)}], "
        f"output_operand_aliases = [{', '.join(aliases)}]}} : "
        f"{hlo.types(values, avals if len(avals) > 1 else avals[0])}"
    )
    names = hlo.emit_many(text, len(avals))
    return [hlo.value(name, aval) for name, aval in zip(names, avals, strict=True)]


def lapack(hlo, routine, dtype, operands, results, attributes=None, overwrites=()):
    """A call of a LAPACK routine, named without its letter: `getrf`, `orgqr`."""
    hlo.require("lapack")
    kind = np.dtype(dtype)
    if kind.kind == "c":
        routine = _PREFIXES.get(routine[:2], routine[:2]) + routine[2:]
    target = f"lapack_{_LETTERS[kind.name]}{routine}_ffi"
    return custom_call(hlo, target, operands, results, attributes, overwrites)


def unavailable(hlo, name):
    """The error for a decomposition that a platform's libraries do not offer here."""
    return NotImplementedError(
        f"{name}: not available on platform {hlo.platform!r}. Move the operand to the "
        'CPU with device_put(x, devices("cpu")[0]).'
    )


def hermitian_decomposition(hlo, name, x, lower):
    """Write eigenvectors and eigenvalues of Hermitian matrices, as values."""
    v_type = x.aval
    w_type = strong(x.shape[:-1], np.zeros((), x.dtype).real.dtype)
    operands = [matrix(x)]
    results = [matrix(v_type), vector(w_type), info_of(x.shape[:-2])]
    if hlo.platform == "cpu":
        attributes = {"mode": letter("V"), "uplo": letter("L" if lower else "U")}
        v, w, info = lapack(
            hlo, "syevd", x.dtype, operands, results, attributes, [(0, 0)]
        )
    elif hlo.platform == "cuda":
        attributes = {"lower": flag(lower), "algorithm": "0 : ui8"}
        v, w, info = custom_call(
            hlo, "cusolver_syevd_ffi", operands, results, attributes, [(0, 0)]
        )
    else:
        raise unavailable(hlo, name)
    return [hlo.value(poisoned(hlo, y, info), y.aval) for y in (v, w)]


# Small steps around calls


def poisoned(hlo, x, info) -> str:
    """The name of x with NaN in the members of the batch whose call failed."""
    ok = info.aval.update(dtype=np.dtype(bool))
    zero = hlo.constant(np.int32(0), info.shape)
    types = hlo.types([info, info], ok)
    success = hlo.emit(f"stablehlo.compare EQ, {info}, {zero} : {types}")
    mask = x.aval.update(dtype=np.dtype(bool))
    if ok is not mask:
        success = hlo.emit(
            f"stablehlo.broadcast_in_dim {success}, dims = {list(range(ok.ndim))} : "
            f"({ok.mlir}) -> {mask.mlir}"
        )
    nan = hlo.constant(np.array(np.nan, x.dtype), x.shape)
    return hlo.emit(f"stablehlo.select {success}, {x}, {nan} : {mask.mlir}, {x.mlir}")


def sliced(hlo, x, shape):
    """The leading part of x that has a smaller shape."""
    if tuple(shape) == x.shape:
        return x
    out = x.aval.update(shape=tuple(shape))
    ranges = ", ".join(f"0:{n}" for n in shape)
    return hlo.value(
        hlo.emit(f"stablehlo.slice {x} [{ranges}] : ({x.mlir}) -> {out.mlir}"), out
    )


def padded(hlo, x, shape):
    """A larger array with x in its leading part, and zeros."""
    if tuple(shape) == x.shape:
        return x
    out = x.aval.update(shape=tuple(shape))
    zero = hlo.constant(np.zeros((), x.dtype))
    scalar_type = x.aval.update(shape=()).mlir
    high = [b - a for a, b in zip(x.shape, shape, strict=True)]
    none = [0] * len(high)
    text = (
        f"stablehlo.pad {x}, {zero}, low = {none}, high = {high}, interior = {none} : "
        f"({x.mlir}, {scalar_type}) -> {out.mlir}"
    )
    return hlo.value(hlo.emit(text), out)


def iota(hlo, shape, axis):
    """Positions along an axis, as i32."""
    aval = strong(shape, np.int32)
    name = hlo.emit(f"stablehlo.iota dim = {axis} : {aval.mlir}")
    return hlo.value(name, aval)


def compared(hlo, direction, a, b):
    """A comparison of arrays of one shape, as booleans."""
    out = a.aval.update(dtype=np.dtype(bool))
    text = (
        f"stablehlo.compare {direction}, {a}, {b} : ({a.mlir}, {b.mlir}) -> {out.mlir}"
    )
    return hlo.value(hlo.emit(text), out)


def selected(hlo, mask, a, b):
    """Elements of a where the mask holds and of b elsewhere."""
    text = f"stablehlo.select {mask}, {a}, {b} : {mask.mlir}, {a.mlir}"
    return hlo.value(hlo.emit(text), a.aval)


def upper_triangle(hlo, x):
    """The matrices with zeros below the main diagonal."""
    row, column = iota(hlo, x.shape, x.ndim - 2), iota(hlo, x.shape, x.ndim - 1)
    zero = hlo.value(hlo.constant(np.zeros((), x.dtype), x.shape), x.aval)
    return selected(hlo, compared(hlo, "LE", row, column), x, zero)


def arithmetic(hlo, operation, a, b):
    """An elementwise operation on operands of one type."""
    text = f"stablehlo.{operation} {a}, {b} : {a.mlir}"
    return hlo.value(hlo.emit(text), a.aval)
