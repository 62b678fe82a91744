"""What XLA on CPU fuses: which operations it computes in the kernels of their readers.

Found by looking at which operations occur more often after optimisation than before, on
jaxlib 0.10.2. docs/design/fusion-cuts.md has the table in words.
"""

# What XLA computes again for each reader, and how many operations that is. Functions
# without an instruction of their own become dozens.
ELEMENTWISE = {
    **dict.fromkeys(
        "abs add and ceil clamp clz complex conj convert_element_type copy eq floor "
        "ge gt imag integer_pow is_finite le lt max min mul ne neg not or "
        "population_count real reduce_precision round select_n shift_left "
        "shift_right_arithmetic shift_right_logical sign square stop_gradient sub "
        "xor".split(),
        1.0,
    ),
    **dict.fromkeys(["sin", "cos"], 10.0),
    **dict.fromkeys(
        "acos acosh asin asinh atanh chebyshev cosh digamma erf_inv erfc lgamma "
        "nextafter polygamma polynomial sinh zeta".split(),
        30.0,
    ),
    "threefry2x32": 100.0,
}
MOVEMENT = {
    **dict.fromkeys(
        "broadcast_in_dim concatenate dynamic_slice pad rev slice split transpose"
        "".split(),
        0.5,
    ),
    "iota": 0.0,
    "reshape": 0.2,
}
PARTIAL = frozenset(["concatenate", "pad"])  # an operand is read for some results
# Reading these is no cheaper than making them from their operand, which may be stored.
NEVER_STORED = MOVEMENT.keys() - PARTIAL
# Fused into one reader, and stored if there are several.
ONCE = frozenset(
    "atan atan2 cbrt div erf exp exp2 expm1 log log1p logistic pow reciprocal rem "
    "rsqrt sqrt tan tanh".split()
)
REPEATED = {**ELEMENTWISE, **MOVEMENT}
FUSIBLE = REPEATED.keys() | ONCE
REDUCTIONS = frozenset(
    "argmax argmin reduce_and reduce_max reduce_min reduce_or reduce_prod reduce_sum "
    "reduce_xor".split()
)
