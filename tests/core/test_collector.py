import gc
import weakref

import pytest

from minijax.core import collector
from minijax.core.collector import collector_paused


class Node:
    """Something that can be part of a cycle."""


def cycle():
    """A weak reference to garbage that only the collector can free."""
    node = Node()
    node.itself = node
    return weakref.ref(node)


def test_the_collector_does_not_run_in_a_pause_and_runs_again_after_it():
    with collector_paused:
        assert not gc.isenabled()
        with collector_paused:
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_error_ends_the_pause():
    with pytest.raises(KeyError), collector_paused:
        raise KeyError

    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off():
    gc.disable()
    try:
        with collector_paused:
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_of_a_pause_is_freed_by_a_full_collection():
    with collector_paused:
        garbage = cycle()
    assert garbage() is not None

    gc.collect()

    assert garbage() is None


def test_after_enough_objects_the_collector_is_run(monkeypatch):
    monkeypatch.setattr(collector, "ENOUGH", 1000)
    with collector_paused:
        garbage = cycle()
        kept = [[] for _ in range(2000)]

    assert garbage() is None
    assert len(kept) == 2000


def test_objects_that_somebody_froze_stay_frozen():
    gc.freeze()
    try:
        with collector_paused:
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
