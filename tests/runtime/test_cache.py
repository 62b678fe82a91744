"""The disk cache: what is found again, and that nothing in it stops a program."""

import errno
import itertools
import os
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import cache as public
from minijax.config import config, enable_x64
from minijax.experimental.compilation_cache import compilation_cache
from minijax.runtime import cache, client

_number = itertools.count(1)


@pytest.fixture
def options():
    """Sets options for one test."""
    before = config.values

    def update(**values):
        for name, value in values.items():
            config.update(name, value)

    yield update
    for name, value in before.items():
        if config.read(name) != value:
            config.update(name, value)


@pytest.fixture
def folder(tmp_path, options):
    """An empty cache."""
    options(jax_compilation_cache_dir=str(tmp_path), jax_enable_compilation_cache=True)
    yield cache.folder()
    cache.writer.flush()
    cache.forget_folders()


@pytest.fixture
def compiled(monkeypatch):
    """The texts that XLA has compiled in this test."""
    texts = []
    compile_and_load = client.compile_and_load

    def counting(text, devices, options):
        texts.append(text)
        return compile_and_load(text, devices, options)

    monkeypatch.setattr(client, "compile_and_load", counting)
    return texts


def fresh():
    """Forget what is in memory, as a new process would."""
    cache.writer.flush()
    minijax.clear_caches()


def line(x):
    return 3 * x + 1


def run():
    """Compile or load one program, and run it."""
    fresh()
    value = float(minijax.jit(line)(np.float32(2)))
    cache.writer.flush()
    return value


def only_entry(folder):
    ((_, _, path),) = folder.entries()
    return path


def test_a_program_is_compiled_once(folder, compiled):
    assert [run(), run()] == [7, 7]
    assert len(compiled) == 1
    assert len(list(folder.entries())) == 1


def test_loaded_programs_keep_donation_shardings_and_analyses(
    folder, compiled, devices
):
    def programs():
        fresh()
        donating = minijax.jit(lambda x: x + 1, donate_argnums=0)
        x = jnp.arange(4.0) * 1
        y = donating(x)
        cut = minijax.pmap(lambda x: x * 2, devices=devices[:4])(
            np.arange(8.0).reshape(4, 2)
        )
        lowered = minijax.jit(lambda m: m @ m).lower(np.eye(4, dtype=np.float32))
        flops = lowered.compile().cost_analysis()["flops"]
        solved = jnp.linalg.solve(jnp.eye(2) * 2, jnp.ones(2))
        assert x.is_deleted()
        return np.asarray(y), np.asarray(cut), str(cut.sharding), flops, solved

    first = programs()
    count = len(compiled)
    second = programs()

    assert len(compiled) == count > 0
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


# Programs of many kinds, to see that their texts are the same in every process.
PROGRAM = """
import minijax
import minijax.numpy as jnp
from minijax import random
from minijax.runtime import client

compile_and_load, count = client.compile_and_load, 0


def counting(*args):
    global count
    count += 1
    return compile_and_load(*args)


client.compile_and_load = counting
x = random.normal(random.key(0), (4, 4))


def loss(tree):
    step = lambda c, w: (jnp.tanh(c @ w), {"b": c.sum(), "a": w})
    c, parts = minijax.lax.scan(step, tree["x"], jnp.stack([tree["y"]] * 3))
    return jnp.sum(c) + jnp.sum(parts["b"]) + jnp.linalg.det(tree["x"] + 5 * jnp.eye(4))


gradient = minijax.jit(minijax.grad(loss))({"y": x, "x": x + 1})
total = sum(float(jnp.sum(g)) for g in gradient.values())
spectrum = minijax.lax.fft(jnp.sort(x) + 0j, "fft", (4,))
total += float(jnp.sum(abs(spectrum)))
print(count, total)
"""


