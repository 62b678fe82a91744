"""What the programs call at the end: their numbers, as one line of JSON."""

import json

import numpy as np


def numbers(value):
    """A tree of numbers as nested lists of Python numbers."""
    if isinstance(value, dict):
        return {name: numbers(x) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [numbers(x) for x in value]
    return np.asarray(value, dtype="float64").tolist()


def report(**values):
    """Print the numbers of a program."""
    print("RESULT " + json.dumps(numbers(values)))
