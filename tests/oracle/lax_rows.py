"""Rows for lines of code with `lax`."""

from .surface import Row, normal


def row(name, shapes, call, *, draws=None, dtypes=("f32",), order=0, note="", **more):
    """A row for `call(lax, *arrays)`, all of one shape each."""

    def in_package(package, *arrays):
        return call(package.lax, *arrays)

    return Row(
        f"lax.{name}",
        draws or (normal,) * len(shapes),
        shapes=(tuple(shapes),),
        dtypes=dtypes,
        call=in_package,
        order=order,
        name=note,
        **more,
    )
