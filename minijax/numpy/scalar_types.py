"""`jnp.float32` and its like: names of dtypes that also make scalars.

jnp.zeros(3, jnp.bfloat16)      jnp.float32(1.5)      x.dtype == jnp.int32
"""

import numpy as np

from .. import dtypes
from .creation import asarray


class ScalarType(type):
    """The class of a dtype's name; calling it converts to an array of that dtype."""

    dtype: np.dtype

    def __call__(cls, x=0):
        return asarray(x, dtype=cls.dtype)

    def __eq__(cls, other):
        if isinstance(other, ScalarType):
            return cls.dtype == other.dtype
        try:
            return cls.dtype == np.dtype(other)
        except TypeError:
            return NotImplemented

    def __hash__(cls):
        return hash(cls.dtype.type)

    def __repr__(cls):
        return f"<minijax.numpy.{cls.__name__}>"

    def __instancecheck__(cls, x):
        return isinstance(x, cls.dtype.type)


def _scalar_type(name: str) -> ScalarType:
    dtype = dtypes.as_dtype(name)
    body = {"dtype": dtype, "__doc__": f"The dtype {name}; call it to convert."}
    return ScalarType(name, (), body)


bool_ = _scalar_type("bool")
int1, int2, int4 = map(_scalar_type, ("int1", "int2", "int4"))
int8, int16 = map(_scalar_type, ("int8", "int16"))
int32, int64 = map(_scalar_type, ("int32", "int64"))
uint1, uint2, uint4 = map(_scalar_type, ("uint1", "uint2", "uint4"))
uint8, uint16 = map(_scalar_type, ("uint8", "uint16"))
uint32, uint64 = map(_scalar_type, ("uint32", "uint64"))
bfloat16, float16 = map(_scalar_type, ("bfloat16", "float16"))
float32, float64 = map(_scalar_type, ("float32", "float64"))
complex64, complex128 = map(_scalar_type, ("complex64", "complex128"))
float4_e2m1fn = _scalar_type("float4_e2m1fn")
float6_e2m3fn, float6_e3m2fn = map(_scalar_type, ("float6_e2m3fn", "float6_e3m2fn"))
float8_e3m4, float8_e4m3 = map(_scalar_type, ("float8_e3m4", "float8_e4m3"))
float8_e4m3fn, float8_e5m2 = map(_scalar_type, ("float8_e4m3fn", "float8_e5m2"))
float8_e4m3fnuz = _scalar_type("float8_e4m3fnuz")
float8_e5m2fnuz = _scalar_type("float8_e5m2fnuz")
float8_e4m3b11fnuz = _scalar_type("float8_e4m3b11fnuz")
float8_e8m0fnu = _scalar_type("float8_e8m0fnu")

single, double = float32, float64
csingle, cdouble = complex64, complex128
float_, int_, uint, complex_ = float64, int64, uint64, complex128

# Abstract kinds, for issubdtype.
generic, number = np.generic, np.number
integer, signedinteger = np.integer, np.signedinteger
unsignedinteger, inexact = np.unsignedinteger, np.inexact
floating, complexfloating = np.floating, np.complexfloating
flexible, character, object_ = np.flexible, np.character, np.object_
dtype = np.dtype
ComplexWarning = np.exceptions.ComplexWarning