def in_process(program, folder, **environment):
    """The output of a new process whose cache is the given one."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={
            **os.environ,
            "MINIJAX_COMPILATION_CACHE_DIR": os.path.dirname(folder.path),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_other_processes_load_what_one_has_compiled_under_the_same_flags(folder):
    first, value = in_process(PROGRAM, folder, PYTHONHASHSEED="1")
    again, same = in_process(PROGRAM, folder, PYTHONHASHSEED="2")
    flags = "--xla_cpu_enable_fast_math=true " + os.environ.get("XLA_FLAGS", "")
    others, _ = in_process(PROGRAM, folder, XLA_FLAGS=flags)

    assert int(first) > 5
    assert int(again) == 0
    assert others == first
    assert same == value  # to the last bit: it is the same machine code
    assert stat.S_IMODE(os.stat(folder.path).st_mode) == 0o700
    modes = {stat.S_IMODE(os.stat(path).st_mode) for _, _, path in folder.entries()}
    assert modes == {0o600}


# Keys


def key(function=line, overrides=(), dtype=np.float32):
    module = minijax.jit(function).lower(dtype(2))._lowered.module
    places = tuple(client.local_devices()[:1])
    return cache.key_of(module, places, client.compile_options(places, 1, overrides))


def elsewhere():
    """The same function on other lines."""
    namespace = {}
    exec("\n\n\ndef line(x):\n\n    return 3 * x + 1\n", namespace)
    return namespace["line"]


def test_a_key_is_made_of_what_decides_the_code(monkeypatch, options):
    base = key()
    with enable_x64(True):
        wide = key(dtype=np.float64)
    others = {
        "program": key(lambda x: 3 * x + 2),
        "x64": wide,
        "options": key(overrides=(("xla_backend_optimization_level", 0),)),
    }
    for name, value in (("XLA_FLAGS", "--xla_dummy"), ("NPROC", "1")):
        cache.surroundings.cache_clear()
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            others[name] = key()
    cache.surroundings.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(cache, "_usable_cores", lambda: 1000)
        others["cores"] = key()
    cache.surroundings.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(client, "description", lambda devices: "another processor")
        others["devices"] = key()

    assert len({base, *others.values()}) == 1 + len(others), others
    assert key() == key(elsewhere()) == base
    options(jax_compilation_cache_include_metadata_in_key=True)
    assert key() != key(elsewhere())


def test_the_description_of_devices_names_compiler_and_processor():
    text = client.description(tuple(client.local_devices()[:1]))

    topology = client.topology_fingerprint(client.local_devices()[0])
    assert topology
    for part in (client.jaxlib.version.__version__, "cpu", str(topology)):
        assert part in text


# Entries that are not what they should be


def flip(place):
    def damage(data):
        changed = bytearray(data)
        changed[place] ^= 1
        return bytes(changed)

    return damage


HEADER = cache._HEADER.size
DAMAGES = {
    "empty": (lambda data: b"", "is no entry of this cache"),
    "cut in the header": (lambda data: data[: HEADER - 1], "is truncated"),
    "cut in the executable": (lambda data: data[:-100], r"holds \d+ of \d+ bytes"),
    "longer": (lambda data: data + b"x", r"holds \d+ of \d+ bytes"),
    "bit in the magic": (flip(3), "is no entry of this cache"),
    "bit in the version": (flip(8), r"has format \d+ instead of \d"),
    "bit in the key": (flip(20), "is the entry of another program"),
    "bit in the hash": (flip(HEADER - 1), "is damaged"),
    "bit in the executable": (flip(HEADER + 50), "is damaged"),
    "last bit": (flip(-1), "is damaged"),
    "foreign": (lambda data: b"\x7fELF" + bytes(500), "is no entry of this cache"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_entry_is_reported_and_replaced(name, folder, compiled):
    damage, message = DAMAGES[name]
    run()
    path = only_entry(folder)
    with open(path, "rb") as file:
        sound = file.read()
    with open(path, "wb") as file:
        file.write(damage(sound))

    with pytest.warns(UserWarning, match=f"{path} is not used: it {message}"):
        assert run() == 7
    assert len(compiled) == 2
    assert run() == 7
    assert len(compiled) == 2


def test_what_jaxlib_cannot_load_is_reported_and_replaced(folder, compiled):
    run()
    path = only_entry(folder)
    folder.write(bytes.fromhex(os.path.basename(path).split(".")[0]), b"no executable")

    with pytest.warns(UserWarning, match=f"{path} cannot be loaded"):
        assert run() == 7
    assert run() == 7
    assert len(compiled) == 2


def test_an_entry_that_cannot_be_read_is_reported(folder, compiled, caplog):
    run()
    path = only_entry(folder)
    os.unlink(path)
    os.mkdir(path)

    with pytest.warns(UserWarning, match=f"{path} cannot be read"):
        assert run() == 7


def test_errors_are_raised_if_asked_for(folder, options):
    run()
    path = only_entry(folder)
    with open(path, "wb"):
        options(jax_raise_persistent_cache_errors=True)

    with pytest.raises(minijax.errors.JaxRuntimeError, match="is no entry of this"):
        run()


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="only root can give files to another user",
)
STRANGER = 65534


def give_away(path):
    os.chown(path, STRANGER, STRANGER)


def open_to(mode):
    return lambda path: os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | mode)


UNSAFE = [
    pytest.param(
        give_away, f"belongs to user {STRANGER}", marks=needs_root, id="another's"
    ),
    pytest.param(open_to(stat.S_IWGRP), "can be written by others", id="group"),
    pytest.param(open_to(stat.S_IWOTH), "can be written by others", id="all"),
]


@pytest.mark.parametrize(("change", "message"), UNSAFE)
def test_entries_that_others_may_have_made_are_not_loaded(
    change, message, folder, compiled
):
    run()
    path = only_entry(folder)
    change(path)

    with pytest.warns(UserWarning, match=f"{path} is not used: it {message}"):
        assert run() == 7
    assert len(compiled) == 2
    assert run() == 7
    assert len(compiled) == 2


@pytest.mark.parametrize(("change", "message"), UNSAFE)
def test_a_folder_that_others_may_write_is_not_used(change, message, folder, compiled):
    run()
    change(folder.path)
    cache.forget_folders()

    with pytest.warns(UserWarning, match=f"{folder.path} is not used: it {message}"):
        assert run() == 7
    assert run() == 7  # reported once
    assert len(compiled) == 3


def test_a_folder_that_cannot_be_made_is_reported_once(tmp_path, options, compiled):
    file = tmp_path / "file"
    file.write_text("")
    options(jax_compilation_cache_dir=str(file / "cache"))

    with pytest.warns(UserWarning, match="cannot be used: .*Not a directory"):
        assert run() == 7
    assert run() == 7


def test_a_home_that_cannot_be_written_is_no_news(
    tmp_path, options, compiled, monkeypatch
):
    file = tmp_path / "file"
    file.write_text("")
    options(jax_compilation_cache_dir=None)
    monkeypatch.setattr(cache, "default_folder", lambda: str(file / "cache"))

    assert run() == 7  # warnings are errors
    assert len(compiled) == 1


def test_addresses_of_stores_are_refused(options):
    options(jax_compilation_cache_dir="gs://bucket/cache")

    with pytest.warns(UserWarning, match="gs://bucket/cache is not a local directory"):
        assert run() == 7
    assert not os.path.exists("gs:")


@pytest.mark.parametrize(
    ("error", "advice"),
    [(errno.ENOSPC, "Make room"), (errno.EACCES, "Make it writable")],
)
def test_a_full_or_unwritable_folder_is_reported_once(
    error, advice, folder, compiled, monkeypatch, caplog
):
    def failing(file, *args):
        raise OSError(error, os.strerror(error), file)

    with monkeypatch.context() as patch:
        patch.setattr(cache.os, "replace", failing)
        assert [run(), run()] == [7, 7]
        assert len(compiled) == 2

    (message,) = [record.getMessage() for record in caplog.records]
    assert folder.path in message
    assert os.strerror(error) in message
    assert advice in message
    assert os.listdir(folder.path) == []
    compilation_cache.reset_cache()
    assert [run(), run()] == [7, 7]
    assert len(compiled) == 3


FULL = """
import resource
import minijax

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
print(minijax.jit(lambda x: 3 * x + 1)(2.0))
"""


def test_a_write_that_fails_half_way_leaves_nothing(folder):
    assert in_process(FULL, folder) == ["7.0"]
    assert os.listdir(folder.path) == []


def test_a_removed_folder_is_made_again(folder, compiled):
    run()
    os.unlink(only_entry(folder))
    os.rmdir(folder.path)

    assert [run(), run()] == [7, 7]
    assert len(compiled) == 2


# Many processes

RACE = """
import os
import minijax
from minijax.runtime import cache
from minijax.config import config

