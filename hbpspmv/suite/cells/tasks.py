"""What the processes of a suite run do: measure the machine, prepare a matrix, measure a cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

import hbpspmv
from hbpspmv.suite.ceilings import SECONDS, Ceilings, measure_ceilings
from hbpspmv.suite.cells.facts import matrix_facts
from hbpspmv.suite.cells.settings import CellSettings
from hbpspmv.suite.device_clock import DeviceClock
from hbpspmv.suite.gpu import current_gpu
from hbpspmv.suite.machine import OtherLoad, last_level_cache_bytes
from hbpspmv.suite.measure import measure_matrix, prepare
from hbpspmv.suite.peers import Contender
from hbpspmv.suite.timing import WALL_CLOCK, Clock, cache_flusher

_PREPARED = "matrix.npz"
_QUICK_SECONDS = SECONDS / 10


def measure_machine(machine: dict[str, Any], settings: CellSettings) -> list[dict[str, Any]]:
    """Return the CPU's ceilings for one thread and for as many as the run uses; none of CUDA's."""
    if settings.device != "cpu":
        return []
    seconds = _QUICK_SECONDS if settings.quick else SECONDS
    threads = sorted({1, settings.threads})
    return [asdict(measure_ceilings(machine, n, seconds)) for n in threads]


def prepare_matrix(
    load: Callable[[], Any], kind: str, settings: CellSettings, folder: Path
) -> dict[str, Any]:
    """Read a matrix once, leave it in `folder` for its cells, and return the facts about it."""
    matrix = prepare(load(), settings.dtype)
    arrays = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
    np.savez(folder / _PREPARED, shape=matrix.shape, **arrays)
    return matrix_facts(matrix, kind)


def measure_cell(
    contender: type[Contender],
    baseline: type[Contender],
    settings: CellSettings,
    machine: dict[str, Any],
    ceilings: list[dict[str, Any]],
    folder: Path,
) -> dict[str, Any]:
    """Measure one contender in rounds with the baseline, on the matrix that lies in `folder`.

    Returns
    -------
    dict
        The contender's `Measurement` without what follows from its samples; ``samples``, and
        those of the baseline, in nanoseconds by round and product; ``other_load``, the share of
        all CPUs that other processes used meanwhile.
    """
    with np.load(folder / _PREPARED) as stored:
        arrays = tuple(stored[name] for name in ("data", "indices", "indptr"))
        matrix = csr_array(arrays, shape=tuple(stored["shape"].tolist()))
    flush = cache_flusher(2 * last_level_cache_bytes(machine)) if settings.cold else None
    clock: Clock = WALL_CLOCK
    if settings.device == "cuda":
        clock = device_clock = DeviceClock(current_gpu())
        flush = device_clock.flush
    limits = {c["threads"]: Ceilings(**c) for c in ceilings}
    samples: dict[str, list[list[int]]] = {}
    hbpspmv.set_num_threads(settings.threads)  # for our build, which takes no argument for it
    load = OtherLoad()
    measured = measure_matrix(
        matrix,
        list(dict.fromkeys((contender, baseline))),
        settings.threads,
        settings.schedule,
        limits,
        flush,
        on_samples=samples.__setitem__,
        clock=clock,
    )
    other_load = load.share()
    own = measured[contender.name]
    return {
        "status": own.status,
        "message": own.message,
        "correct": {"ok": True, "wrong": False}.get(own.status),
        "samples": samples.get(contender.name, []),
        "baseline": {"contender": baseline.name, "samples": samples.get(baseline.name, [])},
        "seconds": own.seconds,
        "gflops": own.gflops,
        "build_seconds": own.build_seconds,
        "kernel": own.kernel,
        "remark": own.remark,
        "matrix_nbytes": own.matrix_nbytes,
        "gathers": own.gathers,
        "encodings": own.encodings,
        "padding": own.padding,
        "bounds": own.limits,
        "other_load": other_load,
    }
