"""Random numbers: the Threefry-2x32 block cipher, and arrays of typed keys.

    a:u32[4] b:u32[4] = threefry2x32 k0:u32[] k1:u32[] hi:u32[4] lo:u32[4]
    k:key<fry>[3]     = random_wrap[key_type=key<fry>] data:u32[3,2]

Threefry is counter based: the random words of a stream are the encryption of a counter
under a key, so any of them is computed directly, in any order and on any device.
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy
as 1, 2, 3", SC 2011.

A typed key array of shape S is an array of `uint32` of shape S + key_shape whose type
says that it is a key: `random_wrap` and `random_unwrap` change the type and no data.
"""

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.primitive import Primitive
from ..core.rules import zero_tangent
from .shape import broadcast_in_dim, move_batch

# The rotations of the eight distinct rounds, and the parity word of the key schedule.
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA

# Few words are mostly keys, and are used by several programs of 70 operations each. XLA
# on CPU would fuse, that is repeat, their computation into every element of each: 9.7 s
# of compilation for 8 splits in a row, 1.5 s without. Nothing is fused through a loop,
# so up to this size the cipher is written as one, of five steps. Above it, straight
# code runs in one pass over memory instead of five.
SMALL = 4096


def threefry2x32(k0, k1, x0, x1):
    """Encrypt the counter words x0, x1 under the key words k0, k1: two `uint32` arrays.

    Elementwise; operands have one shape, or are scalars that are shared.
    """
    return tuple(threefry2x32_p.bind(k0, k1, x0, x1))


def _threefry2x32_abstract(*operands):
    types = " and ".join(map(str, operands))
    if any(x.dtype != dtypes.uint32 for x in operands):
        raise TypeError(f"threefry2x32: operands must be uint32, got {types}.")
    shapes = {x.shape for x in operands if x.ndim} or {()}
    if len(shapes) != 1:
        raise TypeError(
            "threefry2x32: operands must agree in shape or be scalars, "
            f"got {types}. Broadcast them first."
        )
    out = ShapedArray(shapes.pop(), dtypes.uint32)
    return out, out


def _threefry2x32_batch(size, operands, dims):
    moved = [
        x if d is None and not x.ndim else move_batch(size, x, d, 0)
        for x, d in zip(operands, dims, strict=True)
    ]
    shape = max((x.shape for x in moved), key=len)
    # A batch of scalars, one for each element of an array: spread along the array.
    spread = [
        broadcast_in_dim(x, shape, (0,)) if 0 < x.ndim < len(shape) else x
        for x in moved
    ]
    return threefry2x32(*spread), [0, 0]


def _threefry2x32_lower(hlo, out, k0, k1, x0, x1):
    whole = out[0]
    # The key schedule is computed on scalars if the key is one.
    key = whole if k0.aval.ndim or k1.aval.ndim else k0.aval
    k0, k1 = (hlo.spread(x, key.shape) for x in (k0, k1))
    parity = _number(hlo, PARITY, key)
    k2 = _op(hlo, "xor", key, _op(hlo, "xor", key, k0, k1), parity)
    schedule = [hlo.value(x, key) for x in (k0, k1, k2)]
    x0, x1 = (hlo.spread(x, whole.shape) for x in (x0, x1))
    x0 = _op(hlo, "add", whole, x0, hlo.spread(schedule[0], whole.shape))
    x1 = _op(hlo, "add", whole, x1, hlo.spread(schedule[1], whole.shape))
    write = _looped if whole.size <= SMALL else _unrolled
    return write(hlo, whole, x0, x1, schedule)


def _number(hlo, n, aval):
    return hlo.constant(np.uint32(n), aval.shape)


def _op(hlo, name, aval, x, y):
    return hlo.emit(f"stablehlo.{name} {x}, {y} : {aval.mlir}")


def _rounds(hlo, whole, x0, x1, rotations):
    """Four rounds; the rotations to the left are given with those to the right."""
    for left, right in rotations:
        x0 = _op(hlo, "add", whole, x0, x1)
        high = _op(hlo, "shift_left", whole, x1, left)
        low = _op(hlo, "shift_right_logical", whole, x1, right)
        x1 = _op(hlo, "xor", whole, _op(hlo, "or", whole, high, low), x0)
    return x0, x1


def _add_key(hlo, whole, x0, x1, a, b, group):
    """Add two words of the key schedule, and the number of the group to the second."""
    x0 = _op(hlo, "add", whole, x0, hlo.spread(a, whole.shape))
    x1 = _op(hlo, "add", whole, x1, hlo.spread(b, whole.shape))
    return x0, _op(hlo, "add", whole, x1, group)


def _unrolled(hlo, whole, x0, x1, schedule):
    for group in range(5):
        pairs = [
            (_number(hlo, n, whole), _number(hlo, 32 - n, whole))
            for n in ROTATIONS[group % 2]
        ]
        x0, x1 = _rounds(hlo, whole, x0, x1, pairs)
        a, b = schedule[(group + 1) % 3], schedule[(group + 2) % 3]
        x0, x1 = _add_key(hlo, whole, x0, x1, a, b, _number(hlo, group + 1, whole))
    return [x0, x1]


