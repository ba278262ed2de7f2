"""What a benchmark run measured: the records behind every table, chart and file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hbpspmv.suite.ceilings import Ceilings
from hbpspmv.suite.costs import build_costs
from hbpspmv.suite.mean import geometric_mean
from hbpspmv.suite.roofline import Roofline
from hbpspmv.suite.values import FEW

SCHEMA = 2


@dataclass
class Measurement:
    """One contender on one matrix.

    Attributes
    ----------
    status : {"ok", "wrong", "failed", "out-of-memory", "unavailable", "crashed", "timeout"}
        "wrong" means a row outside its error bound. Only "ok" is timed; the last two are told by
        a process that watches the contender's own.
    seconds, lower_quartile, upper_quartile : float or None
        Median and quartiles of all timed products.
    round_medians : list of float
        One median per round, in seconds: how steady the run was.
    matrix_nbytes, gathers : int
        What one product reads of the contender's own storage, and how many elements of it load
        their x on their own.
    encodings : dict of str to int
        Blocks by how their values are stored.
    padding : float or None
        Stored elements that are padding, over the nonzeros; None where it is not known.
    limits : dict of str to float
        Least seconds of a product by memory, gather and instructions.
    bound : str
        The limit that takes longest, or "" when none is known.
    bound_share, bandwidth_share : float or None
        How much of the measured time that limit, and the limit of the memory, explains; on a
        device the latter is a copy's bandwidth.
    memory_bandwidth : float or None
        Bytes per second that as many threads read from memory after its turns, the median; None
        where the working set stays in a cache. `bandwidth_share` is the median of the turns then,
        each against its own reading.
    """

    contender: str
    status: str
    message: str = ""
    kernel: str = "csr"
    remark: str = ""
    build_seconds: float | None = None
    matrix_nbytes: int = 0
    gathers: int = 0
    encodings: dict[str, int] = field(default_factory=dict)
    padding: float | None = None
    seconds: float | None = None
    lower_quartile: float | None = None
    upper_quartile: float | None = None
    n_samples: int = 0
    round_medians: list[float] = field(default_factory=list)
    gflops: float | None = None
    gbytes_per_second: float | None = None
    limits: dict[str, float] = field(default_factory=dict)
    bound: str = ""
    bound_share: float | None = None
    bandwidth_share: float | None = None
    memory_bandwidth: float | None = None

    def take_samples(self, rounds: Sequence[Sequence[float]], n_flops: int, nbytes: int) -> None:
        """Fill in the times and rates from nanoseconds by round and product."""
        times = np.concatenate([np.asarray(times, dtype=np.float64) for times in rounds]) / 1e9
        lower, median, upper = (float(q) for q in np.percentile(times, (25, 50, 75)))
        self.lower_quartile, self.seconds, self.upper_quartile = lower, median, upper
        self.n_samples = int(times.size)
        self.round_medians = [float(np.median(times)) / 1e9 for times in rounds]
        self.gflops = n_flops / median / 1e9
        self.gbytes_per_second = nbytes / median / 1e9

    def take_bounds(self, roofline: Roofline) -> None:
        """Fill in what limits a product whose times have been taken."""
        self.limits, self.bound = asdict(roofline), roofline.bound
        if self.seconds:
            self.bound_share = roofline.seconds / self.seconds
            self.bandwidth_share = roofline.memory / self.seconds

    def take_memory_rates(self, rates: Sequence[float], nbytes: int) -> None:
        """Fill in the share of the memory's bandwidth from that of each turn."""
        self.memory_bandwidth = float(np.median(rates))
        shares = [
            nbytes / seconds / rate for seconds, rate in zip(self.round_medians, rates, strict=True)
        ]
        self.bandwidth_share = float(np.median(shares))
        if self.bound == "memory":
            self.bound_share = self.bandwidth_share

    def take_copy_bandwidth(self, bandwidth: float) -> None:
        """Fill in which share of a copy's bytes per second a product moves, if it was timed."""
        if self.gbytes_per_second is not None:
            self.bandwidth_share = self.gbytes_per_second * 1e9 / bandwidth

    @property
    def values_coded(self) -> bool:
        """Whether most blocks store a constant or places in a table of a few values."""
        coded = self.encodings.get("constant", 0) + self.encodings.get("few", 0)
        return 2 * coded > sum(self.encodings.values())


@dataclass
class MatrixResult:
    """All contenders on one matrix; `measurements` is in the order of the report, ours first.

    Attributes
    ----------
    distinct_values : int
        As `count_distinct` returns it: FEW + 1 stands for more than FEW.
    """

    name: str
    kind: str
    source: str
    rows: int
    cols: int
    nnz: int
    dtype: str
    csr_nbytes: int
    distinct_values: int
    measurements: dict[str, Measurement]

    def ratio(self, ours: str, peer: str) -> float | None:
        """Return how many times faster `ours` was than `peer`, or None if either has no time."""
        mine, other = self.measurements.get(ours), self.measurements.get(peer)
        if mine is None or other is None or mine.seconds is None or other.seconds is None:
            return None
        return other.seconds / mine.seconds

    def best_peer(self, ours: str) -> str | None:
        """Return the fastest correct contender other than `ours`."""
        timed = [
            (m.seconds, name)
            for name, m in self.measurements.items()
            if name != ours and m.seconds is not None
        ]
        return min(timed)[1] if timed else None

    def best_ratio(self, ours: str) -> float | None:
        """Return how many times faster `ours` was than the fastest peer."""
        peer = self.best_peer(ours)
        return None if peer is None else self.ratio(ours, peer)

    def noise(self, ours: str, peer: str) -> float | None:
        """Return how far the ratio to `peer` differs between both halves of the rounds.

        0.02 means that one half gave a ratio 2 % above the other's.
        """
        if self.ratio(ours, peer) is None:
            return None
        mine, other = (self.measurements[name].round_medians for name in (ours, peer))
        # In processes of their own they may have different numbers of rounds.
        half, half_other = len(mine) // 2, len(other) // 2
        if half == 0 or half_other == 0:
            return None
        early = np.median(other[:half_other]) / np.median(mine[:half])
        late = np.median(other[half_other:]) / np.median(mine[half:])
        return float(max(early / late, late / early) - 1)

    def values_repeat(self, ours: str) -> bool:
        """Return whether the values are few, or coded by most blocks of our format."""
        return self.distinct_values <= FEW or self.measurements[ours].values_coded


