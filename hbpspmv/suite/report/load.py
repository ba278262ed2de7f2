"""A result file as the run that a report is about, its times brought to the same conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hbpspmv.suite.ceilings import Ceilings
from hbpspmv.suite.cells.result_log import RESULTS, Record, is_disturbed, read_records
from hbpspmv.suite.peers import CONTENDERS
from hbpspmv.suite.report.cell import Cell, ratio_interval
from hbpspmv.suite.results import MatrixResult, Measurement, Run
from hbpspmv.suite.roofline import Roofline
from hbpspmv.suite.traffic import flops, product_nbytes

PENDING = "pending"
_ORDER = [c.name for peers, ours in CONTENDERS.values() for c in (ours, *peers)]


@dataclass
class SuiteResults:
    """The cells of one result file.

    Attributes
    ----------
    run : Run
        Matrices and measurements with times as if all cells of a matrix had met the same
        conditions: each multiplied by the baseline's median over all cells of the matrix and
        divided by the baseline's in its own rounds.
    cells : dict of (str, str) to Cell
        By matrix and contender.
    facts : dict of str to dict
        Of each matrix that could be read.
    drift : dict of str to float
        How far the baseline's time differs between the cells of a matrix: 0.1 means that the
        slowest was 10 % above the fastest.
    """

    run: Run
    cells: dict[tuple[str, str], Cell]
    facts: dict[str, dict[str, Any]]
    drift: dict[str, float] = field(default_factory=dict)

    @property
    def baseline(self) -> str:
        """Title of the contender that is timed beside every other; "none" without any time."""
        names = (c.record["baseline"]["contender"] for c in self.cells.values() if c.timed)
        name = next(names, "none")
        return self.run.title(name) if name in self.run.contenders else name

    @property
    def noise(self) -> float:
        """Between processes: the typical standard deviation of the baseline's log time."""
        spreads = [
            float(np.std(np.log(times), ddof=1))
            for m in self.run.matrices
            if len(times := self._baseline_times(m.name)) > 1
        ]
        return float(np.median(spreads)) if spreads else 0.0

    def _baseline_times(self, matrix: str) -> list[float]:
        return [
            cell.baseline_nanoseconds
            for (name, _), cell in self.cells.items()
            if name == matrix and cell.record["baseline_timed"]
        ]

    def interval(self, matrix: str, ours: str, peer: str | None) -> tuple[float, float] | None:
        """Return the 95 % interval of how many times faster `ours` was than `peer`."""
        if peer is None:
            return None
        mine, other = self.cells.get((matrix, ours)), self.cells.get((matrix, peer))
        if mine is None or other is None or not (mine.timed and other.timed):
            return None
        return ratio_interval(other.draws(), mine.draws())

    def disturbed(self) -> list[Cell]:
        """Return the cells that other processes disturbed while they were measured."""
        return [cell for cell in self.cells.values() if is_disturbed(cell.record)]

    def bad(self) -> list[Cell]:
        """Return the cells without a result."""
        return [cell for cell in self.cells.values() if cell.record["status"] != "ok"]


def result_file(path: Path) -> Path:
    """Return the result file that a user means by a folder or by the file itself."""
    return path / RESULTS if path.is_dir() else path


def load_results(path: Path) -> SuiteResults:
    """Read the cells of a folder or file.

    Raises
    ------
    FileNotFoundError
        There is no result file.
    ValueError
        It holds no cell, or a damaged one.
    """
    path = result_file(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file; to make one: hbpspmv suite run")
    records = read_records(path)
    if not records:
        raise ValueError(f"{path}: holds no finished cell")
    for record in records:
        samples = record.get("baseline", {}).get("samples")
        record["baseline_timed"] = bool(samples)
    cells = {(r["matrix"], r["contender"]): Cell(r) for r in records}
    facts = {r["matrix"]: r["facts"] for r in records if "nnz" in r["facts"]}
    results = SuiteResults(_empty_run(records), cells, facts)
    names = list(results.run.contenders)
    for matrix in dict.fromkeys(r["matrix"] for r in records):
        _add_matrix(results, matrix, names)
    return results


def _empty_run(records: list[Record]) -> Run:
    first = records[0]
    about = {r["contender"]: r for r in records}
    order = sorted(about, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    loads = [r["other_load"] for r in records if r.get("other_load") is not None]
    return Run(
        machine=first["machine"],
        settings=first["settings"],
        contenders={
            name: {key: about[name][key] for key in ("title", "version", "method", "has_build")}
            for name in order
        },
        ceilings=[_ceilings(c) for c in first["ceilings"]],
        started=min(r["finished"] for r in records),
        busy_share=float(np.median(loads)) if loads else 0.0,
        missing=list(records[-1]["missing"]),
        complete=True,
    )


def _ceilings(stored: dict[str, Any]) -> Ceilings:
    return Ceilings(
        stored["threads"],
        tuple(stored["cache_bytes"]),
        tuple((size, rate) for size, rate in stored["bandwidth"]),
        tuple(stored["random_seconds"]),
    )


def _add_matrix(results: SuiteResults, matrix: str, names: list[str]) -> None:
    own = {name: results.cells.get((matrix, name)) for name in names}
    known = [cell for cell in own.values() if cell is not None]
    results.run.complete &= len(known) == len(names)
    facts = results.facts.get(matrix)
    if facts is None:
        results.run.errors.append(f"{matrix}: {known[0].record['message']}")
        return
    times = [c.baseline_nanoseconds for c in known if c.record["baseline_timed"]]
    usual = float(np.median(times)) if times else None
    if times:
        results.drift[matrix] = max(times) / min(times) - 1
    results.run.matrices.append(
        MatrixResult(
            name=matrix,
            kind=facts["kind"],
            source="",
            rows=facts["rows"],
            cols=facts["cols"],
            nnz=facts["nnz"],
            dtype=facts["dtype"],
            csr_nbytes=facts["csr_nbytes"],
            distinct_values=facts["distinct_values"],
            measurements={name: _measurement(name, cell, usual) for name, cell in own.items()},
        )
    )


def _measurement(name: str, cell: Cell | None, usual: float | None) -> Measurement:
    if cell is None:
        return Measurement(name, PENDING, "this cell was not run yet")
    record, facts = cell.record, cell.record["facts"]
    m = Measurement(name, record["status"], record["message"])
    for key in ("kernel", "remark", "build_seconds", "matrix_nbytes", "encodings", "padding"):
        if key in record:
            setattr(m, key, record[key])
    m.gathers = record.get("gathers", 0)
    if not record["samples"]:
        return m
    factor = usual / cell.baseline_nanoseconds if usual and cell.timed else 1.0
    dtype = np.dtype(facts["dtype"])
    nbytes = product_nbytes(m.matrix_nbytes, (facts["rows"], facts["cols"]), dtype.itemsize)
    scaled = [[t * factor for t in times] for times in record["samples"]]
    m.take_samples(scaled, flops(facts["nnz"], dtype), nbytes)
    if usual and cell.timed:
        m.round_medians = (cell.rounds / cell.baseline_rounds * usual / 1e9).tolist()
    if record["bounds"]:
        m.take_bounds(Roofline(**record["bounds"]))
    return m
