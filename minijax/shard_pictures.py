"""Which device holds which part of an array, drawn with lines.

    +-------+-------+          devices_indices_map of a vector that is
    | CPU 0 | CPU 1 |          cut in two
    +-------+-------+

`minijax.debug` offers these functions.
"""

import math
import sys
from collections.abc import Callable

from .core.trace import Tracer

__all__ = [
    "inspect_array_sharding",
    "visualize_array_sharding",
    "visualize_sharding",
]


def inspect_array_sharding(value, *, callback: Callable) -> None:
    """Call `callback` with the sharding of an array.

    Raises:
      NotImplementedError: the array is traced, so that XLA has yet to choose.

    >>> inspect_array_sharding(jnp.ones(3), callback=lambda s: print(s.num_devices))
    1
    """
    if isinstance(value, Tracer):
        known = value.concrete()
        if known is None:
            raise NotImplementedError(
                "debug.inspect_array_sharding: the sharding must be known, but "
                f"{value.aval} is traced. Return the array, and inspect the result."
            )
        value = known
    callback(value.sharding)


def visualize_array_sharding(arr, **kwargs) -> None:
    """Print which devices hold which part of a vector or matrix.

    Keywords are those of `visualize_sharding`.

    >>> visualize_array_sharding(jnp.ones((2, 3)))
    ┌────────┐
    │        │
    │ CPU 0  │
    │        │
    └────────┘
    """
    inspect_array_sharding(
        arr, callback=lambda sharding: visualize_sharding(arr.shape, sharding, **kwargs)
    )


def visualize_sharding(
    shape,
    sharding,
    *,
    use_color: bool = True,
    scale: float = 1.0,
    min_width: int = 9,
    max_width: int = 80,
    color_map=None,
) -> None:
    """Print which devices hold which part of an array of a shape.

    Args:
      shape: of one or two axes.
      sharding: how it is cut.
      use_color: shade each part, if the output is a terminal.
      scale: of the height and width of parts.
      min_width: of a part, in characters with the line on its left.
      max_width: of the picture, unless labels need more.
      color_map: a function from numbers between 0 and 1 to a colour: red, green and
        blue between 0 and 1, of which further parts are ignored.
    """
    if len(shape) not in (1, 2):
        raise ValueError(
            "`visualize_sharding` only works for shapes with 1 and 2 dimensions, got "
            f"{tuple(shape)}."
        )
    parts = _parts(shape, sharding)
    rows = sorted({rows for rows, _ in parts})
    columns = sorted({columns for _, columns in parts})
    labels = {place: _label(held) for place, held in parts.items()}
    widest = max(map(len, labels.values())) + 2
    # Each part has a line on its left, and the picture one more on its right.
    fair = min(round(scale * min_width), (max_width - 1) // len(columns)) - 1
    width = max(widest, fair)
    height = max(1, round(scale * 3))
    colored = use_color and sys.stdout.isatty()
    shades = _shades(labels, color_map or _rainbow) if colored else {}
    lines = [_rule("┌┬┐", width, columns)]
    for k, row in enumerate(rows):
        for line in range(height):
            cells = [
                _cell(labels[row, c] if line == height // 2 else "", width, shade)
                for c in columns
                for shade in (shades.get(labels[row, c]),)
            ]
            lines.append("│" + "│".join(cells) + "│")
        last = k == len(rows) - 1
        lines.append(_rule("└┴┘" if last else "├┼┤", width, columns))
    print("\n".join(lines))


def _parts(shape, sharding) -> dict:
    """The devices of each part: {((start, stop) of rows, of columns): devices}."""
    parts: dict = {}
    for device, index in sharding.devices_indices_map(tuple(shape)).items():
        bounds = [s.indices(n)[:2] for s, n in zip(index, shape, strict=True)]
        place = ((0, 1), *bounds) if len(bounds) == 1 else tuple(bounds)
        parts.setdefault(place, []).append(device)
    return parts


def _label(devices) -> str:
    """`CPU 0,1` for the devices that hold a part."""
    ids = ",".join(str(device.id) for device in sorted(devices, key=lambda d: d.id))
    return f"{devices[0].platform.upper()} {ids}"


def _cell(text, width, shade):
    padded = text.center(width)
    return padded if shade is None else f"\033[48;2;{shade}m\033[30m{padded}\033[0m"


def _rule(corners, width, columns):
    left, between, right = corners
    return left + between.join(["─" * width] * len(columns)) + right


def _shades(labels, color_map) -> dict:
    """A colour for each label, as the numbers of a terminal's escape sequence."""
    names = sorted(set(labels.values()))
    shades = {}
    for k, name in enumerate(names):
        color = color_map(k / max(len(names) - 1, 1))[:3]
        shades[name] = ";".join(str(round(255 * float(part))) for part in color)
    return shades


def _rainbow(t):
    """Light colours around the circle of hues, which ends before it is closed."""
    angles = (2 * math.pi * (0.85 * t - shift / 3) for shift in range(3))
    return tuple(0.75 + 0.25 * math.cos(angle) for angle in angles)
