"""Traces are written and contain what is annotated; memory profiles are for pprof."""

import gzip
import json
import subprocess
import sys
import threading
import time
import urllib.request

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import profiler


def events_of(folder):
    """The names of the events in the trace below a folder."""
    (path,) = folder.glob("plugins/profile/*/*.xplane.pb")
    data = profiler.ProfileData.from_file(str(path))
    return {e.name for p in data.planes for line in p.lines for e in line.events}


def options():
    """Without Python's own calls, which would fill the trace."""
    chosen = profiler.ProfileOptions()
    chosen.python_tracer_level = 0
    return chosen


def test_a_trace_shows_annotations_steps_and_programs(tmp_path):
    @profiler.annotate_function
    def annotated(x):
        return jnp.sin(x).block_until_ready()

    with profiler.trace(tmp_path, profiler_options=options()):
        with profiler.TraceAnnotation("mine", batch=3):
            annotated(np.ones(8))
        with profiler.StepTraceAnnotation("train", step_num=1):
            minijax.jit(lambda x: x @ x)(np.ones((64, 64))).block_until_ready()

    names = events_of(tmp_path)
    qualified = annotated.__qualname__
    assert {"mine", "train", qualified} <= names


def test_one_trace_at_a_time(tmp_path):
    profiler.start_trace(tmp_path, profiler_options=options())
    try:
        with pytest.raises(RuntimeError, match=r"^start_trace: one trace can be taken"):
            profiler.start_trace(tmp_path)
    finally:
        profiler.stop_trace()

    with pytest.raises(RuntimeError, match=r"^stop_trace: there is no trace to stop"):
        profiler.stop_trace()


def test_an_annotation_may_have_another_name_and_keeps_the_result():
    @profiler.annotate_function
    def plain(x, y=1):
        """Adds."""
        return x + y

    renamed = profiler.annotate_function(plain, name="sum", kind="test")

    assert renamed(1, y=2) == 3
    assert plain.__doc__ == "Adds."


def test_perfetto_reads_a_copy_of_the_trace_from_a_link(tmp_path, capsys):
    def follow_the_link():
        address = None
        while address is None:
            time.sleep(0.05)
            found = capsys.readouterr().out
            if "url=" in found:
                address = found.strip().split("url=")[1]
        with urllib.request.urlopen(address) as answer:
            fetched.append((dict(answer.headers), answer.read()))

    fetched: list = []
    reader = threading.Thread(target=follow_the_link)
    with profiler.trace(tmp_path, True, profiler_options=options()):
        reader.start()
        with profiler.TraceAnnotation("shown"):
            pass
    reader.join(30)

    ((headers, body),) = fetched
    events = json.loads(gzip.decompress(body))["traceEvents"]
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "shown" in {event.get("name") for event in events}
    assert len(list(tmp_path.glob("plugins/profile/*/perfetto_trace.json.gz"))) == 1


def test_a_memory_profile_is_a_gzipped_protocol_buffer(tmp_path):
    kept = jnp.ones(1000)
    path = tmp_path / "memory.prof"
    profiler.save_device_memory_profile(path)
    profile = gzip.decompress(path.read_bytes())

    assert b"cpu:0" in profile.lower() or b"buffer" in profile.lower()
    assert gzip.decompress(profiler.device_memory_profile("cpu"))
    assert kept.shape == (1000,)


MAKERS = """
import gzip
import minijax
import minijax.numpy as jnp


def quiet_maker():
    return jnp.ones(1000) + 1


def noted_maker():
    return jnp.ones(1000) + 2


kept = [quiet_maker()]
minijax.config.update("array_tracebacks", True)
kept.append(noted_maker())
profile = gzip.decompress(minijax.profiler.device_memory_profile())
print(b"quiet_maker" in profile, b"noted_maker" in profile)
"""


def test_a_memory_profile_names_the_makers_of_arrays_when_they_are_noted():
    # In a process of its own, for which nobody has looked for jax.
    command = [sys.executable, "-c", MAKERS]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ended.stdout == "False True\n"


def test_there_is_one_server():
    with pytest.raises(ValueError, match=r"^stop_server: there is no active"):
        profiler.stop_server()
    server = profiler.start_server(0)
    try:
        with pytest.raises(ValueError, match=r"^start_server: only one profiler"):
            profiler.start_server(0)
    finally:
        profiler.stop_server()

    assert server is not None


def test_trying_to_import_jax_where_it_is_not_notes_nothing():
    program = (
        "import sys, minijax\n"
        "from jaxlib import _jax\n"
        "sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
        "try:\n"
        "    import jax\n"
        "except ImportError:\n"
        "    print(_jax.tracebacks_enabled())"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ended.stdout == "False\n"
