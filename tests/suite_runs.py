"""Suite runs in tests: how they are started, and who listens to them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from suite_contenders import no_ceilings, roster_of

from hbpspmv.cli import main
from hbpspmv.suite.cells.result_log import read_records
from hbpspmv.suite.cells.run import run_cells
from hbpspmv.suite.cells.settings import CellSettings, Limits

COMMAND = [sys.executable, "-P", "-m", "hbpspmv.cli"]
QUICK = CellSettings(quick=True)
LIMITS = Limits(memory_bytes=4 << 30, seconds=120)


def prepare_environment(monkeypatch) -> None:
    """Let processes find the contenders of the tests, and none measure the machine.

    They import contenders by name, so they need the path of this folder. The bandwidth takes a
    process of its own; it is measured where a test starts the command in one.
    """
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setattr("hbpspmv.suite.cells.run.measure_machine", no_ceilings)


class Quiet:
    """A listener that remembers."""

    def __init__(self):
        self.pending, self.records, self.steps = None, [], []

    def begin(self, pending, finished):
        self.pending = pending

    def step(self, matrix, step):
        self.steps.append((matrix, step))

    def finished(self, record):
        self.records.append(record)


def run(sources, out, *contenders, settings=QUICK, limits=LIMITS, listener=None, **more):
    roster = roster_of(*contenders)
    return run_cells(sources, roster, settings, limits, out, listener or Quiet(), **more)


def suite_run(*arguments):
    return main(["suite", "run", "--quick", "--peers", "scipy", *map(str, arguments)])


def cells(out):
    return [(r["matrix"], r["contender"]) for r in read_records(out / "results.jsonl")]