def _looped(hlo, whole, x0, x1, schedule):
    count = ShapedArray((), np.uint32)
    table = ShapedArray((4,), np.uint32)
    k0, k1, k2 = schedule

    def unfinished(hlo, group, *_):
        end = _number(hlo, 5, count)
        test = (
            f"stablehlo.compare LT, {group}, {end} : {hlo.types([group, group], _BIT)}"
        )
        return [hlo.value(hlo.emit(test), _BIT)]

    def step(hlo, group, x0, x1, a, b, c, these, those):
        width = _number(hlo, 32, whole)
        pairs = []
        for k in range(4):
            left = hlo.spread(_element(hlo, these, k), whole.shape)
            pairs.append((left, _op(hlo, "subtract", whole, width, left)))
        x0, x1 = _rounds(hlo, whole, str(x0), str(x1), pairs)
        group = _op(hlo, "add", count, group, _number(hlo, 1, count))
        group = hlo.value(group, count)
        x0, x1 = _add_key(hlo, whole, x0, x1, a, b, hlo.spread(group, whole.shape))
        x0, x1 = hlo.value(x0, whole), hlo.value(x1, whole)
        return [group, x0, x1, b, c, a, those, these]

    rotations = (hlo.constant(np.array(x, np.uint32)) for x in ROTATIONS)
    carry = [
        hlo.value(_number(hlo, 0, count), count),
        hlo.value(x0, whole),
        hlo.value(x1, whole),
        *(k1, k2, k0),
        *(hlo.value(x, table) for x in rotations),
    ]
    avals = [x.aval for x in carry]
    regions = f"{hlo.region(avals, unfinished)}, {hlo.region(avals, step)}"
    results = hlo.emit_many(
        f'"stablehlo.while"({hlo.names(carry)}) ({regions}) : '
        f"{hlo.types(carry, avals)}",
        len(carry),
    )
    return results[1:3]


_BIT = ShapedArray((), np.bool_)


def _element(hlo, x, k):
    """The scalar x[k] of a vector."""
    one = ShapedArray((1,), np.uint32)
    cut = f"stablehlo.slice {x} [{k}:{k + 1}] : {hlo.types([x], one)}"
    x = hlo.value(hlo.emit(cut), one)
    scalar = ShapedArray((), np.uint32)
    text = f"stablehlo.reshape {x} : {hlo.types([x], scalar)}"
    return hlo.value(hlo.emit(text), scalar)


threefry2x32_p = Primitive(
    "threefry2x32",
    abstract=_threefry2x32_abstract,
    jvp=zero_tangent,
    batch=_threefry2x32_batch,
    lower=_threefry2x32_lower,
    multiple_results=True,
)


class KeyType(dtypes.ExtendedDType):
    """The dtype of arrays of typed keys of one generator.

    >>> KeyType("threefry2x32", "fry", (2,))
    key<fry>
    """

    type = dtypes.prng_key
    physical = dtypes.uint32

    impl: str
    """The generator's name, such as `threefry2x32`."""

    def __init__(self, impl: str, tag: str, key_shape: tuple[int, ...]):
        self.impl = impl
        self.tag = tag
        self.name = f"key<{tag}>"
        self.key_shape = key_shape

    def wrap(self, data):
        """Keys of this type from their data."""
        return random_wrap(data, self)

    def unwrap(self, keys):
        """The data of keys of this type."""
        return random_unwrap(keys)

    def __reduce__(self):
        return KeyType, (self.impl, self.tag, self.key_shape)


def random_wrap(data, key_type):
    """Typed keys of shape S from their data, `uint32` of shape S + key_shape."""
    return random_wrap_p.bind(data, key_type=key_type)


def _random_wrap_abstract(data, *, key_type):
    width = len(key_type.key_shape)
    if (
        data.dtype != dtypes.uint32
        or data.shape[data.ndim - width :] != key_type.key_shape
    ):
        shape = ",".join(map(str, key_type.key_shape))
        raise TypeError(
            f"random_wrap: data of {key_type} must be u32[...,{shape}], got {data}."
        )
    return ShapedArray(data.shape[: data.ndim - width], key_type)


def _random_wrap_batch(size, operands, dims, *, key_type):
    return random_wrap(move_batch(size, operands[0], dims[0], 0), key_type), 0


random_wrap_p = Primitive(
    "random_wrap",
    abstract=_random_wrap_abstract,
    jvp=zero_tangent,
    batch=_random_wrap_batch,
    lower=lambda hlo, out, data, *, key_type: str(data),
)


def random_unwrap(keys):
    """The data of typed keys of shape S: `uint32` of shape S + key_shape."""
    return random_unwrap_p.bind(keys)


def _random_unwrap_abstract(keys):
    if not isinstance(keys.dtype, KeyType):
        raise TypeError(f"random_unwrap: the operand must be typed keys, got {keys}.")
    return ShapedArray((*keys.shape, *keys.dtype.key_shape), dtypes.uint32)


def _random_unwrap_batch(size, operands, dims):
    return random_unwrap(move_batch(size, operands[0], dims[0], 0)), 0


random_unwrap_p = Primitive(
    "random_unwrap",
    abstract=_random_unwrap_abstract,
    jvp=zero_tangent,
    batch=_random_unwrap_batch,
    lower=lambda hlo, out, keys: str(keys),
)
