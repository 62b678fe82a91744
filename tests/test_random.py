"""Random numbers: literal bits, distributions, keys, and equality with jax.random."""

import importlib
import pickle
import warnings

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import dtypes, lax, random
from minijax.config import (
    config,
    enable_x64,
    legacy_prng_key,
    threefry_partitionable,
)
from minijax.random import ciphers

KEY = np.array([3, 77], np.uint32)
SEED_42 = {  # recorded from jax 0.10.2: by jax_threefry_partitionable, by call
    True: {
        "split(k)": [[1832780943, 270669613], [64467757, 2916123636]],
        "fold_in(k, 7)": [2547012911, 1371500959],
        "bits(k, (5,), 'uint32')": [
            *(2098992034, 2919706841, 2646866425, 2409546199, 1935504149),
        ],
        "bits(k, (5,), 'uint16')": [5026, 12505, 63993, 49623, 29461],
        "bits(k, (5,), 'uint8')": [162, 217, 249, 215, 21],
        "randint(k, (5,), -3, 1000)": [407, 669, 173, 288, 412],
        "permutation(k, 8)": [7, 4, 2, 5, 3, 6, 0, 1],
        "uniform(k, (3,))": [
            "0x1.f470480000000p-2",
            "0x1.5c0e600000000p-1",
            "0x1.3b87f00000000p-1",
        ],
        "poisson(k, lam)": [2, 24, 185],
        "categorical(k, zeros, shape=(6,))": [1, 4, 2, 0, 3, 4],
        "choice(k, 9, (4,), replace=False)": [7, 4, 2, 5],
        "bernoulli(k, 0.3, (8,))": [0, 0, 0, 0, 0, 0, 1, 0],
        "binomial(k, n, p)": [2, 66],
    },
    False: {
        "split(k)": [[2465931498, 3679230171], [255383827, 267815257]],
        "fold_in(k, 7)": [2547012911, 1371500959],
        "bits(k, (5,), 'uint32')": [
            *(3134548294, 3733159049, 843694964, 894150801, 801545058),
        ],
        "bits(k, (5,), 'uint16')": [8426, 37627, 63599, 6563, 55571],
        "bits(k, (5,), 'uint8')": [45, 179, 215, 3, 244],
        "randint(k, (5,), -3, 1000)": [547, 749, 451, 969, 629],
        "permutation(k, 8)": [6, 0, 3, 7, 2, 5, 4, 1],
        "uniform(k, (3,))": [
            "0x1.25f6400000000p-1",
            "0x1.9a3f800000000p-4",
            "0x1.e71b000000000p-5",
        ],
        "poisson(k, lam)": [2, 17, 195],
        "categorical(k, zeros, shape=(6,))": [1, 1, 1, 0, 2, 1],
        "choice(k, 9, (4,), replace=False)": [0, 4, 2, 6],
        "bernoulli(k, 0.3, (8,))": [0, 0, 1, 1, 0, 1, 1, 1],
        "binomial(k, n, p)": [3, 70],
    },
}
OPERANDS = {
    "lam": np.array([2, 20, 200], np.float32),
    "n": np.array([10, 100], np.float32),
    "p": np.array([0.3, 0.7], np.float32),
    "zeros": np.zeros(5, np.float32),
}
NAMES = {name: getattr(random, name) for name in random.__all__}


def labels(table):
    """Names for the rows of a table whose first entry names a sampler."""
    return [f"{k}-{row[0]}" for k, row in enumerate(table)]


# The generator


def test_cipher_matches_the_published_vectors():
    """The known answers of Threefry-2x32-20 that come with Random123."""
    ones = 0xFFFFFFFF
    pi = (0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3)
    vectors = [
        ((0, 0, 0, 0), (0x6B200159, 0x99BA4EFE)),
        ((ones, ones, ones, ones), (0x1CB996FC, 0xBB002BE7)),
        (pi, (0xC4923A9C, 0x483DF7A0)),
    ]
    for operands, expected in vectors:
        words = minijax.primitives.threefry2x32(*map(np.uint32, operands))

        assert tuple(map(int, words)) == expected


