"""Time minijax beside the installed jax: one command, one table of ratios.

    python -m benchmarks                     every workload but the slow ones
    python -m benchmarks 'transformer-*'     those that match, slow ones included
    python -m benchmarks --list              what there is

`workload` says what a workload is, `workloads/` holds them by subject, `child` runs one
with one package in a process of its own, `runner` starts such processes, the packages
taking turns, and `report` turns their times into rows.
"""