@dataclass(frozen=True)
class Summary:
    """The ratios against one opponent over all matrices.

    Attributes
    ----------
    repeating, distinct : float or None
        The geometric mean over the matrices whose values repeat, and over the others.
    losses : int
        Matrices with a ratio below 1.
    noise : float or None
        Median over the matrices of how far the ratio differs between the halves of the rounds.
    """

    opponent: str
    count: int
    geometric_mean: float
    repeating: float | None
    distinct: float | None
    minimum: float
    maximum: float
    losses: int
    noise: float | None


@dataclass
class Run:
    """A whole benchmark run.

    Attributes
    ----------
    contenders : dict
        What is known of each, by name, ours first.
    ceilings : list of Ceilings
        What the machine reaches with one thread, and with as many as the run uses.
    device : dict
        What is known and was measured of a CUDA device; empty where the CPU computes.
    call_overhead : dict of str to float
        Seconds of ``A @ x`` with a small matrix, by class.
    started : str
        Date and time in UTC, ISO 8601.
    busy_share : float
        Share of all CPUs that other processes used just before the run.
    missing, errors : list of str
        One line per peer that is not installed, and per matrix that could not be measured.
    complete : bool
        False while the run goes on and after it was interrupted.
    """

    machine: dict[str, Any]
    settings: dict[str, Any]
    contenders: dict[str, dict[str, Any]]
    ceilings: list[Ceilings] = field(default_factory=list)
    device: dict[str, Any] = field(default_factory=dict)
    call_overhead: dict[str, float] = field(default_factory=dict)
    started: str = ""
    busy_share: float = 0.0
    missing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    complete: bool = False
    matrices: list[MatrixResult] = field(default_factory=list)

    @property
    def ours(self) -> str:
        """Name of the contender that the ratios are about: the first one."""
        return next(iter(self.contenders))

    @property
    def peers(self) -> list[str]:
        """Names of the other contenders."""
        return list(self.contenders)[1:]

    def title(self, name: str) -> str:
        """Return a contender's heading."""
        return str(self.contenders[name]["title"])

    def ranked(self) -> list[MatrixResult]:
        """Return the matrices by falling ratio to the best peer; those without one at the end."""
        ours = self.ours
        return sorted(self.matrices, key=lambda m: -(m.best_ratio(ours) or -math.inf))

    def summaries(self) -> list[Summary]:
        """Return the summary against the best peer of each matrix, then against every peer."""
        best = [(m, m.best_peer(self.ours)) for m in self.matrices]
        table = [("best peer", [(m, peer) for m, peer in best if peer is not None])]
        table += [(self.title(peer), [(m, peer) for m in self.matrices]) for peer in self.peers]
        known = [self._summary(opponent, pairs) for opponent, pairs in table]
        return [summary for summary in known if summary is not None]

    def _summary(self, opponent: str, pairs: list[tuple[MatrixResult, str]]) -> Summary | None:
        rows = [
            (ratio, m.values_repeat(self.ours), m.noise(self.ours, peer))
            for m, peer in pairs
            if (ratio := m.ratio(self.ours, peer)) is not None
        ]
        ratios = [ratio for ratio, _, _ in rows]
        mean = geometric_mean(ratios)
        if mean is None:
            return None
        noises = [noise for _, _, noise in rows if noise is not None]
        return Summary(
            opponent,
            len(ratios),
            mean,
            geometric_mean([ratio for ratio, repeat, _ in rows if repeat]),
            geometric_mean([ratio for ratio, repeat, _ in rows if not repeat]),
            min(ratios),
            max(ratios),
            sum(ratio < 1 for ratio in ratios),
            float(np.median(noises)) if noises else None,
        )

    def wrong(self, contender: str | None = None) -> list[tuple[str, Measurement]]:
        """Return (matrix, measurement) of every product that was wrong or failed."""
        return [
            (m.name, measurement)
            for m in self.matrices
            for name, measurement in m.measurements.items()
            if measurement.status != "ok" and contender in (None, name)
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the run as plain dictionaries and lists, with the derived ratios."""
        document = {"schema": SCHEMA, **asdict(self)}
        for record, matrix in zip(document["matrices"], self.matrices, strict=True):
            record["best_peer"] = matrix.best_peer(self.ours)
            record["ratio_to_best_peer"] = matrix.best_ratio(self.ours)
            record["ratios"] = {peer: matrix.ratio(self.ours, peer) for peer in self.peers}
            record["noise"] = {peer: matrix.noise(self.ours, peer) for peer in self.peers}
        document["costs"] = asdict(build_costs(self))
        document["summaries"] = [asdict(summary) for summary in self.summaries()]
        return document
