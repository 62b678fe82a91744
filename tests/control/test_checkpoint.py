"""`checkpoint`: what is saved, by which policy, where, and what is computed again."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import checkpoint, checkpoint_policies, grad, jit, vmap
from minijax.ad_checkpoint import (
    Offloadable,
    Recompute,
    Saveable,
    checkpoint_name,
    print_saved_residuals,
)

X = np.array([0.1, 0.5, 2.0], "float32")


def chain(x):
    """exp(sin(cos(x))), with names for the values between."""
    x = checkpoint_name(jnp.cos(x), "a")
    x = checkpoint_name(jnp.sin(x), "b")
    return jnp.exp(x).sum()


def offload_b(src="device", dst="pinned_host"):
    return checkpoint_policies.save_and_offload_only_these_names(
        names_which_can_be_saved=["a"],
        names_which_can_be_offloaded=["b"],
        offload_src=src,
        offload_dst=dst,
    )


# A policy, and what the forward pass keeps beside x.
POLICIES = {
    "none": (None, []),
    "nothing": (checkpoint_policies.nothing_saveable, []),
    "these names": (checkpoint_policies.save_only_these_names("b"), ["b"]),
    "both names": (checkpoint_policies.save_only_these_names("a", "b"), ["a", "b"]),
    "but these": (checkpoint_policies.save_any_names_but_these("b"), ["a"]),
    "everything": (checkpoint_policies.everything_saveable, ["sin", "cos", "exp"]),
    "both policies": (
        checkpoint_policies.save_from_both_policies(
            checkpoint_policies.save_only_these_names("a"),
            checkpoint_policies.save_only_these_names("b"),
        ),
        ["a", "b"],
    ),
    "offload": (offload_b(), ["a", "to_memory"]),
    "own booleans": (lambda p, *_, **params: params.get("name") == "b", ["b"]),
    "own answers": (
        lambda p, *_, **params: Saveable if params.get("name") == "b" else Recompute,
        ["b"],
    ),
    "own memory": (
        lambda p, *_, **params: (
            Offloadable("device", "unpinned_host")
            if params.get("name") == "b"
            else False
        ),
        ["to_memory"],
    ),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policies_decide_what_is_saved(name, capsys):
    """Gradients are the same; saved values are what the policy chose, and x."""
    policy, saved = POLICIES[name]
    f = checkpoint(chain, policy=policy)
    expected = grad(chain)(X)

    for gradient in (grad(f), jit(grad(f)), grad(jit(f))):
        np.testing.assert_allclose(gradient(X), expected, rtol=1e-6)
    np.testing.assert_allclose(vmap(grad(f))(X), expected, rtol=1e-6)
    hessian = jit(minijax.jacfwd(grad(f)))(X)
    np.testing.assert_allclose(hessian, minijax.hessian(chain)(X), rtol=1e-5, atol=1e-6)
    print_saved_residuals(f, X)
    lines = capsys.readouterr().out.splitlines()
    kinds = [line.split("'")[1] if "named" in line else line for line in lines]
    kinds = [
        line.split("output of ")[1].split()[0] if "output of" in line else line
        for line in kinds
    ]
    assert sorted(kinds) == sorted(["f32[3] from the argument x", *saved])


def test_saved_residuals_are_printed_with_the_users_lines(capsys):
    print_saved_residuals(lambda w, x: jnp.sin(w @ x).sum(), np.ones((2, 3)), x=X)
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "f32[3] from the argument x"
    assert lines[1].startswith("f32[2,3] from the argument w") or len(lines) >= 2
    assert any("output of cos from " in line and __file__ in line for line in lines)


def test_the_backward_pass_computes_again_what_was_not_saved():
    """Cosines in the whole program: one more where the forward pass keeps nothing."""

    def count(policy):
        program = minijax.make_jaxpr(grad(checkpoint(chain, policy=policy)))(X)
        return str(program).count(" = cos ")

    assert count(checkpoint_policies.everything_saveable) == 2  # cos x, cos cos x
    assert count(None) == 3


def test_offloaded_values_are_annotated_for_devices_with_other_memories():
    """Moved out in the forward pass, and back in the backward pass; not on a CPU."""
    traced = jit(grad(checkpoint(chain, policy=offload_b()))).trace(X)
    program = str(traced.jaxpr)

    assert program.count("to_memory[kind=pinned_host]") == 1
    assert program.count("to_memory[kind=device]") == 1
    assert "annotate_device_placement" not in traced.lower().as_text()
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert text.count("annotate_device_placement") == 2
    assert text.count('_xla_buffer_placement = "pinned_host"') == 1


def test_static_arguments():
    """By position or name, given either way."""

    def power(x, n):
        return x**n if isinstance(n, int) else 1 / 0

    for f in (
        checkpoint(power, static_argnums=1),
        checkpoint(power, static_argnums=(-1,)),
        checkpoint(power, static_argnames="n"),
        checkpoint(power, static_argnames=("n",)),
    ):
        assert float(grad(f)(2.0, 3)) == 12
    assert float(grad(checkpoint(power, static_argnames="n"))(2.0, n=3)) == 12


def test_names_are_for_trees_too():
    tree = checkpoint_name({"a": 1.0, "b": X}, "n")

    assert sorted(tree) == ["a", "b"]
    np.testing.assert_array_equal(tree["b"], X)


ERRORS = {
    "an answer that is none": (
        lambda: grad(checkpoint(chain, policy=lambda *_, **__: "yes"))(X),
        TypeError,
        "checkpoint: a policy must return a bool, Saveable, Recompute or "
        "Offloadable(src, dst) of ad_checkpoint, got 'yes' of type str for cos.",
    ),
    "no such memory": (
        lambda: jit(grad(checkpoint(chain, policy=offload_b(dst="moon"))))(X),
        ValueError,
        "checkpoint: cannot offload from 'device' to 'moon': {device} has no memory of "
        "kind 'moon'. It has {kinds}.",
    ),
    "in both lists": (
        lambda: checkpoint_policies.save_and_offload_only_these_names(
            names_which_can_be_saved=["a", "b"],
            names_which_can_be_offloaded=["b"],
            offload_src="device",
            offload_dst="pinned_host",
        ),
        ValueError,
        "save_and_offload_only_these_names: a name must be saved or offloaded, got "
        "['b'] in both lists.",
    ),
    "no booleans": (
        lambda: checkpoint_policies.save_from_both_policies(
            checkpoint_policies.nothing_saveable, offload_b()
        )(minijax.lax.sin_p),
        ValueError,
        "save_from_both_policies: both policies must return booleans, got False and "
        "Recompute for sin. Write one policy that decides.",
    ),
    "a name for what is no array": (
        lambda: checkpoint_name({"a": "b"}, "n"),
        TypeError,
        "checkpoint_name: x['a'] must be an array or a number, got 'b' of type str. "
        "Close over it, or convert it with jnp.asarray.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_is_wrong(name):
    run, kind, message = ERRORS[name]
    device = minijax.devices()[0]
    kinds = sorted({memory.kind for memory in device.addressable_memories()})
    known = {"device": device, "kinds": ", ".join(map(repr, kinds))}

    with pytest.raises(kind) as caught:
        run()

    expected = message.format(**known) if "{device}" in message else message
    assert str(caught.value) == expected