gate, opened = os.pipe()
children = []
for k in range(8):
    child = os.fork()
    if child == 0:
        os.close(opened)
        os.read(gate, 1)  # returns when the parent closes the other end
        assert float(minijax.jit(lambda x: 3 * x + 1)(2.0)) == 7
        cache.writer.flush()
        # Then all read, write, evict and clear the same few entries.
        config.update("jax_compilation_cache_max_size", 5000)
        entries = cache.folder()
        for step in range(300):
            key = bytes([(k + step) % 5] * 32)
            found = entries.read(key)
            assert found in (None, key * 40), found
            entries.write(key, key * 40)
            if step % 40 == k:
                entries.clear()
        assert entries.is_writable
        os._exit(0)
    children.append(child)
os.close(opened)
print(*[os.waitpid(child, 0)[1] for child in children])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_eight_processes_race_for_the_same_entries(folder):
    # Warnings are errors in the processes, so a torn entry would end one of them.
    assert in_process(RACE, folder, JAX_NUM_CPU_DEVICES="1") == ["0"] * 8
    assert not [name for name in os.listdir(folder.path) if "unfinished" in name]
    assert 0 < public.usage().n_bytes <= 5000 + 8 * 1400


# Size


def names(folder):
    return sorted(
        path[-len(".executable") - 2 :][:2] for _, _, path in folder.entries()
    )


