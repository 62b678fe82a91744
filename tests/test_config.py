"""Options: names, values, environment, threads, and the trace key."""

import ast
import concurrent.futures
import enum
import os
import pathlib
import subprocess
import sys
import threading

import pytest

import minijax
from minijax.config import Switch, config, on_change, state
from minijax.core.avals import ShapedArray
from minijax.core.primitive import Primitive, registry
from minijax.errors import JaxprTypeError

options = sys.modules["minijax.config"]  # the name minijax.config is the object

LIBRARY = pathlib.Path(options.__file__).parent.parent


@pytest.fixture(autouse=True)
def _restored():
    """Options that a test sets globally get their values back."""
    before = config.values
    yield
    for name, value in before.items():
        if config.read(name) != value:
            config.update(name, value)


def in_a_thread(function):
    """The result of a call in a fresh thread."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


# --- names and values --------------------------------------------------------------


@pytest.mark.parametrize("name", ["jax_enable_x64", "enable_x64"])
def test_an_option_has_a_long_and_a_short_name(name):
    config.update(name, True)

    assert config.jax_enable_x64
    assert config.enable_x64
    assert config.x64_enabled
    assert config.read(name)
    assert config.values["jax_enable_x64"]
    assert state.enable_x64


@pytest.mark.parametrize("use", [lambda n: config.update(n, 1), config.read, Switch])
def test_an_unknown_name_is_an_error_that_names_the_nearest(use):
    with pytest.raises(AttributeError) as error:
        use("jax_enabel_x64")

    assert str(error.value) == (
        "config: there is no option 'jax_enabel_x64'. Did you mean 'jax_enable_x64'?"
    )


def test_an_unknown_attribute_is_an_attribute_error():
    assert not hasattr(config, "jax_no_such_thing")
    with pytest.raises(AttributeError, match="lists them all"):
        _ = config.zzz


def test_assignment_is_refused_with_the_call_to_make():
    with pytest.raises(AttributeError) as error:
        config.jax_enable_x64 = True

    assert str(error.value) == (
        "config: options are not set by assignment. "
        "Call config.update('jax_enable_x64', True)."
    )


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("enable_x64", 1, True),
        ("enable_x64", "false", False),
        ("enable_x64", None, False),
        ("default_matmul_precision", "HIGHEST", "highest"),
        ("default_matmul_precision", "F32_F32_F32", "F32_F32_F32"),
        ("default_matmul_precision", None, None),
        ("numpy_dtype_promotion", "strict", "strict"),
        ("num_cpu_devices", 4, 4),
        ("persistent_cache_min_compile_time_secs", 2, 2.0),
        ("compilation_cache_dir", pathlib.Path("cache"), "cache"),
        ("default_device", "cpu", "cpu"),
    ],
)
def test_values_are_brought_to_one_form(name, value, stored):
    config.update(name, value)

    assert config.read(name) == stored
    assert type(config.read(name)) is type(stored)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("enable_x64", "maybe", "jax_enable_x64 must be one of true, t, yes, y"),
        ("enable_x64", 2, "jax_enable_x64 must be True or False, got 2"),
        ("numpy_rank_promotion", "no", "'allow', 'warn', 'raise', got 'no'"),
        ("numpy_rank_promotion", None, "'allow', 'warn', 'raise', got None"),
        ("default_matmul_precision", 3, "'F64_F64_F64' or None, got 3"),
        ("num_cpu_devices", "2", "must be an integer, got '2'"),
        ("num_cpu_devices", 2.5, "must be an integer, got 2.5"),
        ("num_cpu_devices", True, "must be an integer, got True"),
        ("platforms", 3, "must be a string or None, got 3"),
        ("default_device", 3, "must be a device such as"),
    ],
)
def test_wrong_values_are_refused_and_change_nothing(name, value, message):
    before, key = config.read(name), state.key
    with pytest.raises(ValueError) as error:
        config.update(name, value)

    assert message in str(error.value)
    assert config.read(name) == before
    assert state.key is key


def test_a_member_of_an_enumeration_stands_for_its_name():
    precision = enum.Enum("Precision", {"HIGHEST": 2})
    promotion = enum.Enum("Promotion", {"STRICT": "strict"})
    config.update("default_matmul_precision", precision.HIGHEST)
    config.update("numpy_dtype_promotion", promotion.STRICT)

    assert state.default_matmul_precision == "highest"
    assert state.numpy_dtype_promotion == "strict"


def test_an_option_without_effect_warns_unless_it_is_set_to_its_default():
    config.update("jax_use_shardy_partitioner", True)
    with pytest.warns(UserWarning, match="jax_use_shardy_partitioner has no effect"):
        config.update("jax_use_shardy_partitioner", False)


def test_what_minijax_cannot_do_is_refused_and_changes_nothing():
    config.update("jax_debug_key_reuse", False)
    with pytest.raises(NotImplementedError) as error:
        config.update("jax_debug_key_reuse", True)
    with pytest.raises(NotImplementedError, match="by gloo only"):
        config.update("jax_cpu_collectives_implementation", "mpi")
    with pytest.raises(NotImplementedError):
        options.debug_key_reuse(True)

    assert str(error.value) == (
        "config: jax_debug_key_reuse cannot be True in minijax: the use of keys is not "
        "followed. Leave it at False."
    )
    assert config.jax_debug_key_reuse is False
    assert config.jax_cpu_collectives_implementation == "gloo"


def test_programs_are_checked_under_enable_checks():
    """A primitive whose rule breaks the promise of its type is found."""
    wrong = Primitive(
        "wrong_type", abstract=lambda x: ShapedArray((len(calls),), x.dtype)
    )
    calls = []

    def breaks_its_promise(x):
        out = wrong.bind(x)
        calls.append(1)  # its type is another one from now on
        wrong._memo.clear()
        return out

    with options.enable_checks(True), pytest.raises(JaxprTypeError, match="wrong_type"):
        minijax.make_jaxpr(breaks_its_promise)(1.0)
    registry.pop("wrong_type")


def test_prng_keys_are_typed_under_enable_custom_prng():
    plain = minijax.random.PRNGKey(7)
    with options.enable_custom_prng(True):
        typed = minijax.random.PRNGKey(7)

    assert minijax.random.key_data(typed).tolist() == plain.tolist()
    assert typed.shape == ()


# --- context managers --------------------------------------------------------------


def test_a_context_manager_sets_an_option_inside_its_block():
    with options.enable_x64(True):
        inside = config.jax_enable_x64
        with options.enable_x64(False):
            innermost = config.jax_enable_x64
        after = config.jax_enable_x64

    assert (inside, innermost, after) == (True, False, True)
    assert not config.jax_enable_x64


def test_an_exception_leaves_the_block_as_it_was():
    key = state.key
    with pytest.raises(ZeroDivisionError), options.debug_nans(True):
        raise ZeroDivisionError

    assert state.key is key
    assert not state.debug_nans


def test_a_context_manager_is_a_decorator_and_can_be_entered_again():
    setting = options.numpy_rank_promotion("raise")

    @setting
    def inside(depth):
        """What it does."""
        return inside(depth - 1) if depth else state.numpy_rank_promotion

    assert inside(2) == "raise"
    assert inside.__doc__ == "What it does."
    assert state.numpy_rank_promotion == "allow"
    with setting, setting:
        assert state.numpy_rank_promotion == "raise"
    assert state.numpy_rank_promotion == "allow"


def test_flags_default_to_true_and_others_need_a_value():
    with options.disable_jit():
        assert state.disable_jit
    with pytest.raises(TypeError, match="takes the value to set, got 0"):
        options.default_device()


def test_the_value_may_be_named_as_in_jax():
    with options.disable_jit(disable=False), options.enable_x64(new_val=True):
        assert state.enable_x64
        assert not state.disable_jit
    with pytest.raises(TypeError, match=r"by the name new_val, got value\.$"):
        options.enable_x64(value=True)


def test_a_wrong_value_is_refused_before_the_block():
    with pytest.raises(ValueError, match="must be one of 'allow', 'warn', 'raise'"):
        options.numpy_rank_promotion("x")


def test_a_switch_tells_the_value_in_force():
    assert options.enable_x64.value is False
    with options.enable_x64(True):
        assert options.enable_x64.value is True


def test_a_block_wins_over_an_update_inside_it():
    with options.enable_x64(False):
        config.update("jax_enable_x64", True)
        inside = config.jax_enable_x64

    assert inside is False
    assert config.jax_enable_x64 is True


def test_blocks_of_different_options_may_end_in_any_order():
    nans, infs = options.debug_nans(True), options.debug_infs(True)
    nans.__enter__()
    infs.__enter__()
    nans.__exit__(None, None, None)

    assert (state.debug_nans, state.debug_infs) == (False, True)
    infs.__exit__(None, None, None)
    assert (state.debug_nans, state.debug_infs) == (False, False)


# --- threads -----------------------------------------------------------------------


def test_an_update_reaches_threads_that_are_running():
    update, seen = threading.Event(), []

    def watch():
        seen.append((state.enable_x64, state.key))
        started.set()
        update.wait(10)
        seen.append((state.enable_x64, state.key))

    started = threading.Event()
    thread = threading.Thread(target=watch)
    thread.start()
    started.wait(10)
    config.update("jax_enable_x64", True)
    update.set()
    thread.join()

    assert [value for value, _ in seen] == [False, True]
    assert seen[1][1] is state.key
    assert seen[0][1] is not state.key


def test_a_block_is_seen_by_its_own_thread_only():
    with options.enable_x64(True):
        elsewhere = in_a_thread(lambda: (state.enable_x64, state.key))
        here = state.key

    assert elsewhere == (False, state.key)
    assert here is not state.key


def test_a_new_thread_starts_with_the_global_values():
    config.update("jax_debug_nans", True)

    assert in_a_thread(lambda: (state.debug_nans, state.key)) == (True, state.key)


def test_threads_that_ended_are_forgotten():
    before = len(options._threads)
    threads = [threading.Thread(target=lambda: state.key) for _ in range(20)]
    for thread in threads:
        thread.start()
        thread.join()
    during = len(options._threads)
    del thread, threads

    assert during == before + 20
    assert len(options._threads) == before


# --- the trace key -----------------------------------------------------------------


def test_equal_options_give_the_same_key_object():
    key = state.key
    with options.enable_x64(True):
        wide = state.key
    with options.enable_x64(True), options.log_compiles(True):
        again = state.key

    assert wide is again
    assert wide is not key
    assert state.key is key


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable_x64", True),
        ("default_matmul_precision", "highest"),
        ("numpy_rank_promotion", "raise"),
        ("numpy_dtype_promotion", "strict"),
        ("threefry_partitionable", False),
        ("default_device", "cpu"),
        ("debug_nans", True),
        ("disable_jit", True),
        ("optimize", False),
    ],
)
def test_what_changes_programs_changes_the_key(name, value):
    key = state.key
    config.update(name, value)

    assert state.key is not key
    assert f"{name}={value!r}" in repr(state.key)


def test_checking_results_follows_both_debugging_flags():
    with options.debug_infs(True):
        inside = state.check_finite
    config.update("jax_debug_nans", True)

    assert inside
    assert state.check_finite


# --- hooks -------------------------------------------------------------------------


@pytest.fixture
def hooks(monkeypatch):
    monkeypatch.setattr(options, "_hooks", {})


@pytest.mark.usefixtures("hooks")
def test_a_hook_hears_of_updates_and_not_of_blocks():
    heard = []
    on_change("jax_platforms", heard.append)
    config.update("jax_platforms", "cpu")
    config.update("jax_enable_x64", True)

    assert heard == ["cpu"]


@pytest.mark.usefixtures("hooks")
def test_a_hook_can_refuse_a_change():
    def refuse(_):
        raise RuntimeError("too late")

    on_change("num_cpu_devices", refuse)
    before = config.jax_num_cpu_devices
    with pytest.raises(RuntimeError, match="too late"):
        config.update("jax_num_cpu_devices", before + 1)

    assert config.jax_num_cpu_devices == before


# --- the environment and the command line ------------------------------------------


def printed(code, **environment):
    """What a fresh interpreter prints, or the end of what it complains about."""
    names = ("JAX_", "MINIJAX_")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(names)}
    # Two files are run by themselves, so that the test says nothing about the rest.
    load = (
        "import sys, types\n"
        "package = sys.modules['minijax'] = types.ModuleType('minijax')\n"
        f"package.__path__ = [{str(LIBRARY / 'minijax')!r}]\n"
        "from minijax.config import config\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", load + code, "--jax_debug_nans", "--jax_platforms=tpu"],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("environment", "value"),
    [
        ({}, "False"),
        ({"JAX_ENABLE_X64": "1"}, "True"),
        ({"JAX_ENABLE_X64": "ON"}, "True"),
        ({"MINIJAX_ENABLE_X64": "yes"}, "True"),
        ({"MINIJAX_ENABLE_X64": "0", "JAX_ENABLE_X64": "1"}, "False"),
    ],
)
def test_the_environment_gives_the_first_value(environment, value):
    assert printed("print(config.jax_enable_x64)", **environment) == value


def test_the_environment_gives_numbers_and_texts():
    code = "print(config.jax_num_cpu_devices, config.jax_platforms)"
    variables = {"JAX_NUM_CPU_DEVICES": "8", "JAX_PLATFORMS": "cpu"}

    assert printed(code, **variables) == "8 cpu"


def test_a_wrong_variable_is_named():
    assert printed("", JAX_NUMPY_RANK_PROMOTION="maybe") == (
        "ValueError: config: environment variable JAX_NUMPY_RANK_PROMOTION must be one "
        "of 'allow', 'warn', 'raise', got 'maybe'."
    )


def test_the_command_line_sets_options():
    code = (
        "config.parse_flags_with_absl()\n"
        "print(config.jax_debug_nans, config.jax_platforms, config.jax_enable_x64)"
    )

    assert printed(code) == "True tpu False"


# --- against jax -------------------------------------------------------------------


@pytest.mark.oracle
def test_defaults_are_those_of_jax_but_for_the_disk_cache():
    code = (
        "import jax\n"
        "theirs = jax.config.values\n"
        "def plain(x): return str(getattr(x, 'name', x)).lower()\n"
        "ours = {k: v for k, v in config.values.items() if k in theirs}\n"
        "print(len(ours), {k: (v, theirs[k]) for k, v in ours.items()"
        " if plain(v) != plain(theirs[k])})\n"
    )
    pytest.importorskip("jax")
    count, differing = printed(code).split(" ", 1)

    assert int(count) > 40
    assert ast.literal_eval(differing) == {
        "jax_compilation_cache_max_size": (2**30, -1),
        "jax_persistent_cache_min_compile_time_secs": (0.0, 1.0),
    }
