"""The workloads, by subject: one module each, with a tuple `WORKLOADS`."""

SUBJECTS = (
    "importing",
    "small",
    "networks",
    "linear",
    "recurrent",
    "loops",
    "transformer",
    "physics",
    "images",
    "probability",
    "first",
)
