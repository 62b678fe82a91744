"""Differential tests: minijax against jax on generated programs and bad calls."""
