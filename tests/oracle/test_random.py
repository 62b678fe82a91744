"""Keys of all generators and all samplers, compared with jax's: bits are equal."""

import importlib
import warnings

import numpy as np
import pytest

from .compare import excess, kind

pytestmark = pytest.mark.oracle

GENERATORS = (
    "threefry2x32",
    "threefry4x32",
    "philox2x32",
    "philox4x32",
    "rbg",
    "unsafe_rbg",
)
A = np.array([0.3, 1.0, 2.5, 40.0], np.float32)
P = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
LOGITS = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)
COV = np.array([[2.0, 0.5], [0.5, 1.0]], np.float32)


def in_both(program, *, x64=False, partitionable=True, impl=None):
    """What a program of a package gives in jax and in minijax; both or none raise."""
    results = []
    for name in ("jax", "minijax"):
        package = importlib.import_module(name)
        with (
            package.enable_x64(x64),
            package.threefry_partitionable(partitionable),
            package.default_prng_impl(impl or "threefry2x32"),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            out = program(package, package.random)
            leaves = package.tree.leaves(out)
            results.append([plain(package, leaf) for leaf in leaves])
    return results


def plain(package, leaf):
    """A leaf of a result; keys as the name of their type and their data."""
    if str(getattr(leaf, "dtype", "")).startswith("key<"):
        return str(leaf.dtype), leaf.shape, np.asarray(package.random.key_data(leaf))
    return leaf


def assert_equal(expected, got):
    """Types are equal, integers and keys too, and floats to rounding."""
    assert len(got) == len(expected)
    for a, b in zip(expected, got, strict=True):
        if isinstance(a, tuple):
            assert b[:2] == a[:2]
            np.testing.assert_array_equal(b[2], a[2])
        elif hasattr(a, "dtype"):
            assert kind(b) == kind(a)
            gap = excess(a, b)
            assert not np.any(gap), f"{np.asarray(a)}\n{np.asarray(b)}"
        else:
            assert b == a


# Keys

KEYS = {
    "seeds": lambda p, r: [r.key(s) for s in (0, 1, -1, 2**33 + 5, np.uint8(7))],
    "plain seeds": lambda p, r: [r.PRNGKey(s) for s in (0, 42, -3, np.int16(-7))],
    "traced seeds": lambda p, r: p.jit(lambda s: (r.key(s), r.PRNGKey(s)))(5),
    "seeds of vmap": lambda p, r: p.vmap(r.key)(np.arange(3)),
    "split": lambda p, r: [r.split(r.key(1), n) for n in (2, 3, (2, 3), (), 0)],
    "split plain": lambda p, r: [r.split(r.PRNGKey(1), n) for n in (2, (2, 1))],
    "fold_in": lambda p, r: [r.fold_in(r.key(1), d) for d in (0, 7, 2**32 - 1)],
    "fold_in plain": lambda p, r: r.fold_in(r.PRNGKey(1), np.uint32(9)),
    "data": lambda p, r: r.key_data(r.split(r.key(3), (2, 2))),
    "data of plain": lambda p, r: r.key_data(r.PRNGKey(3)),
    "wrap": lambda p, r: r.wrap_key_data(r.key_data(r.split(r.key(3), 4))),
    "impl": lambda p, r: [r.key_impl(r.key(0)), r.key_impl(r.PRNGKey(0))],
    "clone": lambda p, r: [r.clone(r.key(5)), r.clone(r.PRNGKey(5))],
    "dtype": lambda p, r: [str(r.key(0).dtype), str(r.key_dtype())],
    "equality": lambda p, r: r.split(r.key(0), 3) == r.split(r.key(0), 3)[1],
    "indexing": lambda p, r: [r.split(r.key(0), 4)[k] for k in (2, -1)],
    "slicing": lambda p, r: r.split(r.key(0), 5)[1::2].reshape(2, 1),
    "stacking": lambda p, r: p.numpy.stack([r.key(0), r.key(1)]),
    "where": lambda p, r: p.numpy.where(np.arange(2) > 0, r.key(0), r.key(1)),
    "vmap of split": lambda p, r: p.vmap(r.split)(r.split(r.key(0), 3)),
    "vmap of fold_in": lambda p, r: p.vmap(lambda k: r.fold_in(k, 2))(
        r.split(r.key(0), 3)
    ),
    "vmap of numbers folded in": lambda p, r: p.vmap(lambda d: r.fold_in(r.key(0), d))(
        np.arange(3)
    ),
    "vmap of bits": lambda p, r: p.vmap(lambda k: r.bits(k, (2,)))(
        r.split(r.key(0), 3)
    ),
    "vmap of vmap of bits": lambda p, r: p.vmap(p.vmap(r.bits))(
        r.split(r.key(0), (2, 3))
    ),
    "scan": lambda p, r: p.lax.scan(
        lambda k, _: (r.split(k)[0], r.bits(k, (2,))), r.key(0), None, length=3
    ),
    "cond": lambda p, r: p.lax.cond(
        True, lambda k: r.split(k)[1], lambda k: k, r.key(0)
    ),
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("impl", GENERATORS)
def test_keys(impl, name):
    """Keys made, split, folded and batched are jax's, for the default generator."""
    assert_equal(*in_both(KEYS[name], impl=impl))


@pytest.mark.parametrize("name", ["split", "fold_in", "vmap of split", "vmap of bits"])
@pytest.mark.parametrize("impl", ["threefry2x32", "rbg", "unsafe_rbg", "philox4x32"])
def test_keys_in_the_old_order(impl, name):
    """The same without jax_threefry_partitionable."""
    assert_equal(*in_both(KEYS[name], impl=impl, partitionable=False))


@pytest.mark.parametrize("impl", GENERATORS)
def test_wide_seeds(impl):
    """With 64-bit types a seed of 64 bits counts whole."""
    assert_equal(*in_both(KEYS["seeds"], impl=impl, x64=True))


def refused(package, program):
    with pytest.raises(Exception) as info:
        program(package, package.random)
    return info.type


REFUSED = {
    "data of another generator": lambda p, r: r.wrap_key_data(
        np.zeros(2, np.uint32), impl="rbg"
    ),
    "plain data of another size": lambda p, r: r.uniform(np.zeros(4, np.uint32)),
    "no such generator": lambda p, r: r.key(0, impl="philox"),
    "keys of two generators": lambda p, r: (
        r.key(0, impl="rbg") == r.key(0, impl="threefry2x32")
    ),
    "several keys": lambda p, r: r.bits(r.split(r.key(0, impl="rbg"))),
    "both names": lambda p, r: r.key(0, impl="rbg", dtype=r.key_dtype("rbg")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    """What jax refuses is refused, with its class of error."""
    jax, minijax = map(importlib.import_module, ("jax", "minijax"))

    assert issubclass(refused(minijax, REFUSED[name]), refused(jax, REFUSED[name]))


# Bits


@pytest.mark.parametrize("impl", GENERATORS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
@pytest.mark.parametrize("partitionable", [True, False])
def test_bits(impl, dtype, partitionable):
    """Bits of all widths and shapes are jax's."""

    def program(package, random):
        key = random.key(42, impl=impl)
        return [random.bits(key, shape, dtype) for shape in ((), (5,), (2, 3), (0,))]

    assert_equal(*in_both(program, x64=dtype == "uint64", partitionable=partitionable))


@pytest.mark.parametrize("impl", GENERATORS)
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "uint64"])
def test_integers(impl, dtype):
    """Integers in ranges narrow, wide, empty and given by arrays are jax's."""

    def program(package, random):
        key = random.key(3, impl=impl)
        bounds = [(0, 10), (5, 5), (-3, 120), (np.arange(3)[:, None], 50)]
        return [random.randint(key, (3, 2), *pair, dtype=dtype) for pair in bounds]

    assert_equal(*in_both(program, x64="64" in dtype))


# Samplers: arguments after the key

PLAIN = "cauchy exponential gumbel laplace logistic maxwell normal uniform".split()
SAMPLERS = {
    **dict.fromkeys((*PLAIN, "rademacher"), ((3, 2),)),
    "ball": (3, 2.0, (2,)),
    "bernoulli": (P,),
    "beta": (A, A[::-1].copy()),
    "binomial": (np.array([5, 200], np.float32), np.array([0.3, 0.6], np.float32)),
    "categorical": (LOGITS,),
    "chisquare": (A,),
    "choice": (10, (4,)),
    "dirichlet": (A,),
    "double_sided_maxwell": (0.0, 1.5, (4,)),
    "f": (A, A[::-1].copy()),
    "gamma": (A,),
    "generalized_normal": (3.0, (4,)),
    "geometric": (P,),
    "loggamma": (A,),
    "lognormal": (0.5, (4,)),
    "multinomial": (10.0, P),
    "multivariate_normal": (np.zeros(2, np.float32), COV),
    "orthogonal": (3,),
    "pareto": (A,),
    "permutation": (20,),
    "rayleigh": (A,),
    "t": (A,),
    "triangular": (0.0, 0.3, 2.0, (4,)),
    "truncated_normal": (-1.0, A),
    "wald": (A,),
    "weibull_min": (1.0, 2.0, (4,)),
}


def sampler(name, impl, **kwargs):
    def program(package, random):
        args = SAMPLERS[name]
        if "dtype" in kwargs:  # jax refuses parameters that are wider
            args = [
                package.numpy.asarray(x, kwargs["dtype"])
                if isinstance(x, np.ndarray)
                else x
                for x in args
            ]
        return getattr(random, name)(random.key(9, impl=impl), *args, **kwargs)

    return program


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("impl", ["threefry2x32", "philox2x32", "rbg"])
def test_samplers(impl, name):
    """Each sampler gives jax's samples with keys of a generator of each kind."""
    assert_equal(*in_both(sampler(name, impl)))


@pytest.mark.parametrize("name", ["uniform", "gamma", "categorical", "permutation"])
@pytest.mark.parametrize("impl", ["threefry4x32", "philox4x32", "unsafe_rbg"])
def test_samplers_of_other_generators(impl, name):
    """The other generators are of the same kinds."""
    assert_equal(*in_both(sampler(name, impl)))


def test_poisson_is_jaxs_where_jax_has_it():
    """jax has Poisson samples of Threefry-2x32 only."""

    def program(package, random):
        return random.poisson(random.key(1), np.array([0.1, 5, 30, 500], np.float32))

    assert_equal(*in_both(program))


FLOATS = (*PLAIN, "gamma", "beta", "truncated_normal", "pareto", "t", "triangular")


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(name, dtype):
    """Samples of other dtypes are jax's."""
    assert_equal(
        *in_both(sampler(name, "threefry2x32", dtype=dtype), x64=dtype == "float64")
    )


@pytest.mark.parametrize("name", [*PLAIN, "permutation", "categorical", "choice"])
@pytest.mark.parametrize("partitionable", [True, False])
def test_wide_samples(name, partitionable):
    """With 64-bit types the default dtypes are wide."""
    program = sampler(name, "threefry2x32")

    assert_equal(*in_both(program, x64=True, partitionable=partitionable))


@pytest.mark.parametrize("impl", GENERATORS)
def test_plain_keys_belong_to_the_default_generator(impl):
    def program(package, random):
        key = random.PRNGKey(4)
        return [random.uniform(key, (3,)), random.normal(random.split(key)[1])]

    assert_equal(*in_both(program, impl=impl))