def test_the_entries_not_used_for_longest_are_evicted(folder, options):
    size = 1000 + HEADER
    options(jax_compilation_cache_max_size=5 * size)
    keys = [bytes([k] * 32) for k in range(1, 7)]
    for age, entry in enumerate(keys[:4]):
        folder.write(entry, bytes(1000))
        os.utime(folder.place(entry), (time.time() - 100 + age,) * 2)
    os.mkdir(os.path.join(folder.path, "folder.executable"))
    jax_entry = os.path.join(folder.path, "jit_f-0123-cache")
    with open(jax_entry, "wb") as file:
        file.write(bytes(10_000))

    assert folder.read(keys[0]) is not None
    folder.write(keys[4], bytes(1000))
    assert names(folder) == ["01", "03", "04", "05"]
    folder.write(keys[5], bytes(1000))
    assert names(folder) == ["01", "04", "05", "06"]
    folder.write(bytes([9] * 32), bytes(6 * size))  # larger than all
    assert names(folder) == ["01", "04", "05", "06"]
    assert os.path.exists(jax_entry)


def test_a_large_bound_is_looked_after_now_and_then(folder, options, monkeypatch):
    looks = []
    monkeypatch.setattr(cache.Folder, "make_room", lambda self, bound: looks.append(1))
    options(jax_compilation_cache_max_size=32 * 100 * (HEADER + 8))
    for k in range(400):
        folder.write(k.to_bytes(32, "big"), k.to_bytes(8, "big"))
    options(jax_compilation_cache_max_size=-1)
    folder.write(bytes(32), bytes(8))

    # 400 of 3200 entries were written: 4 looks are expected. The draws are fixed.
    assert 1 <= len(looks) <= 9