ZEROS, ONES = (0,) * 4, (0xFFFFFFFF,) * 4
# The digits of pi in hexadecimal, which the vectors of Random123 use.
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
MORE_PI = (0xA4093822, 0x299F31D0, 0x082EFA98, 0xEC4E6C89)
VECTORS = [
    (ciphers.philox2x32, ZEROS[:1], ZEROS[:2], "ff1dae59 6cd10df2"),
    (ciphers.philox2x32, ONES[:1], ONES[:2], "2c3f628b ab4fd7ad"),
    (ciphers.philox2x32, PI[2:3], PI[:2], "dd7ce038 f62a4c12"),
    (ciphers.philox4x32, ZEROS[:2], ZEROS, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (ciphers.philox4x32, ONES[:2], ONES, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (ciphers.philox4x32, MORE_PI[:2], PI, "d16cfe09 94fdcceb 5001e420 24126ea1"),
    (ciphers.threefry4x32, ZEROS, ZEROS, "9c6ca96a e17eae66 fc10ecd4 5256a7d8"),
    (ciphers.threefry4x32, ONES, ONES, "2a881696 57012287 f6c7446e a16a6732"),
    (ciphers.threefry4x32, MORE_PI, PI, "59cd1dbb b8879579 86b5d00c ac8b6d84"),
]


@pytest.mark.parametrize(("cipher", "key", "counter", "expected"), VECTORS)
def test_other_ciphers_match_the_published_vectors(cipher, key, counter, expected):
    """The known answers of Philox-10 and Threefry-4x32-20 that come with Random123."""
    words = minijax.jit(cipher)(
        *([jnp.uint32(x) for x in operands] for operands in (key, counter))
    )

    assert " ".join(f"{int(x):08x}" for x in words) == expected


@pytest.mark.parametrize("partitionable", [True, False])
@pytest.mark.parametrize("call", SEED_42[True])
def test_numbers_are_the_recorded_ones(call, partitionable):
    with threefry_partitionable(partitionable):
        got = eval(call, {**NAMES, **OPERANDS, "k": random.PRNGKey(42)})

    got = np.asarray(got).tolist()
    if isinstance(got[0], float) and call.startswith("uniform"):
        got = [x.hex() for x in got]
    assert got == SEED_42[partitionable][call]


@pytest.mark.parametrize(
    ("partitionable", "expected"),
    [(True, 7871734211187709741), (False, 13462782411356743825)],
)
def test_64_bit_words_are_the_recorded_ones(partitionable, expected):
    with enable_x64(True), threefry_partitionable(partitionable):
        got = random.bits(random.PRNGKey(42), (3,))

        assert got.dtype == np.uint64
        assert int(got[0]) == expected


def test_an_element_does_not_depend_on_the_size_of_its_array():
    """Element i is a function of the key and of i: what makes streams partitionable."""
    long = random.bits(KEY, (100,))

    assert np.array_equal(random.bits(KEY, (7,)), long[:7])
    assert np.array_equal(random.bits(KEY, (10, 10)), long.reshape(10, 10))


def test_cipher_batches_every_placement_of_its_operands():
    operands = [np.arange(4, dtype=np.uint32) + k for k in range(4)]
    cipher = minijax.primitives.threefry2x32
    for batched in [(0, None, None, None), (0, 0, None, None), (None, None, 0, 0)]:
        args = [
            x if axis == 0 else np.uint32(k)
            for k, (x, axis) in enumerate(zip(operands, batched, strict=True))
        ]
        got = minijax.vmap(cipher, in_axes=batched)(*args)
        rows = [cipher(*[x[i] if np.ndim(x) else x for x in args]) for i in range(4)]

        assert np.array_equal(got[0], [row[0] for row in rows])
        assert np.array_equal(got[1], [row[1] for row in rows])


def test_cipher_batches_a_key_against_an_array_of_counters():
    keys = np.arange(6, dtype=np.uint32).reshape(3, 2)
    counters = np.arange(5, dtype=np.uint32)

    def words(key):
        return minijax.primitives.threefry2x32(key[0], key[1], np.uint32(0), counters)

    got = minijax.vmap(words)(keys)

    assert np.array_equal(got[1], [words(key)[1] for key in keys])


def test_cipher_refuses_other_types():
    with pytest.raises(TypeError, match="operands must be uint32, got i32"):
        minijax.primitives.threefry2x32(*[np.int32(0)] * 4)
    x, y = np.zeros(2, np.uint32), np.zeros(3, np.uint32)
    with pytest.raises(TypeError, match="agree in shape or be scalars"):
        minijax.primitives.threefry2x32(x, x, y, y)


# Keys


@pytest.mark.parametrize("seed", [0, -1, 2**33 + 5, np.int8(-7), np.uint8(250), True])
def test_seeds_keep_their_low_bits(seed):
    expected = [0, int(seed) % 2**32]

    assert random.PRNGKey(seed).tolist() == expected
    assert random.key_data(random.key(seed)).tolist() == expected
    if not isinstance(seed, bool):
        traced = minijax.jit(random.PRNGKey)(jnp.asarray(np.asarray(seed).astype("i4")))
        assert traced.tolist() == expected


def test_seeds_of_64_bits_count_whole_when_enabled():
    with enable_x64(True):
        assert random.PRNGKey(2**33 + 5).tolist() == [2, 5]
        assert random.PRNGKey(np.int64(-7)).tolist() == [2**32 - 1, 2**32 - 7]
        assert random.PRNGKey(np.int32(-7)).tolist() == [0, 2**32 - 7]


def test_typed_and_plain_keys_give_the_same_numbers():
    typed, plain = random.key(5), random.PRNGKey(5)

    assert np.array_equal(random.normal(typed, (3,)), random.normal(plain, (3,)))
    assert np.array_equal(random.key_data(random.split(typed)), random.split(plain))
    assert typed.dtype == random.key_dtype()
    assert random.split(plain).dtype == np.uint32


def test_typed_keys_are_arrays():
    keys = random.split(random.key(0), 6)
    data = np.asarray(random.key_data(keys))

    def same(got, expected):
        return np.array_equal(random.key_data(got), expected)

    assert same(keys[1], data[1])
    assert same(keys[1:3], data[1:3])
    assert same(keys[::-1], data[::-1])
    assert same(keys[jnp.array([4, 0])], data[[4, 0]])
    assert same(keys.reshape(2, 3), data.reshape(2, 3, 2))
    assert same(keys.reshape(2, 3).T, data.reshape(2, 3, 2).swapaxes(0, 1))
    assert same(jnp.stack([keys[0], keys[2]]), data[[0, 2]])
    assert same(jnp.concatenate([keys, keys]), np.concatenate([data, data]))
    assert same(jnp.where(np.arange(6) < 3, keys, keys[0]), data[[0, 1, 2, 0, 0, 0]])
    assert same(keys.at[0].set(keys[5]), data[[5, 1, 2, 3, 4, 5]])
    assert same(lax.dynamic_index_in_dim(keys, 2, keepdims=False), data[2])
    assert [random.key_data(k).tolist() for k in keys] == data.tolist()
    assert keys.shape == (6,)
    assert (keys.ndim, keys.size, keys.dtype.itemsize) == (1, 6, 8)
    assert jnp.issubdtype(keys.dtype, dtypes.prng_key)


def test_typed_keys_compare_as_keys():
    keys = random.split(random.key(0), 3)

    assert (keys == keys[1]).tolist() == [False, True, False]
    assert (keys != keys[1]).tolist() == [True, False, True]


def test_typed_keys_go_through_transformations():
    keys = random.split(random.key(0), 3)
    expected = [random.uniform(k) for k in keys]

    def walk(key, _):
        key, use = random.split(key)
        return key, random.uniform(use)

    def steps(key):
        return [walk(key, None)[1], walk(walk(key, None)[0], None)[1]]

    assert minijax.jit(lambda k: k)(keys[0]).dtype == keys.dtype
    assert np.array_equal(minijax.vmap(random.uniform)(keys), expected)
    assert np.array_equal(minijax.vmap(random.uniform)(random.key_data(keys)), expected)
    scanned = lax.scan(walk, random.key(9), None, length=2)[1]
    assert np.array_equal(scanned, steps(random.key(9)))
    kept = lax.cond(True, lambda k: k, lambda k: random.split(k)[0], keys[0])
    assert np.array_equal(random.key_data(kept), random.key_data(keys[0]))
    assert minijax.eval_shape(random.key, 0).dtype == keys.dtype
    assert minijax.grad(lambda x: x * random.uniform(keys[0]))(1.0) == expected[0]
    assert minijax.vmap(lambda k: random.split(k, 2), out_axes=1)(keys).shape == (2, 3)


def test_typed_keys_have_no_arithmetic():
    key = random.key(0)
    for use in (lambda: key + 1, lambda: -key, lambda: jnp.sin(key), lambda: key < key):
        with pytest.raises(TypeError):
            use()
    with pytest.raises(TypeError, match="key_data"):
        np.asarray(key)


def test_key_types_pickle():
    dtype = random.key_dtype()

    assert pickle.loads(pickle.dumps(dtype)) == dtype
    assert repr(dtype) == "key<fry>"


def test_wrapping_and_unwrapping_are_inverse():
    data = np.arange(8, dtype=np.uint32).reshape(4, 2)
    keys = random.wrap_key_data(data)

    assert keys.shape == (4,)
    assert np.array_equal(random.key_data(keys), data)
    assert random.key_impl(keys) == random.key_impl(data) == "threefry2x32"
    assert np.array_equal(random.key_data(random.clone(keys)), data)
    moved = minijax.vmap(random.wrap_key_data, in_axes=2)(data.reshape(2, 2, 2))
    assert moved.shape == (2, 2)


def test_jaxpr_of_a_typed_key_names_its_type():
    text = str(minijax.make_jaxpr(random.key_data)(random.key(0)))

    assert text == "{ lambda ; a:key<fry>[]. let b:u32[2] = random_unwrap a in (b,) }"


def test_legacy_keys_can_be_forbidden():
    with legacy_prng_key("error"), pytest.raises(ValueError, match="plain uint32"):
        random.uniform(KEY)
    with legacy_prng_key("warn"), pytest.warns(UserWarning, match="plain uint32"):
        random.uniform(KEY)
    with legacy_prng_key("error"):
        random.uniform(random.key(0))


BAD_CALLS = [
    (lambda: random.uniform(1), TypeError, "a key must be an array, got int"),
    (lambda: random.uniform(0.5), TypeError, "a key must be an array, got float"),
    (lambda: random.uniform([0, 0]), TypeError, "a key must be an array, got list"),
    (lambda: random.uniform(np.zeros(2)), TypeError, "must be uint32"),
    (lambda: random.split(np.zeros(3, np.uint32)), TypeError, r"shape \(..., 2\)"),
    (
        lambda: random.split(np.zeros((3, 2), np.uint32)),
        ValueError,
        r"single key, got an array of keys of shape \(3, 2\). Use vmap",
    ),
    (
        lambda: random.normal(random.split(random.key(0))),
        ValueError,
        r"single key, got an array of keys of shape \(2,\)",
    ),
    (lambda: random.key(0.5), TypeError, "seed must be an integer, got float32"),
    (lambda: random.key(np.arange(2)), TypeError, r"a scalar, got shape \(2,\)"),
    (lambda: random.key(random.key(0)), TypeError, "an integer, got a key"),
    (lambda: random.key(2**65), OverflowError, "64-bit"),
    (lambda: random.key(0, impl="foo"), ValueError, "no generator named 'foo'"),
    (lambda: random.key(0, impl=3), TypeError, "named by a string"),
    (lambda: random.fold_in(KEY, -1), OverflowError, r"\[0, 2\*\*32\)"),
    (lambda: random.fold_in(KEY, np.arange(2)), TypeError, "must be a scalar"),
    (lambda: random.uniform(KEY, (2,), int), ValueError, "dtype must be a float dtype"),
    (lambda: random.bits(KEY, (2,), "int32"), ValueError, "an unsigned integer dtype"),
    (lambda: random.randint(KEY, (2,), 0, 9, "f4"), TypeError, "an integer dtype"),
    (lambda: random.randint(KEY, (2,), 0, None), TypeError, None),
    (lambda: random.uniform(KEY, (-2,)), ValueError, "must not be negative"),
    (lambda: random.uniform(KEY, (2.5,)), TypeError, "sequence of ints"),
    (lambda: random.uniform(KEY, None), TypeError, None),
    (
        lambda: random.gamma(KEY, np.ones(3), (2,)),
        ValueError,
        r"broadcast to the shape \(2,\) of the samples, got a: \(3,\)",
    ),
    (lambda: random.bernoulli(KEY, 1), TypeError, "p must be a float, got int32"),
    (lambda: random.bernoulli(KEY, mode="x"), ValueError, 'mode must be "high" or'),
    (lambda: random.gumbel(KEY, mode="x"), ValueError, 'mode must be "high" or'),
    (lambda: random.choice(KEY, 5, (7,), replace=False), ValueError, "7 elements"),
    (lambda: random.choice(KEY, 5, 3), TypeError, "sequence of integers"),
    (lambda: random.choice(KEY, 0, (2,)), ValueError, "at least one element"),
    (lambda: random.choice(KEY, [1, 2], (2,)), TypeError, "got list"),
    (lambda: random.choice(KEY, 5, (2,), p=np.ones(4)), ValueError, "5 elements"),
    (lambda: random.permutation(KEY, 3.5), TypeError, "an integer or an array"),
    (lambda: random.permutation(KEY, 5, axis=1), ValueError, "axis 1"),
    (
        lambda: random.categorical(KEY, np.zeros((2, 3), "f4"), shape=(5,)),
        ValueError,
        r"must end with the shape \(2,\)",
    ),
    (
        lambda: random.categorical(KEY, np.zeros(3, "f4"), shape=(4,), replace=False),
        ValueError,
        "at most 3 categories",
    ),
    (
        lambda: random.multivariate_normal(KEY, np.zeros(2), np.eye(2), method="x"),
        ValueError,
        'method must be "cholesky"',
    ),
    (
        lambda: random.normal(KEY, out_sharding=1),
        NotImplementedError,
        "out_sharding is not supported",
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "message"), BAD_CALLS, ids=range(len(BAD_CALLS))
)
def test_bad_calls_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Equality with jax: (sampler, arguments after the key, keyword arguments)

A = np.array([0.05, 0.3, 1.0, 2.5, 40.0, 2000.0], np.float32)
LOGITS = np.random.RandomState(0).randn(4, 5).astype(np.float32)
P5 = np.array([0.1, 0.2, 0.3, 0.4, 0.0], np.float32)
COV = np.array([[2.0, 0.5], [0.5, 1.0]], np.float32)

INTEGERS = [
    *[("split", (n,), {}) for n in (2, 0, 3, (2, 3), ())],
    *[("fold_in", (d,), {}) for d in (0, 2**32 - 1, np.int64(2**33 + 1), 0.5)],
    *[
        ("bits", (shape, dtype), {})
        for shape in ((), (1,), (7,), (2, 3), (0,))
        for dtype in ("uint8", "uint16", "uint32", None)
    ],
    *[
        ("randint", ((3, 4), *bounds, dtype), {})
        for bounds in (
            (0, 10),
            (5, 5),
            (-300, 300),
            (0, 10.5),
            (np.arange(3)[:, None], np.arange(4) * 100),
            (0, 2**31 - 1),
        )
        for dtype in ("int8", "uint16", None, "uint32")
    ],
    *[
        ("bernoulli", (p,), {"mode": mode})
        for p in (0.3, np.linspace(0, 1, 7, dtype="f4"), np.float16(0.2))
        for mode in ("low", "high")
    ],
    ("bernoulli", (), {}),
    *[("rademacher", ((5,), dtype), {}) for dtype in (None, "uint8", "float32")],
    *[
        ("categorical", (LOGITS, axis), {"mode": mode, "shape": shape})
        for axis, shape in ((0, None), (1, None), (-1, (3, 4)))
        for mode in (None, "high")
    ],
    ("categorical", (LOGITS,), {"shape": (2, 1, 4), "replace": False}),
    ("categorical", (LOGITS, 0), {"shape": (3, 5), "replace": False}),
    *[("permutation", (x,), {}) for x in (5, 0, 1, 1700, np.int8(4), np.arange(6.0))],
    *[
        ("permutation", (np.arange(24).reshape(2, 3, 4), axis, independent), {})
        for axis in (0, -1)
        for independent in (False, True)
    ],
    *[
        ("choice", (a, shape, replace, p), {})
        for a in (5, np.arange(20.0).reshape(5, 4))
        for shape in ((), (2, 2), (0,))
        for replace in (True, False)
        for p in (None, P5)
    ],
    ("choice", (np.arange(20).reshape(4, 5), (3,)), {"axis": 1}),
    ("poisson", (np.array([0, 0.1, 5, 9.9, 10, 30, 500], "f4"), (40, 7)), {}),
    ("poisson", (-1.0, (2,)), {}),
    ("geometric", (np.array([0.01, 0.3, 0.9, 1.0], "f4"), (20, 4)), {}),
    *[
        ("binomial", (np.float32(n), np.float32(p), (50,)), {})
        for n, p in ((10, 0.3), (100, 0.5), (1000, 0.2), (5, 0.9), (5, 0), (5, 1))
    ],
    ("binomial", (np.float32(5), np.float32(1.5)), {}),
    ("multinomial", (100.0, np.array([0.2, 0.3, 0.5], "f4")), {}),
]
PLAIN = ["normal", "exponential", "gumbel", "laplace", "logistic", "cauchy", "maxwell"]
REALS = [
    *[
        (name, (shape, dtype), {})
        for name in (*PLAIN, "uniform")
        for shape in ((), (3, 4))
        for dtype in ("float16", "bfloat16", None)
        if (name, dtype) != ("maxwell", "float16")
    ],
    ("uniform", ((3, 2), None, -2.0, 3.3), {}),
    ("uniform", ((2, 3), None, np.arange(3.0), 4), {}),
    ("uniform", ((5,), "float8_e5m2"), {}),
    ("normal", ((3,), "complex64"), {}),
    ("gumbel", ((50,),), {"mode": "high"}),
    ("gumbel", ((50,), "float16"), {"mode": "high"}),
    ("truncated_normal", (-1.0, 2.5, (50,)), {}),
    ("truncated_normal", (np.zeros(3), np.ones((2, 1))), {}),
    *[(name, (A, (4, 6)), {}) for name in ("gamma", "loggamma", "chisquare", "t")],
    ("gamma", (2,), {}),
    ("gamma", (0.0, (2,)), {}),
    ("beta", (A, A[::-1].copy()), {}),
    ("f", (A[1:], A[1:]), {}),
    ("dirichlet", (A, (4,)), {}),
    ("pareto", (A, (4, 6)), {}),
    ("rayleigh", (2.0, (5,)), {}),
    ("lognormal", (0.5, (5,)), {}),
    ("weibull_min", (2.0, 1.5, (5,)), {}),
    ("wald", (np.array([0.1, 1, 10], "f4"),), {}),
    ("triangular", (0.0, 0.3, 2.0, (20,)), {}),
    ("double_sided_maxwell", (1.0, 2.0, (5,)), {}),
    ("generalized_normal", (0.5, (20,)), {}),
    ("ball", (3, 1.5, (4,)), {}),
    ("orthogonal", (3, (2,)), {}),
    ("orthogonal", (2,), {"m": 4, "dtype": "complex64"}),
    *[
        ("multivariate_normal", (np.zeros(2, "f4"), COV, (3,)), {"method": method})
        for method in ("cholesky", "eigh", "svd")
    ],
    ("multivariate_normal", (np.zeros((4, 2)), np.eye(2)), {}),
]
TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2, "float32": 3e-5, "complex64": 1e-5}


@pytest.fixture(params=["partitionable", "original"])
def both_partitionable(request):
    """The option jax_threefry_partitionable, in both packages."""
    jax = pytest.importorskip("jax")
    value = request.param == "partitionable"
    with jax.threefry_partitionable(value), threefry_partitionable(value):
        yield


def _compare(case):
    name, args, kwargs = case
    jax_random = importlib.import_module("jax.random")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = getattr(jax_random, name)(KEY, *args, **kwargs)
    got = getattr(random, name)(KEY, *args, **kwargs)

    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    assert got.weak_type == expected.weak_type
    x, y = np.asarray(got), np.asarray(expected)
    if x.dtype.kind in "biu":
        assert np.array_equal(x, y)
        return
    wide = np.complex128 if x.dtype.kind == "c" else np.float64
    tolerance = TOLERANCE.get(x.dtype.name, 1e-6)
    np.testing.assert_allclose(x.astype(wide), y.astype(wide), tolerance, tolerance)


@pytest.mark.oracle
@pytest.mark.usefixtures("both_partitionable")
@pytest.mark.parametrize("case", INTEGERS, ids=labels(INTEGERS))
def test_integers_equal_those_of_jax(case):
    _compare(case)


@pytest.mark.oracle
@pytest.mark.usefixtures("both_partitionable")
@pytest.mark.parametrize("case", REALS, ids=labels(REALS))
def test_reals_equal_those_of_jax_to_rounding(case):
    _compare(case)


WIDE = [
    *[("bits", ((3, 2), dtype), {}) for dtype in ("uint64", "uint8", None)],
    ("randint", ((9,), -5, 2**40), {}),
    ("randint", ((9,), -5, 300, "int8"), {}),
    ("randint", ((9,), -5, 2**40, "uint64"), {}),
    *[(name, ((5,),), {}) for name in PLAIN],
    ("normal", ((3,), complex), {}),
    ("gamma", (A,), {}),
    ("permutation", (5,), {}),
    ("choice", (5, (3,)), {}),
    ("poisson", (20.0, (5,)), {}),
]


@pytest.mark.oracle
@pytest.mark.usefixtures("both_partitionable")
@pytest.mark.parametrize("case", WIDE, ids=labels(WIDE))
def test_64_bit_samples_equal_those_of_jax(case):
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True), enable_x64(True):
        _compare(case)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", [0, -1, 2**33 + 5, np.int8(-7), np.uint64(2**64 - 1)])
def test_keys_equal_those_of_jax(seed):
    jax = pytest.importorskip("jax")
    for wide in (False, True):
        with jax.enable_x64(wide), enable_x64(wide):
            expected = np.asarray(jax.random.PRNGKey(seed))
            assert np.array_equal(random.PRNGKey(seed), expected)
            assert np.array_equal(random.key_data(random.key(seed)), expected)
    assert config.jax_enable_x64 is False
