"""Listeners are told of what is recorded, and of the steps of compiling."""

import pytest

import minijax
from minijax import monitoring


@pytest.fixture
def heard():
    """What listeners of each kind hear; they are removed afterwards."""
    calls = []

    def listen(*args, **kwargs):
        calls.append((*args, kwargs))

    monitoring.register_event_listener(listen)
    monitoring.register_event_duration_secs_listener(listen)
    monitoring.register_event_time_span_listener(listen)
    monitoring.register_scalar_listener(listen)
    yield calls
    monitoring.clear_event_listeners()


def test_each_kind_reaches_its_listeners(heard):
    monitoring.record_event("/a", k=1)
    monitoring.record_event_duration_secs("/b", 0.5)
    monitoring.record_event_time_span("/c", 1.0, 2.0, name="x")
    monitoring.record_scalar("/d", 7)

    assert heard == [
        ("/a", {"k": 1}),
        ("/b", 0.5, {}),
        ("/c", 1.0, 2.0, {"name": "x"}),
        ("/d", 7, {}),
    ]


def test_a_listener_can_be_removed_while_it_listens():
    calls = []

    def once(event, **kwargs):
        calls.append(event)
        monitoring.unregister_event_listener(once)

    monitoring.register_event_listener(once)
    monitoring.record_event("/a")
    monitoring.record_event("/b")

    assert calls == ["/a"]
    with pytest.raises(AssertionError, match=r"^unregister_event_listener: the callba"):
        monitoring.unregister_event_listener(once)


@pytest.mark.parametrize(
    ("unregister", "kind"),
    [
        (monitoring.unregister_event_duration_listener, "event_duration"),
        (monitoring.unregister_event_time_span_listener, "event_time_span"),
        (monitoring.unregister_scalar_listener, "scalar"),
    ],
)
def test_what_was_not_registered_cannot_be_removed(unregister, kind):
    with pytest.raises(AssertionError, match=f"unregister_{kind}_listener"):
        unregister(print)


def test_a_program_is_traced_lowered_and_compiled(heard):
    @minijax.jit
    def told(x):
        return x * 2 + 1

    told(3.0)

    durations = [call for call in heard if len(call) == 3]
    spans = [call for call in heard if len(call) == 4]
    steps = [
        "/jax/core/compile/jaxpr_trace_duration",
        "/jax/core/compile/jaxpr_to_mlir_module_duration",
        "/jax/core/compile/backend_compile_duration",
    ]
    assert [event for event, _, _ in durations] == steps
    assert [event for event, *_ in spans] == steps
    assert all(seconds > 0 for _, seconds, _ in durations)
    assert all(start < end for _, start, end, _ in spans)
    assert all("told" in names["fun_name"] for *_, names in durations)

    heard.clear()
    told(4.0)

    assert heard == []


def test_the_disk_cache_tells_of_hits_and_misses(heard, tmp_path):
    before = minijax.config.jax_compilation_cache_dir
    minijax.config.update("jax_compilation_cache_dir", str(tmp_path))
    try:
        minijax.jit(lambda x: x * 271.0 + 828.0)(3.0)
    finally:
        minijax.config.update("jax_compilation_cache_dir", before)

    events = [call[0] for call in heard if len(call) == 2]
    assert events == ["/jax/compilation_cache/cache_misses"]
