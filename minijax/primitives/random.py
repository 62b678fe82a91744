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

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.primitive import Primitive
from ..core.rules import zero_tangent
from .shape import broadcast_in_dim, move_batch

# The rotations of the eight distinct rounds, and the parity word of the key schedule.
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA

# Few words are mostly keys, and are used by several programs of 70 operations each. XLA
# on CPU would fuse, that is repeat, their computation into every element of each: for
# 8 splits in a row, 9.7 s of compilation instead of 1.5 s. So they get a barrier.
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
    whole = out[0].mlir
    written = {}

    def constant(value):
        if value not in written:
            text = f"stablehlo.constant dense<{value}> : {whole}"
            written[value] = hlo.emit(text)
        return written[value]

    def apply(name, a, b):
        return hlo.emit(f"stablehlo.{name} {a}, {b} : {whole}")

    def filled(x):
        if x.aval.mlir == whole:
            return str(x)
        return hlo.emit(
            f"stablehlo.broadcast_in_dim {x}, dims = [] : ({x.aval.mlir}) -> {whole}"
        )

    k0, k1, x0, x1 = map(filled, (k0, k1, x0, x1))
    schedule = k0, k1, apply("xor", apply("xor", k0, k1), constant(PARITY))
    x0, x1 = apply("add", x0, k0), apply("add", x1, k1)
    # Unrolled: it compiles faster than a loop of five steps, and runs in one pass.
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x0 = apply("add", x0, x1)
            left = apply("shift_left", x1, constant(rotation))
            right = apply("shift_right_logical", x1, constant(32 - rotation))
            x1 = apply("xor", apply("or", left, right), x0)
        x0 = apply("add", x0, schedule[(group + 1) % 3])
        x1 = apply("add", x1, schedule[(group + 2) % 3])
        x1 = apply("add", x1, constant(group + 1))
    if out[0].size > SMALL:
        return [x0, x1]
    words = f"stablehlo.optimization_barrier {x0}, {x1} : {whole}, {whole}"
    return hlo.emit_many(words, 2)


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
