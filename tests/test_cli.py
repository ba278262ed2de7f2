"""The command: what users type, what they see, and how it ends when something is wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from scipy.io import mmwrite
from scipy.sparse import csr_array, save_npz

from hbpspmv.cli import main
from hbpspmv.suite.generators import laplacian_2d, rmat
from hbpspmv.suite.sources import Source

COMMAND = [sys.executable, "-P", "-m", "hbpspmv.cli"]


@pytest.fixture
def mtx(tmp_path):
    path = tmp_path / "grid.mtx"
    mmwrite(path, laplacian_2d(60))
    return path


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out" / "deep"


def bench(*arguments):
    return main(["bench", "--quick", "--peers", "scipy", *map(str, arguments)])


def test_bench_of_a_file_prints_the_table_and_writes_the_results(mtx, out, capsys):
    assert bench(mtx, "--out", out, "--threads", 2) == 0
    text = capsys.readouterr()
    assert text.err == ""
    assert "[1/1] grid: 3,600 x 3,600, 17,760 nonzeros: HBP " in text.out
    assert "x: how many times faster HBP is" in text.out
    assert "geometric mean" in text.out
    assert "% of bw" in text.out
    for line in ("read bandwidth of 2 threads: L2 ", "one A @ x with 100 rows: hbp_array "):
        assert line in text.out
    assert "HBP build, geometric means: " in text.out
    assert f"written: {out / 'results.json'}" in text.out
    document = json.loads((out / "results.json").read_text())
    assert document["complete"]
    assert document["settings"]["threads"] == 2
    (matrix,) = document["matrices"]
    assert (matrix["name"], matrix["rows"], matrix["nnz"]) == ("grid", 3600, 17760)
    assert matrix["source"] == str(mtx)
    ours = matrix["measurements"]["hbp"]
    assert ours["status"] == "ok"
    assert ours["n_samples"] >= 12
    assert ours["kernel"] in ("hbp", "csr")


def test_bench_of_a_directory_with_a_bad_file_measures_the_rest_and_fails(mtx, out, capsys):
    save_npz(mtx.parent / "also.npz", csr_array(np.eye(5)))
    (mtx.parent / "broken.mtx").write_text("hello")
    assert bench(mtx.parent, "--out", out) == 1
    text = capsys.readouterr().out
    assert f"error: {mtx.parent / 'broken.mtx'}: not a readable matrix" in text
    names = [m["name"] for m in json.loads((out / "results.json").read_text())["matrices"]]
    assert names == ["also", "grid"]


def test_bench_leaves_out_small_matrices(mtx, out, capsys):
    assert bench(mtx, "--out", out, "--min-nnz", 10**6) == 0
    assert "grid: skipped, below 1000000 nonzeros" in capsys.readouterr().out


def test_bench_without_any_peer(mtx, out, capsys):
    assert main(["bench", "--quick", "--peers", "none", str(mtx), "--out", str(out)]) == 0
    assert "no ratios.png: no matrix was timed against a peer" in capsys.readouterr().out


def test_large_matrices_are_added_on_the_cpu_too(mtx, out, monkeypatch):
    small = Source("big", "kind", "generated", lambda: rmat(7))
    monkeypatch.setattr("hbpspmv.suite.large.large_sources", lambda: [small])
    assert bench(mtx, "--large", "--peers", "none", "--out", out) == 0
    names = [m["name"] for m in json.loads((out / "results.json").read_text())["matrices"]]
    assert names == [mtx.name.split(".")[0], "big"]


@pytest.mark.parametrize(
    ("dtype", "used"), [("float32", "complex64"), ("complex128", "complex128")]
)
def test_bench_takes_a_complex_matrix_as_complex(dtype, used, tmp_path, out):
    rng = np.random.default_rng(1)
    matrix = rmat(7).astype(np.complex128)
    matrix.data = matrix.data + 1j * rng.standard_normal(matrix.nnz)
    save_npz(tmp_path / "c.npz", matrix)
    assert bench(tmp_path / "c.npz", "--out", out, "--dtype", dtype) == 0
    (matrix,) = json.loads((out / "results.json").read_text())["matrices"]
    assert matrix["dtype"] == used
    assert matrix["measurements"]["hbp"]["status"] == "ok"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bench", "absent.mtx"], "absent.mtx: no such file or directory"),
        (["bench", "--peers", "nonesuch"], "unknown peer 'nonesuch', expected some of mkl"),
        (["info", "absent.mtx"], "absent.mtx: no such file or directory"),
        (["info", "./wrong.txt"], "wrong.txt: no such file or directory"),
        (["info", "embedded-quick"], "embedded-quick stands for 18 matrices, expected one"),
    ],
)
def test_error_is_one_line_on_standard_error(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    text = capsys.readouterr()
    assert text.out == ""
    assert text.err.startswith("hbpspmv: error: ")
    assert message in text.err
    assert text.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonesuch"], ["bench", "--threads", "0"], ["bench", "--min-nnz", "-1"], ["info"]],
)
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: hbpspmv" in capsys.readouterr().err


def test_unwritable_output_is_an_error_before_anything_is_measured(mtx, capsys):
    assert bench(mtx, "--out", mtx / "below-a-file") == 1
    text = capsys.readouterr()
    assert "below-a-file" in text.err
    assert "[1/1]" not in text.out


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("hbpspmv 0.")


def test_info_of_a_matrix_that_wants_hbp(tmp_path, capsys):
    save_npz(tmp_path / "graph.npz", rmat(12))
    assert main(["info", str(tmp_path / "graph.npz")]) == 0
    text = capsys.readouterr().out
    for words in ("4,096 x 4,096", "skewed: the longest tenth", "many distinct", "Advice: "):
        assert words in text


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (csr_array((0, 0)), ("0 x 0", "no rows", "none stored")),
        (csr_array((5, 3)), ("no nonzeros", "5 of 5 rows")),
        (csr_array(np.eye(4)), ("all equal to 1", "Advice: CSR, with the threaded kernel: ")),
        (csr_array(1j * np.eye(4)), ("complex128 in the file, complex128 here", "all equal")),
    ],
    ids=["empty", "zero", "small", "complex"],
)
def test_info_of_small_matrices(matrix, words, tmp_path, capsys):
    save_npz(tmp_path / "m.npz", matrix)
    assert main(["info", str(tmp_path / "m.npz")]) == 0
    text = capsys.readouterr().out
    for word in words:
        assert word in text


def test_ctrl_c_keeps_finished_matrices_and_exits_130(tmp_path):
    for i in range(200):
        save_npz(tmp_path / f"m{i:03}.npz", laplacian_2d(50))
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*COMMAND, "bench", str(tmp_path), "--peers", "scipy", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 100
    while not (out / "results.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=100)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stdout + stderr
    assert "interrupted" in stdout
    document = json.loads((out / "results.json").read_text())
    assert not document["complete"]
    assert 1 <= len(document["matrices"]) < 200


def test_reader_that_goes_away_is_no_traceback(mtx):
    done = subprocess.run(
        " ".join([*COMMAND, "info", str(mtx), "| true"]),
        shell=True,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no pseudo-terminals")
@pytest.mark.parametrize("columns", [80, 160])
def test_table_fits_the_terminal(columns, mtx, out):
    import fcntl
    import struct
    import termios

    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    arguments = ["bench", "--quick", "--peers", "scipy", str(mtx), "--out", str(out)]
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb", "COLUMNS": str(columns)},
    )
    os.close(theirs)
    content = b""
    try:
        while part := os.read(ours, 4096):
            content += part
    except OSError:
        pass  # how Linux reports that the other side is closed
    assert process.wait(timeout=100) == 0
    text = content.decode()
    assert "x: how many times faster HBP is" in text
    frame = ("┏", "┃", "┡", "│", "└", "---", "grid ")
    table = [line for line in text.splitlines() if line.startswith(frame)]
    assert len(table) >= 2
    assert all(len(line) <= columns for line in table)
