"""The benchmarks' runner: ratios, verdicts, and that different results are refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report, runner
from benchmarks.__main__ import catalogue, choose
from benchmarks.workload import Result, Workload

ROOT = Path(__file__).parent.parent


def timings(baseline, candidate, **options):
    workload = Workload("w", lambda api: Result({}, 0.0), **options)
    seconds = {"jax": {"call": baseline}, "minijax": {"call": candidate}}
    return runner.Timings(workload, seconds)


def test_a_ratio_is_of_medians():
    (row,) = report.rows(timings([1.0, 2.0, 9.0], [0.5, 1.0, 1.5]))

    assert (row.baseline_min, row.candidate_min, row.ratio) == (1.0, 0.5, 0.5)


def test_each_target_of_a_row_is_met_or_missed():
    (row,) = report.rows(timings([1.0], [0.5], targets={"call": (0.6, 0.5, 0.4)}))

    assert row.verdict == "0.6 met, 0.5 met, 0.4 MISSED"


def test_a_table_has_a_line_for_each_row():
    rows = report.rows(timings([1.0], [0.5]))
    head, rule, line = report.table(rows, "jax", "minijax").splitlines()

    assert len(head) == len(rule) == len(line)
    assert [cell.strip() for cell in line.split("|")[1:-1]] == [
        *("w", "call", "1 s", "1 s", "500 ms", "500 ms", "0.50", "")
    ]


def test_packages_that_compute_different_numbers_are_refused():
    workload = Workload("w", lambda api: Result({}, 0.0), tolerance=1e-3)
    runner.check_values(workload, {"jax": 1.0, "minijax": 1.0005})

    with pytest.raises(runner.WorkloadError, match="must compute the same number"):
        runner.check_values(workload, {"jax": 1.0, "minijax": 1.002})
    with pytest.raises(runner.WorkloadError, match="must compute the same number"):
        runner.check_values(workload, {"jax": 1.0, "minijax": float("nan")})


def test_a_target_for_no_phase_is_refused():
    made = timings([1.0], [1.0], targets={"run": (1.0,)})

    with pytest.raises(runner.WorkloadError, match="one set of phases"):
        runner.check_phases(made.workload, made.seconds)


def test_names_are_unique_and_targets_are_ratios():
    known = catalogue()
    names = [workload.name for _, workload in known]

    assert len(set(names)) == len(names)
    assert all(
        0 < target < 2
        for _, workload in known
        for targets in workload.targets.values()
        for target in targets
    )


def test_no_process_uses_the_disk_cache_of_the_user(monkeypatch, tmp_path):
    for prefix in ("JAX", "MINIJAX"):
        monkeypatch.setenv(f"{prefix}_COMPILATION_CACHE_DIR", "/home/ada/cache")
        monkeypatch.setenv(f"{prefix}_ENABLE_COMPILATION_CACHE", "true")
    found = {
        cache: runner._environment(
            Workload("w", lambda api: Result({}, 0.0), disk_cache=cache), tmp_path
        )
        for cache in ("off", "empty", "warm")
    }

    assert not [e for e in found.values() if "/home/ada/cache" in e.values()]
    assert found["off"]["JAX_ENABLE_COMPILATION_CACHE"] == "false"
    assert found["empty"]["MINIJAX_COMPILATION_CACHE_DIR"] == str(tmp_path)
    assert found["warm"]["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path)


def test_a_pattern_also_chooses_slow_workloads():
    chosen = {workload.name for _, workload in choose(["transformer-*"], catalogue())}
    usual = {workload.name for _, workload in choose([], catalogue())}

    assert {"transformer-2", "transformer-24"} <= chosen
    assert "transformer-24" not in usual
    with pytest.raises(SystemExit, match="no workload 'nothing'"):
        choose(["nothing"], catalogue())


@pytest.mark.oracle
def test_the_command_prints_a_table_and_writes_json(tmp_path):
    pytest.importorskip("jax")
    file = tmp_path / "times.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "jit-call", "--repeats", "1"]
        + ["--json", str(file)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    written = json.loads(file.read_text())

    assert done.returncode == 0, done.stderr
    assert "| jit-call | call" in done.stdout
    assert [row["workload"] for row in written["rows"]] == ["jit-call"]
    assert written["versions"]["jax"]
    assert written["machine"]
