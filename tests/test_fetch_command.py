"""The fetch command: what users type, what they see, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from matrix_server import COLS, MATRIX, NNZ, ROWS, MatrixServer, Request, good_archive

from hbpspmv.cli import main
from hbpspmv.suite import registry
from hbpspmv.suite.fetch.get import DEFAULT_URL, URL_ENVIRONMENT, base_url
from hbpspmv.suite.store import ENVIRONMENT

COMMAND = [sys.executable, "-P", "-m", "hbpspmv.cli"]
PATH = "/MM/Test/good.tar.gz"


@pytest.fixture
def server(monkeypatch):
    pytest.importorskip("pooch")
    matrix_server = MatrixServer()
    matrix_server.content[PATH] = good_archive(noise=300_000)
    monkeypatch.setenv(URL_ENVIRONMENT, matrix_server.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield matrix_server
    matrix_server.close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mine(tmp_path):
    """A set file with a matrix of the local server and one that can be built."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'description = "mine"\n'
        'members = ["Test/good", "JGD_BIBD/bibd_9_3"]\n'
        'matrices = [{ group = "Test", name = "good", kind = "test",'
        f" rows = {ROWS}, cols = {COLS}, nnz = {NNZ} }}]\n"
    )
    return path


def test_fetch_then_bench_of_the_same_set(server, mine, tmp_path, capsys):
    assert main(["fetch", str(mine)]) == 0
    text = capsys.readouterr()
    assert text.err == ""
    assert "[1/2] Test/good: downloaded " in text.out
    assert "[2/2] JGD_BIBD/bibd_9_3: built in " in text.out
    out = tmp_path / "out"
    assert main(["bench", str(mine), "--quick", "--peers", "none", "--out", str(out)]) == 0
    matrices = json.loads((out / "results.json").read_text())["matrices"]
    assert [(m["name"], m["kind"], m["nnz"]) for m in matrices] == [
        ("good", "test", NNZ),
        ("bibd_9_3", "combinatorial problem", 252),
    ]


def test_without_a_name_the_sets_are_listed(capsys, cache):
    assert main(["fetch", "bibd_9_3"]) == 0
    capsys.readouterr()
    assert main(["fetch"]) == 0
    text = capsys.readouterr().out
    for matrices in registry.built_in().sets.values():
        assert matrices.description in text
    (line,) = (line for line in text.splitlines() if line.startswith("classic"))
    assert line.split()[1:4] == ["13", "0", "0"]
    assert f"cache directory: {cache} ($HBPSPMV_CACHE chooses another)" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonesuch"], "no matrix or set is called 'nonesuch'"),
        (["gone.toml"], "No such file or directory: 'gone.toml'"),
        (["karate", "--matrices", "gone"], "gone: no such directory"),
    ],
)
def test_error_is_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["fetch", *arguments]) == 1
    text = capsys.readouterr()
    assert text.out == ""
    assert text.err.startswith("hbpspmv: error: ")
    assert message in text.err
    assert text.err.count("\n") == 1


@pytest.mark.parametrize("word", ["embedded", "embedded-quick"])
def test_embedded_matrices_need_no_fetch(word, capsys):
    assert main(["fetch", word, "bibd_9_3"]) == 0
    text = capsys.readouterr().out
    assert f"{word}: generated when it is used, nothing to fetch" in text
    assert "[1/1] JGD_BIBD/bibd_9_3: built in " in text


def test_a_failure_is_told_and_is_the_exit_status(server, mine, capsys):
    server.content.clear()
    assert main(["fetch", str(mine)]) == 1
    text = capsys.readouterr().out
    assert "[1/2] Test/good: failed: " in text
    assert "HTTP 404" in text
    assert "[2/2] JGD_BIBD/bibd_9_3: built in " in text
    assert "1 of 2 matrices were not fetched" in text
    assert "without them" not in text


def test_offline_says_so_and_what_can_be_done(server, mine, capsys, monkeypatch):
    server.close()
    monkeypatch.setattr("hbpspmv.suite.fetch.download.time.sleep", lambda seconds: None)
    assert main(["fetch", str(mine)]) == 1
    text = capsys.readouterr().out
    assert "downloads do not work: " in text
    for choice in ("constructible", "--matrices DIR", "bench DIR", "bench embedded"):
        assert choice in text
    assert "built in " in text


def test_a_size_limit_can_be_given(server, mine, capsys):
    assert main(["fetch", str(mine), "--max-size", "1K"]) == 1
    assert "--max-size allows 1,024" in capsys.readouterr().out


def test_archives_from_a_folder_are_used(mine, tmp_path, capsys):
    (tmp_path / "good.tar.gz").write_bytes(good_archive())
    assert main(["fetch", str(mine), "--matrices", str(tmp_path)]) == 0
    assert f"taken from {tmp_path / 'good.tar.gz'}" in capsys.readouterr().out


def test_bench_of_what_is_not_fetched_names_the_command(capsys):
    assert main(["bench", "classic", "--peers", "none"]) == 1
    assert "to get it: hbpspmv fetch classic" in capsys.readouterr().err


def test_the_server_is_the_collection_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv(URL_ENVIRONMENT, raising=False)
    assert base_url() == DEFAULT_URL
    monkeypatch.setenv(URL_ENVIRONMENT, "http://mirror/")
    assert base_url() == "http://mirror/"


def test_ctrl_c_ends_cleanly_and_the_next_fetch_goes_on(server, mine, cache, capsys):
    server.script = [Request.stall]
    process = subprocess.Popen(
        [*COMMAND, "fetch", str(mine)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.sent_half.wait(100)
        # Until the process has it too: what it wrote is seen in the part's size.
        part = cache / "Test" / ".good.tar.gz.part"
        deadline = 2000
        while (not part.exists() or part.stat().st_size < 1 << 16) and deadline:
            server.release.wait(0.05)
            deadline -= 1
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=100)
    finally:
        process.kill()
    assert process.returncode == 130, stderr
    assert "interrupted: what was fetched is kept" in stdout
    assert "Traceback" not in stdout + stderr
    left = {p.name for p in (cache / "Test").iterdir()}
    assert left == {".good.tar.gz.part", ".good.tar.gz.part.mark"}
    assert main(["fetch", str(mine)]) == 0
    assert server.ranges[1].startswith("bytes=")
    assert (cache / "Test" / "good.mtx").read_bytes() == MATRIX


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no pseudo-terminals")
def test_a_terminal_gets_a_progress_bar_and_a_pipe_does_not(server, mine):
    pytest.importorskip("rich")
    piped = subprocess.run([*COMMAND, "fetch", str(mine)], capture_output=True, timeout=100)
    assert piped.returncode == 0, piped.stderr
    assert b"\x1b" not in piped.stdout

    server.content["/MM/Test/good.tar.gz"] = good_archive(noise=300_000)
    for path in (mine.parent / "cache" / "Test").glob("*.mtx"):
        path.unlink()
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "fetch", str(mine)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
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
    assert "Test/good: download" in text
    assert "━" in text
    assert "[1/2] Test/good: downloaded " in text


def test_the_data_files_are_part_of_the_installed_package():
    import hbpspmv

    assert any(registry.FOLDER.is_relative_to(folder) for folder in hbpspmv.__path__)
    assert {path.stem for path in registry.FOLDER.glob("*.toml")} > {"collection", "classic"}
