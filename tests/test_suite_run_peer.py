"""Peers from files: the one that CONTRIBUTING shows, and files that are none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from suite_contenders import write_matrices

from hbpspmv.cli import main
from hbpspmv.suite.cells.result_log import read_records
from hbpspmv.suite.peers import PEERS
from hbpspmv.suite.peers.from_file import load_peer
from hbpspmv.suite.roster import assemble

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def shown(tmp_path):
    """The peer in CONTRIBUTING, in a file."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (code,) = [c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Contender" in c]
    assert code.count("\n") < 40
    path = tmp_path / "scipy_bsr.py"
    path.write_text(code)
    return path


def test_the_peer_that_contributing_shows_takes_part(shown, tmp_path, capsys):
    write_matrices(tmp_path / "m", 1)
    out = tmp_path / "out"
    arguments = ["--quick", "--peers", f"scipy,{shown}", "--out", str(out)]
    assert main(["suite", "run", str(tmp_path / "m"), *arguments]) == 0
    records = {r["contender"]: r for r in read_records(out / "results.jsonl")}
    assert list(records) == ["hbp", "scipy", "scipy_bsr"]
    own = records["scipy_bsr"]
    assert (own["status"], own["correct"], own["title"]) == ("ok", True, "SciPy BSR")
    assert own["build_seconds"] > 0
    assert main(["suite", "report", str(out)]) == 0
    assert "SciPy BSR" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1", "defines 0 contenders, expected one"),
        (
            "from hbpspmv.suite.peers.scipy_csr import ScipyCsr\n"
            "class A(ScipyCsr): name = 'a'\nclass B(ScipyCsr): name = 'b'",
            "defines 2 contenders, expected one",
        ),
    ],
)
def test_a_file_that_is_no_peer_says_so(code, message, tmp_path):
    (tmp_path / "peer.py").write_text(code)
    with pytest.raises(ValueError, match=message):
        load_peer(tmp_path / "peer.py")


def test_missing_file_and_taken_names_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.py: no such file"):
        assemble([str(tmp_path / "absent.py")])
    for name in (PEERS[0].name, "hbp"):
        path = tmp_path / f"{name}.py"
        path.write_text(
            "from hbpspmv.suite.peers.scipy_csr import ScipyCsr\n"
            f"class Other(ScipyCsr): name = {name!r}"
        )
        with pytest.raises(ValueError, match="two contenders have the same name"):
            assemble([str(path)])
