"""``hbpspmv suite run``: every cell in the result file once, however often a run is stopped."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from suite_contenders import Wrong, write_matrices
from suite_runs import COMMAND, Quiet, cells, prepare_environment, run, suite_run

from hbpspmv.cli import main
from hbpspmv.suite.cells.merged import merged
from hbpspmv.suite.cells.progress import CellProgress
from hbpspmv.suite.cells.result_log import encode, read_records
from hbpspmv.suite.cells.settings import CellSettings
from hbpspmv.suite.peers import OURS
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.sources import Source, file_sources

AS_FINISHED = CellSettings(quick=True, threads=2, processes=2)


@pytest.fixture
def matrices(tmp_path):
    write_matrices(tmp_path / "matrices")
    return tmp_path / "matrices"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished run of two matrices by us and SciPy."""
    folder = tmp_path_factory.mktemp("finished")
    write_matrices(folder / "matrices", 2)
    arguments = ["--threads", 2, "--memory-limit", "4G", "--processes", 2]
    assert suite_run(folder / "matrices", "--out", folder / "out", *arguments) == 0
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run, to go on from."""
    return shutil.copytree(finished, tmp_path / "copied")


def sources_of(folder, *names):
    return file_sources([folder / "matrices" / f"{name}.npz" for name in names])


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    prepare_environment(monkeypatch)


# ---- what a cell holds -----------------------------------------------------------------------


def test_every_cell_is_a_line_with_all_that_a_reader_needs(finished):
    out = finished / "out"
    records = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert cells(out) == [(name, c) for name in ("band", "graph") for c in ("hbp", "scipy")]
    record = records[2]
    assert (record["status"], record["correct"], record["message"]) == ("ok", True, "")
    assert record["facts"]["rows"] == 512
    assert record["facts"]["row_lengths"]["max"] > record["facts"]["row_lengths"]["mean"]
    assert len(record["facts"]["spy"]) == 64
    assert record["settings"]["threads"] == 2
    assert record["limits"] == {"memory_bytes": 4 << 30, "seconds": 600.0}
    for key in ("version", "title", "kernel", "build_seconds", "padding", "finished"):
        assert record[key] not in (None, "")
    assert record["machine"]["cpu"]
    assert [c["threads"] for c in record["ceilings"]] == [1, 2]
    assert record["peak_bytes"] > 1 << 20
    # The text of no path gets into the file.
    assert str(finished) not in (out / "results.jsonl").read_text()


def test_contender_and_baseline_are_timed_in_the_same_rounds(finished):
    ours, scipy = read_records(finished / "out" / "results.jsonl")[:2]
    assert len(ours["samples"]) == len(ours["baseline"]["samples"]) >= 6
    assert len(ours["processes"]) == 2
    assert sum(ours["processes"]) == len(ours["samples"])
    assert ours["baseline"]["contender"] == "scipy"
    times = np.concatenate(ours["samples"])
    assert ours["seconds"] == pytest.approx(np.median(times) / 1e9)
    assert scipy["samples"] == scipy["baseline"]["samples"]


def part(nanoseconds, status="ok", **more):
    samples = [[nanoseconds] * 4] * 3 if status == "ok" else []
    known = {"status": status, "samples": samples, "seconds": nanoseconds / 1e9, "gflops": 1.0}
    baseline = {"contender": "scipy", "samples": [[100] * 4] * 3}
    return {**known, "baseline": baseline, "build_seconds": 2.0, "other_load": 0.0, **more}


def test_processes_of_a_cell_are_one_result():
    whole = merged([part(10), part(30, build_seconds=4.0, other_load=0.3)])
    assert whole["processes"] == [3, 3]
    assert len(whole["samples"]) == len(whole["baseline"]["samples"]) == 6
    assert (whole["seconds"], whole["gflops"]) == pytest.approx((20e-9, 0.5))
    assert (whole["build_seconds"], whole["other_load"]) == (3.0, 0.3)


def test_a_contender_that_is_wrong_once_is_wrong():
    whole = merged([part(10), part(10, status="wrong", seconds=None)])
    assert (whole["status"], whole["samples"], whole["seconds"]) == ("wrong", [], None)


def test_two_matrices_of_one_name_are_refused_and_one_named_twice_is_one(copied):
    (source,) = sources_of(copied, "band")
    other = Source("band", "file", "elsewhere", source.load)
    with pytest.raises(ValueError, match=r"two matrices are called band: .*elsewhere"):
        run([source, other], copied / "out", ScipyCsr)
    assert len(run([source, source], copied / "out", ScipyCsr, settings=AS_FINISHED)) == 1


# ---- going on --------------------------------------------------------------------------------


def test_finished_cells_are_not_run_again_and_new_ones_are_added(copied):
    write_matrices(copied / "matrices", 3)
    out = copied / "out"
    content = (out / "results.jsonl").read_bytes()
    listener = Quiet()
    sources = sources_of(copied, "band", "graph", "grid")
    records = run(sources, out, OURS, ScipyCsr, settings=AS_FINISHED, listener=listener)
    assert listener.pending == 2
    added = [(r["matrix"], r["contender"]) for r in listener.records]
    assert added == [("grid", "hbp"), ("grid", "scipy")]
    assert (out / "results.jsonl").read_bytes().startswith(content)
    assert len(records) == 6
    assert ("machine", "read bandwidth") not in listener.steps  # taken over from the first run
    assert listener.records[0]["ceilings"] == records[0]["ceilings"] != []
    assert sorted(p.name for p in out.iterdir()) == [".lock", "results.jsonl"]


def test_a_cell_that_others_disturbed_is_measured_again_when_asked(copied):
    path = copied / "out" / "results.jsonl"
    disturbed = {**read_records(path)[1], "other_load": 0.5, "samples": [[1]]}
    path.write_bytes(encode(disturbed))
    sources = sources_of(copied, "band")
    again = partial(run, sources, copied / "out", ScipyCsr, settings=AS_FINISHED)
    assert again()[0]["samples"] == [[1]]
    assert len(again(retry=True)[0]["samples"]) >= 6
    assert cells(copied / "out") == [("band", "scipy")]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (replace(AS_FINISHED, dtype="float32"), "another --dtype: float64, and now float32"),
        (replace(AS_FINISHED, threads=1), "another --threads: 2, and now 1"),
        (replace(AS_FINISHED, processes=1), "another --processes: 2, and now 1"),
    ],
)
def test_results_under_other_conditions_are_not_mixed(settings, message, copied):
    with pytest.raises(ValueError, match=message):
        run(sources_of(copied, "band"), copied / "out", ScipyCsr, settings=settings)


def test_another_version_or_another_matrix_of_that_name_is_refused(copied, monkeypatch):
    write_matrices(copied / "matrices", 3)
    out = copied / "out"
    swapped = [Source("band", "file", "x", sources_of(copied, "grid")[0].load)]
    with pytest.raises(ValueError, match=r"band was \[500, 500, .* and is \[576, 576"):
        run(swapped, out, Wrong, settings=AS_FINISHED)
    monkeypatch.setattr(ScipyCsr, "version", classmethod(lambda cls: "0.1"))
    with pytest.raises(ValueError, match=r"version of SciPy: .*, and now 0\.1; choose another"):
        run(sources_of(copied, "band"), out, ScipyCsr, settings=AS_FINISHED)


def start(matrices, out):
    command = [*COMMAND, "suite", "run", "--quick", "--peers", "scipy", str(matrices)]
    return subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_killed_three_times_and_resumed_nothing_is_lost_or_double(matrices, tmp_path):
    out = tmp_path / "out"
    rng = random.Random(5)
    lines_before = 0
    for _ in range(3):
        process = start(matrices, out)
        target = lines_before + rng.randint(0, 1)
        path = out / "results.jsonl"
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and process.poll() is None:
            if path.exists() and path.read_bytes().count(b"\n") >= target:
                break
            time.sleep(0.01)
        time.sleep(rng.random() * 0.4)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=100)
        kept = path.read_bytes().count(b"\n")
        assert kept >= lines_before
        lines_before = kept
    # What a stop in the middle of a write leaves behind.
    with (out / "results.jsonl").open("ab") as file:
        file.write(b'{"schema":1,"matrix":"grid","contender":"hbp","sta')
    process = start(matrices, out)
    text, _ = process.communicate(timeout=100)
    assert process.returncode == 0, text
    assert "6 cells in" in text
    assert cells(out) == [(m, c) for m in ("band", "graph", "grid") for c in ("hbp", "scipy")]
    assert not (out / ".work").exists()


def test_ctrl_c_ends_cleanly_and_a_second_run_at_a_time_is_refused(matrices, tmp_path, capsys):
    out = tmp_path / "out"
    process = start(matrices, out)
    line = process.stdout.readline()
    while not line.startswith("[1/6]") and line:
        line = process.stdout.readline()
    assert suite_run(matrices, "--out", out) == 1
    assert "another run is writing there" in capsys.readouterr().err
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "Traceback" not in text
    assert "interrupted" in text
    assert "the finished cells are kept" in text
    assert 1 <= len(cells(out)) < 6
    assert not (out / ".work").exists()


# ---- the command -----------------------------------------------------------------------------


def test_the_bar_tells_the_time_left_from_what_cells_took(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    progress = CellProgress()
    record = {"matrix": "m", "title": "T", "status": "ok", "gflops": 2.5, "message": ""}
    with progress.shown():
        progress.begin(10, [{"contender": "a", "process_seconds": 4.0}])
        progress.finished({**record, "contender": "b", "process_seconds": 16.0})
    assert progress._left() == "about 90 s left" or progress._left() == "about 2 min left"
    assert sys.stdout.getvalue().splitlines() == [
        "1 finished cells are kept",
        "[1/10] m: T: 2.50 GFLOP/s",
    ]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no pseudo-terminals")
def test_a_terminal_sees_the_bar_and_every_cell(tmp_path):
    pytest.importorskip("rich")
    write_matrices(tmp_path / "matrices", 1)
    ours, theirs = os.openpty()
    arguments = ["suite", "run", "--quick", "--peers", "scipy", str(tmp_path / "matrices")]
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--out", str(tmp_path / "out")],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    content = b""
    try:
        while part := os.read(ours, 4096):
            content += part
    except OSError:
        pass  # how Linux reports that the other side is closed
    assert process.wait(timeout=100) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", content.decode())
    assert re.search(r"1/2 .*about \d+ s left.*band: SciPy", text)
    assert re.search(r"band: HBP: \d+\.\d\d GFLOP/s", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.mtx"], "absent.mtx: no such file or directory"),
        (["embedded-quick", "--peers", "nonesuch"], "unknown peer 'nonesuch'"),
    ],
)
def test_an_error_comes_before_anything_is_written(
    arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["suite", "run", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["embedded-quick", "--time-limit", "0"], "'0' is not a positive number of seconds"),
        (["embedded-quick", "--memory-limit", "8X"], "'8X' is not a size such as"),
        ([], "usage: hbpspmv suite run"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["suite", "run", *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