def test_files_of_processes_that_died_are_removed(folder, options):
    options(jax_compilation_cache_max_size=1000)
    paths = [os.path.join(folder.path, name + ".unfinished") for name in "ab"]
    for path in paths:
        with open(path, "wb"):
            continue
    os.utime(paths[0], (time.time() - 2 * cache._ABANDONED,) * 2)
    folder.write(bytes(32), bytes(10))

    assert [os.path.exists(path) for path in paths] == [False, True]


@pytest.mark.parametrize(
    ("setting", "count"),
    [
        ({}, 1),
        ({"jax_enable_compilation_cache": False}, 0),
        ({"jax_compilation_cache_max_size": 0}, 0),
        ({"jax_compilation_cache_max_size": 100}, 0),
        ({"jax_compilation_cache_max_size": -1}, 1),
        ({"jax_persistent_cache_min_compile_time_secs": 1000.0}, 0),
        ({"jax_persistent_cache_min_entry_size_bytes": 10**6}, 0),
        ({"jax_persistent_cache_min_entry_size_bytes": -1}, 1),
    ],
    ids=str,
)
def test_options_say_what_is_kept(setting, count, folder, options, compiled):
    options(**setting)

    assert [run(), run()] == [7, 7]
    assert len(list(folder.entries())) == count
    assert len(compiled) == 2 - count


def test_programs_that_only_this_process_can_run_are_not_kept(folder):
    places = tuple(client.local_devices()[:1])
    module = minijax.jit(line).lower(2.0)._lowered.module
    options = client.compile_options(places)
    calling = module._replace(callbacks=(print,))
    dumps = client.compile_options(places, 1, (("xla_dump_to", "x"),))

    assert cache.is_persistent(module, places, options)
    assert not cache.is_persistent(calling, places, options)
    assert not cache.is_persistent(module, places, dumps)


# The thread that writes


def test_a_job_that_fails_does_not_stop_the_others(monkeypatch):
    monkeypatch.setattr(cache, "_DELAY", 5.0)  # so that this thread does the jobs
    writer, done = cache.Writer(), []

    def fail():
        raise MemoryError

    writer.put(fail)
    with pytest.raises(MemoryError):
        writer.flush()
    writer.put(lambda: done.append(1))
    writer.flush()

    assert done == [1]


def test_the_thread_ends_when_there_is_nothing_to_write(monkeypatch):
    monkeypatch.setattr(cache, "_DELAY", 0.0)
    writer, done = cache.Writer(), []
    for k in range(3):
        writer.put(lambda k=k: done.append(k))
        if writer._thread is not None:
            writer._thread.join()

    assert done == [0, 1, 2]
    assert writer._thread is None


def test_writing_goes_on_without_threads(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(cache.threading.Thread, "start", refuse)
    writer, done = cache.Writer(), []
    writer.put(lambda: done.append(1))

    assert done == [1]


# Places and tools


@pytest.mark.skipif(sys.platform != "linux", reason="other systems, other folders")
def test_the_default_folder_is_the_users_own(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch/ada")
    assert cache.default_folder() == "/scratch/ada/minijax/executables"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored: the XDG standard
    assert cache.default_folder() == "/home/ada/.cache/minijax/executables"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.default_folder() == "/home/ada/.cache/minijax/executables"
    monkeypatch.setattr(cache.os.path, "expanduser", lambda path: path)
    assert cache.default_folder() is None


def test_the_folder_is_chosen_as_in_jax(tmp_path, options):
    compilation_cache.set_cache_dir(str(tmp_path))

    assert public.folder().startswith(str(tmp_path))
    options(jax_compilation_cache_dir=None)
    assert public.folder() == cache.default_folder()


def test_the_command_line_shows_and_clears(folder, options, capsys):
    run()
    public.main([])
    public.main(["--clear"])
    public.main([])
    options(jax_enable_compilation_cache=False)
    public.main([])

    shown, cleared, empty, off = capsys.readouterr().out.splitlines()
    assert shown.startswith(f"{folder.path}: 1 programs, 0.0 MB")
    assert cleared == f"Removed 1 programs from {folder.path}."
    assert empty == f"{folder.path}: 0 programs, 0.0 MB."
    assert off == "The disk cache is off."
