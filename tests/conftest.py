"""Fixtures of the tests: precision, and that no test changes the options of others."""

from collections.abc import Iterator

import pytest

import minijax
from minijax.config import config, enable_x64
from minijax.optimize import pieces


@pytest.fixture
def x64() -> Iterator[None]:
    """64-bit types are on in this test."""
    with enable_x64(True):
        yield


@pytest.fixture(params=["f32", "f64"])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs twice: as "f32" with 64-bit types off, as "f64" with them on."""
    with enable_x64(request.param == "f64"):
        yield request.param


@pytest.fixture(autouse=True)
def _options_are_left_as_they_were() -> Iterator[None]:
    """An option that a test sets and leaves set would change the tests after it."""
    before = config.values
    yield
    after = config.values
    changed = {name: after[name] for name in after if after[name] != before[name]}
    for name in changed:
        config.update(name, before[name])

    assert not changed, f"the test left options changed: {changed}"


@pytest.fixture
def eager_to_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are cut into pieces as if launches were free and all saving worth it."""
    monkeypatch.setattr(pieces, "LAUNCH", 1e-15)
    monkeypatch.setattr(pieces, "SHORT", 2)
    monkeypatch.setattr(pieces, "FEWEST", 2)
    monkeypatch.setattr(pieces, "LEAST", 2)


@pytest.fixture
def devices() -> list:
    """The virtual CPU devices of the test run, at least four."""
    found = minijax.devices("cpu")
    if len(found) < 4:
        pytest.skip("needs four CPU devices: run pytest without --cpu-devices")
    return found
