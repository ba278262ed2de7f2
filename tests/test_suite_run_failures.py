"""What can go wrong in a suite run costs the cells it concerns, and is told apart."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
from suite_contenders import (
    MISBEHAVING,
    Hanging,
    not_there,
    sleep_with_a_child,
    write_matrices,
)
from suite_runs import cells, prepare_environment, run, suite_run

from hbpspmv.suite.cells.isolate import run_isolated
from hbpspmv.suite.cells.result_log import read_records
from hbpspmv.suite.cells.settings import Limits
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.sources import Source, file_sources


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    prepare_environment(monkeypatch)


@pytest.fixture
def matrices(tmp_path):
    write_matrices(tmp_path / "matrices", 1)
    return tmp_path / "matrices"


def test_a_contender_that_misbehaves_costs_its_own_cell_only(matrices, tmp_path):
    sources = file_sources([matrices / "band.npz"])
    records = run(sources, tmp_path / "out", *MISBEHAVING, ScipyCsr)
    told = {r["contender"]: (r["status"], r["message"]) for r in records}
    assert {name: status for name, (status, _) in told.items()} == {
        "crashing": "crashed",
        "exiting": "crashed",
        "hungry": "out-of-memory",
        "aborting": "out-of-memory",
        "wrong": "wrong",
        "lacking": "unavailable",
        "scipy": "ok",
    }
    assert "ended by SIGSEGV: Fatal Python error: Segmentation fault" in told["crashing"][1]
    assert told["exiting"][1] == "exit status 3: giving up"
    assert "allocate 16.0 GiB" in told["hungry"][1]
    assert "bad_alloc" in told["aborting"][1]
    assert "1 of 500 rows wrong, first row 3" in told["wrong"][1]
    wrong = next(r for r in records if r["contender"] == "wrong")
    assert (wrong["correct"], wrong["samples"], wrong["seconds"]) == (False, [], None)


def test_a_contender_that_hangs_is_stopped_at_the_time_limit(matrices, tmp_path):
    sources = file_sources([matrices / "band.npz"])
    for seconds in (4, 60):  # a busy machine may need more than the first to read the matrix
        limits = Limits(seconds=seconds)
        (record,) = run(sources, tmp_path / f"{seconds}", Hanging, limits=limits)
        if "not read" not in record["message"]:
            break
    assert (record["status"], record["message"]) == ("timeout", f"no result after {seconds} s")


def test_an_unreadable_matrix_costs_its_own_cells_only(tmp_path, capsys):
    matrices = tmp_path / "matrices"
    write_matrices(matrices, 1)
    (matrices / "bad.mtx").write_text("hello")
    assert suite_run(matrices, "--out", tmp_path / "out") == 1
    records = read_records(tmp_path / "out" / "results.jsonl")
    bad = [r for r in records if r["matrix"] == "bad"]
    assert [r["status"] for r in bad] == ["failed"] * 2
    assert "not read: bad: not a readable matrix" in bad[0]["message"]
    assert all(r["status"] == "ok" for r in records if r["matrix"] != "bad")
    assert str(tmp_path) not in (tmp_path / "out" / "results.jsonl").read_text()
    assert "bad: HBP: FAILED: not read" in capsys.readouterr().out


def test_a_matrix_that_is_not_downloaded_is_unavailable_until_it_is_retried(matrices, tmp_path):
    far = [Source("far", "graph", "G/far, not downloaded", not_there)]
    (record,) = run(far, tmp_path / "out", ScipyCsr)
    assert record["status"] == "unavailable"
    assert "hbpspmv fetch G/far" in record["message"]
    near = file_sources([matrices / "band.npz"])
    here = [Source("far", "graph", "here", near[0].load)]
    assert run(here, tmp_path / "out", ScipyCsr)[0]["status"] == "unavailable"
    (record,) = run(here, tmp_path / "out", ScipyCsr, retry=True)
    assert record["status"] == "ok"
    assert cells(tmp_path / "out") == [("far", "scipy")]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")
def test_a_process_over_its_time_is_ended_with_all_that_it_started(tmp_path):
    pids = tmp_path / "pids"
    for seconds in (2, 60):  # a busy machine may need more than the first to start the process
        task = partial(sleep_with_a_child, str(pids))
        outcome = run_isolated(task, Limits(seconds=seconds), tmp_path)
        assert (outcome.status, outcome.value) == ("timeout", None)
        if pids.exists():
            break
    deadline = time.monotonic() + 20
    while any(map(alive, pids.read_text().split())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, pids.read_text().split()))
