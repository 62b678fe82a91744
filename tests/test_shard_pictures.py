"""Pictures of shardings, line by line."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import debug
from minijax.sharding import Mesh, NamedSharding, PartitionSpec


def placed(shape, *partitions):
    """An array cut over a mesh of two by two devices."""
    mesh = Mesh(np.array(minijax.devices()[:4]).reshape(2, 2), ("x", "y"))
    sharding = NamedSharding(mesh, PartitionSpec(*partitions))
    return minijax.device_put(jnp.zeros(shape), sharding)


def drawn(capsys, arr, **options):
    debug.visualize_array_sharding(arr, **options)
    return capsys.readouterr().out.splitlines()


def test_a_matrix_cut_both_ways(capsys):
    assert drawn(capsys, placed((4, 6), "x", "y"), scale=0.4) == [
        "┌───────┬───────┐",
        "│ CPU 0 │ CPU 1 │",
        "├───────┼───────┤",
        "│ CPU 2 │ CPU 3 │",
        "└───────┴───────┘",
    ]


def test_parts_that_several_devices_hold(capsys):
    assert drawn(capsys, placed((4, 6), None, "x")) == [
        "┌─────────┬─────────┐",
        "│         │         │",
        "│ CPU 0,1 │ CPU 2,3 │",
        "│         │         │",
        "└─────────┴─────────┘",
    ]


def test_a_vector_and_an_array_on_one_device(capsys):
    assert drawn(capsys, placed((4,), ("x", "y")), scale=0.4)[1] == (
        "│ CPU 0 │ CPU 1 │ CPU 2 │ CPU 3 │"
    )
    assert "│ CPU 0" in drawn(capsys, jnp.zeros(3))[2]


def test_colours_are_for_terminals(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    picture = "\n".join(drawn(capsys, placed((4,), "x"), color_map=lambda t: (t, 0, 1)))
    plain = "\n".join(drawn(capsys, placed((4,), "x"), use_color=False))

    assert "\033[48;2;0;0;255m" in picture
    assert "\033[48;2;255;0;255m" in picture
    assert "\033[" not in plain


def test_a_sharding_is_shown_to_a_function():
    seen = []
    x = placed((4,), "x")
    debug.inspect_array_sharding(x, callback=seen.append)
    minijax.grad(lambda x: debug.inspect_array_sharding(x, callback=seen.append) or x)(
        1.0
    )

    assert seen[0] == x.sharding
    assert seen[1].num_devices == 1


def test_what_is_refused():
    with pytest.raises(ValueError, match="only works for shapes with 1 and 2 dimens"):
        debug.visualize_sharding((2, 3, 4), placed((4,), "x").sharding)
    with pytest.raises(NotImplementedError, match=r"but f32\[\]~? is traced"):
        minijax.jit(lambda x: debug.inspect_array_sharding(x, callback=print))(1.0)
