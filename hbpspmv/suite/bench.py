"""The benchmark run: matrix after matrix, every finished one kept."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import hbpspmv
from hbpspmv.suite.ceilings import Ceilings, measure_ceilings
from hbpspmv.suite.device_clock import DeviceClock, measure_device
from hbpspmv.suite.gpu import Gpu
from hbpspmv.suite.machine import describe_machine, last_level_cache_bytes
from hbpspmv.suite.measure import measure_matrix, prepare
from hbpspmv.suite.overhead import measure_call_overhead
from hbpspmv.suite.results import MatrixResult, Run
from hbpspmv.suite.roster import Roster
from hbpspmv.suite.sources import Source
from hbpspmv.suite.timing import QUICK, WALL_CLOCK, Clock, Product, Schedule, cache_flusher
from hbpspmv.suite.traffic import csr_nbytes
from hbpspmv.suite.values import count_distinct


@dataclass(frozen=True)
class Settings:
    """What a run was asked for."""

    dtype: str = "float64"
    threads: int = 1
    quick: bool = False
    cold: bool = False
    min_nnz: int = 0
    turn_seconds: float = Schedule.turn_seconds
    device: str = "cpu"

    @property
    def schedule(self) -> Schedule:
        """The timing effort. Longer turns have more products, in proportion."""
        longer = max(1.0, self.turn_seconds / Schedule.turn_seconds)
        return replace(
            QUICK if self.quick else Schedule(),
            turn_seconds=self.turn_seconds,
            max_products=round(Schedule.max_products * longer),
        )


class Listener(Protocol):
    """Who is told of a run's progress."""

    def step(self, matrix: str, step: str) -> None:
        """Announce what is about to be done; never called while a product is timed."""

    def finished(self, result: MatrixResult | None, line: str) -> None:
        """Announce that a matrix is done, or why it has no result."""


def run_bench(
    sources: Sequence[Source],
    roster: Roster,
    settings: Settings,
    listener: Listener,
    keep: Callable[[Run], object] = lambda run: None,
    busy_share: float = 0.0,
    gpu: Gpu | None = None,
) -> Run:
    """Measure all matrices.

    Ctrl-C ends the run early: the result then has ``complete == False`` and holds the matrices
    that were finished. A matrix that cannot be read is an entry of ``errors``.

    Parameters
    ----------
    sources : sequence of Source
        What to measure, in order.
    roster : Roster
        Who takes part.
    settings : Settings
        How.
    listener : Listener
        Told of each step.
    keep : callable, optional
        Called with the run after every finished matrix, to save it.
    busy_share : float, optional
        What other processes use of the CPUs, for the record.
    gpu : Gpu, optional
        Where the contenders of the roster compute, if that is not the CPU.
    """
    machine = describe_machine()
    run = Run(
        machine=machine,
        settings={**asdict(settings), "schedule": asdict(settings.schedule)},
        contenders=roster.describe(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        busy_share=busy_share,
        missing=list(roster.missing),
    )
    if gpu is None:
        listener.step("machine", "read bandwidth and call overhead")
        run.ceilings = [measure_ceilings(machine, n) for n in sorted({1, settings.threads})]
        run.call_overhead = measure_call_overhead()
        flush = cache_flusher(2 * last_level_cache_bytes(machine)) if settings.cold else None
        conditions = _Conditions({c.threads: c for c in run.ceilings}, flush)
    else:
        listener.step("device", "copy bandwidth")
        run.device = measure_device(gpu)
        clock = DeviceClock(gpu)
        conditions = _Conditions({}, clock.flush, clock, run.device["copy_bandwidth"])
    threads_before = hbpspmv.get_num_threads()
    hbpspmv.set_num_threads(settings.threads)  # for the build, which takes no argument for it
    try:
        for source in sources:
            try:
                result = _measure_source(source, roster, settings, conditions, listener)
            except (ValueError, OSError, MemoryError) as error:
                line = str(error) or type(error).__name__
                if not line.startswith(source.origin):
                    line = f"{source.name}: {line}"
                run.errors.append(line)
                listener.finished(None, f"error: {line}")
                continue
            if result is None:
                listener.finished(
                    None, f"{source.name}: skipped, below {settings.min_nnz} nonzeros"
                )
                continue
            run.matrices.append(result)
            listener.finished(result, _line(run, result))
            keep(run)
            gc.collect()
        run.complete = True
    except KeyboardInterrupt:
        listener.finished(None, "interrupted: the matrices finished so far are kept")
    finally:
        hbpspmv.set_num_threads(threads_before)
    return run


@dataclass(frozen=True)
class _Conditions:
    """What the products of a run are timed with, and weighed against."""

    ceilings: dict[int, Ceilings]
    flush: Product | None
    clock: Clock = WALL_CLOCK
    copy_bandwidth: float | None = None


def _measure_source(
    source: Source,
    roster: Roster,
    settings: Settings,
    conditions: _Conditions,
    listener: Listener,
) -> MatrixResult | None:
    listener.step(source.name, "read")
    matrix = prepare(source.load(), settings.dtype)
    if matrix.nnz < settings.min_nnz:
        return None
    measurements = measure_matrix(
        matrix,
        roster.contenders,
        settings.threads,
        settings.schedule,
        conditions.ceilings,
        conditions.flush,
        lambda step: listener.step(source.name, step),
        clock=conditions.clock,
    )
    if conditions.copy_bandwidth:
        for measurement in measurements.values():
            measurement.take_copy_bandwidth(conditions.copy_bandwidth)
    return MatrixResult(
        name=source.name,
        kind=source.kind,
        source=source.origin,
        rows=matrix.shape[0],
        cols=matrix.shape[1],
        nnz=int(matrix.nnz),
        dtype=matrix.dtype.name,
        csr_nbytes=csr_nbytes(matrix),
        distinct_values=count_distinct(matrix.data),
        measurements=measurements,
    )


def _line(run: Run, result: MatrixResult) -> str:
    """Return the one line about a finished matrix."""
    ours = result.measurements[run.ours]
    text = f"{result.name}: {result.rows:,} x {result.cols:,}, {result.nnz:,} nonzeros: "
    if ours.gflops is None:
        return f"{text}{run.title(run.ours)} {ours.status.upper()}: {ours.message}"
    text += f"{run.title(run.ours)} {ours.gflops:.2f} GFLOP/s"
    for peer in run.peers:
        m, ratio = result.measurements[peer], result.ratio(run.ours, peer)
        text += f", {run.title(peer)} " + (m.status if ratio is None else f"x{ratio:.2f}")
    return text
