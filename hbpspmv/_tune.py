"""The fastest layout of a matrix by measured times of its products: ``tune="measure"``."""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import replace

import numpy as np

from hbpspmv._cache import Source
from hbpspmv._cost_model import choose_layout
from hbpspmv._geometry import LANES, MAX_BLOCK_COLS, Geometry
from hbpspmv._options import Options, Tuning
from hbpspmv._plan import Plan
from hbpspmv._validate import DType, positive_integer

#: The layouts that are measured beside CSR and the cost model's choice. 512 x 4096 is the published
#: block; 65,536 is the most that 16-bit indices allow; 32,768 rows leave room for x in an L2 of
#: 1 MiB; 8,192 rows and 16,384 columns keep a block's parts of x and y in caches of 256 KiB; 4,096
#: columns keep x in L1; blocks of all columns cut no row.
BLOCK_ROWS = (512, 8192, 32_768, 65_536)
BLOCK_COLS = (4096, 16_384, 65_536, MAX_BLOCK_COLS)

#: A layout takes the lead only if it needs less than this share of the leader's time: noise of
#: 1 to 2 % must not displace the cost model's choice, which comes first.
_LEAD = 0.98

_ROUNDS = 7

#: Of one contender in one round: long enough for the clock, and for what a product leaves in the
#: caches to count as in a solver.
_ROUND_SECONDS = 1e-3

#: No further round is begun after this time, so that huge matrices cost few products.
_SECONDS = 0.25


def require_tune(tune: object, options: Options, n_vectors: object) -> int:
    """Refuse what cannot be tuned; the number of vectors to tune for."""
    if tune != "measure":
        raise ValueError(f"tune is {tune!r}, expected 'measure'")
    for name in ("geometry", "expected_calls"):
        if getattr(options, name) is not None:
            raise ValueError(f"tune and {name} exclude each other: tune chooses the layout")
    return positive_integer(1 if n_vectors is None else n_vectors, "n_vectors")


def layouts(shape: tuple[int, int], chosen: Geometry) -> list[Geometry | None]:
    """The layouts to measure, each once: `chosen`, CSR (None), then all combinations."""
    # Blocks larger than the matrix are all alike.
    n_rows, n_cols = (max(n, 1) for n in shape)
    combinations = (
        Geometry(min(rows, n_rows), min(cols, n_cols), lanes)
        for rows, cols, lanes in itertools.product(BLOCK_ROWS, BLOCK_COLS, LANES)
    )
    return list(dict.fromkeys((chosen, None, *combinations)))


def duel(first: Plan, second: Plan, n_vectors: int) -> tuple[float, float]:
    """Seconds of one product of each of two plans: medians of alternating rounds."""
    plans = (first, second)
    columns = () if n_vectors == 1 else (n_vectors,)
    x = np.random.default_rng(0).random((first.shape[1], *columns)).astype(first.dtype)
    y = np.empty((first.shape[0], *columns), first.dtype)

    def seconds(plan: Plan, calls: int) -> float:
        run = plan.run_many if columns else plan.run
        start = time.perf_counter()
        for _ in range(calls):
            run(x, y, 1.0, 0.0, plan.num_threads)
        return (time.perf_counter() - start) / calls

    begin = time.perf_counter()
    # The first product of each warms the caches and wakes the threads; the second one is counted
    # to find out how many make a round.
    slowest = max(seconds(plan, 1) for _ in range(2) for plan in plans)
    calls = max(1, min(1000, int(_ROUND_SECONDS / max(slowest, 1e-9))))
    times: tuple[list[float], list[float]] = ([], [])
    for count in range(_ROUNDS):
        if count >= 3 and time.perf_counter() - begin > _SECONDS:
            break
        for i in (0, 1) if count % 2 == 0 else (1, 0):
            times[i].append(seconds(plans[i], calls))
    return statistics.median(times[0]), statistics.median(times[1])


def tuned(source: Source, dtype: DType, options: Options, n_vectors: int) -> tuple[Plan, Options]:
    """The plan of `source` fastest with `n_vectors`, and options that give it without a search.

    Never more than two plans exist at a time.
    """
    csr, owned, fingerprint = source
    chosen = choose_layout(csr, dtype).geometry

    def plan(layout: Geometry | None) -> Plan:
        asked = replace(options, tuning=Tuning(layout))
        return Plan(csr, dtype, asked, owned=owned, fingerprint=fingerprint)

    first, *others = layouts(csr.shape, chosen)
    best, winner = plan(first), first
    seconds: dict[Geometry | None, float] = {}
    for layout in others:
        challenger = plan(layout)
        leader_time, challenger_time = duel(best, challenger, n_vectors)
        # Ratios of one duel, as the machine may be busier in the next.
        leader = seconds.setdefault(winner, leader_time)
        seconds[layout] = leader * challenger_time / leader_time
        if challenger_time < _LEAD * leader_time:
            best, winner = challenger, layout
        del challenger
    tuning = Tuning(winner, tuple(seconds.items()), n_vectors)
    best.tuning, best.reason = tuning, tuning.reason
    return best, replace(options, tuning=tuning)
