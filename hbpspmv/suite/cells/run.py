"""A suite run: every pending cell in its own process, written down when it is finished."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from hbpspmv.suite.cells.isolate import Outcome, run_isolated
from hbpspmv.suite.cells.merged import merged
from hbpspmv.suite.cells.result_log import SCHEMA, Record, ResultLog, cell_key, is_disturbed
from hbpspmv.suite.cells.settings import CellSettings, Limits, refuse_other_conditions
from hbpspmv.suite.cells.tasks import measure_cell, measure_machine, prepare_matrix
from hbpspmv.suite.machine import describe_machine
from hbpspmv.suite.peers import Contender
from hbpspmv.suite.peers.cusparse import CusparseAlg1
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.roster import Roster
from hbpspmv.suite.sources import Source

# Timed beside every contender on a device: each is there wherever anything is, and neutral.
BASELINES: dict[str, type[Contender]] = {"cpu": ScipyCsr, "cuda": CusparseAlg1}
_WORK = ".work"
_SAME_MATRIX = ("rows", "cols", "nnz", "dtype")


class Listener(Protocol):
    """Who is told of a run's progress."""

    def begin(self, pending: int, finished: Sequence[Record]) -> None:
        """Take the number of cells to run, and the cells that earlier runs have finished."""

    def step(self, matrix: str, step: str) -> None:
        """Announce what is about to be done."""

    def finished(self, record: Record) -> None:
        """Announce a finished cell, which is on the disk."""


def run_cells(
    sources: Sequence[Source],
    roster: Roster,
    settings: CellSettings,
    limits: Limits,
    folder: Path,
    listener: Listener,
    retry: bool = False,
) -> list[Record]:
    """Run all cells that are not finished yet.

    KeyboardInterrupt passes through; what was finished before it is kept.

    Parameters
    ----------
    sources : sequence of Source
        The matrices, in order.
    roster : Roster
        Who takes part.
    settings : CellSettings
        How to measure.
    limits : Limits
        Of every process.
    folder : Path
        Where ``results.jsonl`` is, or comes into being.
    listener : Listener
        Told of each step.
    retry : bool, optional
        Run those cells again that did not end well or that other processes disturbed.

    Returns
    -------
    list of dict
        The records of all cells asked for, from earlier runs as well.

    Raises
    ------
    ValueError
        Two matrices have the same name, the results in `folder` were made under other
        conditions, or another run is writing there.
    """
    sources = _distinct(sources)
    asked = {(s.name, c.name) for s in sources for c in roster.contenders}
    machine = describe_machine()
    with ResultLog(folder) as log:
        for record in log.records:
            refuse_other_conditions(record, settings, machine, roster.versions)
        if retry:
            log.drop(lambda r: cell_key(r) in asked and (r["status"] != "ok" or is_disturbed(r)))
        listener.begin(len(asked - log.finished), log.records)
        work = folder / _WORK
        shutil.rmtree(work, ignore_errors=True)  # what a killed run left
        work.mkdir()
        try:
            _Runner(roster, settings, limits, log, work, machine, listener).run(sources)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return [r for r in log.records if cell_key(r) in asked]


def _distinct(sources: Sequence[Source]) -> list[Source]:
    """Return each matrix once; ValueError when two different ones share a name."""
    known: dict[str, Source] = {}
    for source in sources:
        other = known.setdefault(source.name, source)
        if other.origin != source.origin:
            raise ValueError(
                f"two matrices are called {source.name}: {other.origin} and {source.origin}"
            )
    return list(known.values())


class _Runner:
    def __init__(
        self,
        roster: Roster,
        settings: CellSettings,
        limits: Limits,
        log: ResultLog,
        work: Path,
        machine: dict[str, Any],
        listener: Listener,
    ) -> None:
        self._roster, self._about = roster, roster.describe()
        self._settings, self._limits = settings, limits
        self._log, self._work, self._listener = log, work, listener
        self._machine = machine
        self._ceilings: list[dict[str, Any]] = []

    def run(self, sources: Sequence[Source]) -> None:
        finished = self._log.finished
        for source in sources:
            contenders = [
                c for c in self._roster.contenders if (source.name, c.name) not in finished
            ]
            if contenders:
                self._measure_ceilings()
                self._run_matrix(source, contenders)

    def _measure_ceilings(self) -> None:
        """Measure the machine before the first cell of a file; later runs take that over."""
        if self._ceilings:
            return
        if self._log.records:
            self._ceilings = self._log.records[0]["ceilings"]
            return
        self._listener.step("machine", "read bandwidth")
        outcome = self._isolated(partial(measure_machine, self._machine, self._settings))
        if outcome.status != "ok":
            raise RuntimeError(f"the machine could not be measured: {outcome.message}")
        self._ceilings = outcome.value

    def _isolated(self, function: Any) -> Outcome:
        return run_isolated(function, self._limits, self._work)

    def _run_matrix(self, source: Source, contenders: Sequence[type[Contender]]) -> None:
        self._listener.step(source.name, "read")
        read = self._isolated(
            partial(prepare_matrix, source.load, source.kind, self._settings, self._work)
        )
        if read.status == "ok":
            self._refuse_another_matrix(source, read.value)
        for contender in contenders:
            self._listener.step(source.name, contender.title)
            if read.status == "ok":
                record = self._record(source, contender, read.value, self._measure(contender))
            else:
                record = self._record(source, contender, {"kind": source.kind}, read)
                # Results hold no path of the machine they were made on.
                record["message"] = f"not read: {read.message.replace(source.origin, source.name)}"
            self._log.append(record)
            self._listener.finished(record)

    def _measure(self, contender: type[Contender]) -> Outcome:
        """Measure a cell in as many processes as asked for, until one ends badly."""
        cell = partial(
            measure_cell,
            contender,
            BASELINES[self._settings.device],
            self._settings,
            self._machine,
            self._ceilings,
            self._work,
        )
        outcomes: list[Outcome] = []
        while len(outcomes) < self._settings.processes:
            outcomes.append(self._isolated(cell))
            if outcomes[-1].status != "ok":
                return outcomes[-1]
        return replace(
            outcomes[0],
            value=merged([outcome.value for outcome in outcomes]),
            seconds=sum(outcome.seconds for outcome in outcomes),
            peak_bytes=max(outcome.peak_bytes for outcome in outcomes),
        )

    def _refuse_another_matrix(self, source: Source, facts: dict[str, Any]) -> None:
        for record in self._log.records:
            if record["matrix"] == source.name and "nnz" in record["facts"]:
                then, now = ([f[k] for k in _SAME_MATRIX] for f in (record["facts"], facts))
                if then != now:
                    raise ValueError(
                        f"{source.name} was {then} in the results there and is {now} now "
                        f"({', '.join(_SAME_MATRIX)}); choose another --out"
                    )

    def _record(
        self,
        source: Source,
        contender: type[Contender],
        facts: dict[str, Any],
        outcome: Outcome,
    ) -> Record:
        measured = outcome.value if outcome.status == "ok" else {}
        return {
            "schema": SCHEMA,
            "matrix": source.name,
            "contender": contender.name,
            "status": outcome.status,
            "message": outcome.message,
            "correct": None,
            "samples": [],
            **measured,
            "process_seconds": round(outcome.seconds, 3),
            "peak_bytes": outcome.peak_bytes,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            **self._about[contender.name],
            "serial": contender.serial,
            "facts": facts,
            "settings": self._settings.to_json(),
            "limits": asdict(self._limits),
            "machine": self._machine,
            "ceilings": self._ceilings,
            "missing": self._roster.missing,
        }
