import pytest

from minijax.runtime import mappings


@pytest.fixture
def allowed(tmp_path, monkeypatch):
    """A file that says how many mappings are allowed."""
    file = tmp_path / "max_map_count"
    monkeypatch.setattr(mappings, "_ALLOWED", file)
    return file


def test_a_process_that_uses_few_mappings_is_not_warned(allowed):
    allowed.write_text("100000000")

    mappings.watch(mappings.EVERY)


def test_a_process_that_uses_most_of_them_is_warned(allowed):
    allowed.write_text("10")

    with pytest.warns(RuntimeWarning, match=r"holds 512 compiled programs, which use"):
        mappings.watch(2 * mappings.EVERY)


def test_they_are_counted_only_now_and_then(allowed):
    allowed.write_text("10")

    mappings.watch(mappings.EVERY + 1)


def test_other_systems_have_no_such_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(mappings, "_ALLOWED", tmp_path / "nowhere")

    mappings.watch(mappings.EVERY)
