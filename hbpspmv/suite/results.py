"""What a benchmark run measured: the records behind every table, chart and file."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

SCHEMA = 1


@dataclass
class Measurement:
    """One contender on one matrix.

    Attributes
    ----------
    status : {"ok", "wrong", "failed"}
        "wrong" means a row outside its error bound: such a contender is not timed.
    seconds, lower_quartile, upper_quartile : float or None
        Median and quartiles of all timed products.
    round_medians : list of float
        One median per round, in seconds: how steady the run was.
    matrix_nbytes : int
        What one product reads of the contender's own storage.
    """

    contender: str
    status: str
    message: str = ""
    kernel: str = "csr"
    remark: str = ""
    build_seconds: float | None = None
    matrix_nbytes: int = 0
    seconds: float | None = None
    lower_quartile: float | None = None
    upper_quartile: float | None = None
    n_samples: int = 0
    round_medians: list[float] = field(default_factory=list)
    gflops: float | None = None
    gbytes_per_second: float | None = None

    def take_samples(self, rounds: list[list[int]], n_flops: int, nbytes: int) -> None:
        """Fill in the times and rates from nanoseconds by round and product."""
        times = np.concatenate([np.asarray(times, dtype=np.float64) for times in rounds]) / 1e9
        lower, median, upper = (float(q) for q in np.percentile(times, (25, 50, 75)))
        self.lower_quartile, self.seconds, self.upper_quartile = lower, median, upper
        self.n_samples = int(times.size)
        self.round_medians = [float(np.median(times)) / 1e9 for times in rounds]
        self.gflops = n_flops / median / 1e9
        self.gbytes_per_second = nbytes / median / 1e9


@dataclass
class MatrixResult:
    """All contenders on one matrix; `measurements` is in the order of the report, ours first."""

    name: str
    kind: str
    source: str
    rows: int
    cols: int
    nnz: int
    dtype: str
    csr_nbytes: int
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


@dataclass(frozen=True)
class Summary:
    """The ratios against one opponent over all matrices."""

    opponent: str
    count: int
    geometric_mean: float
    minimum: float
    maximum: float
    losses: int

    @classmethod
    def of(cls, opponent: str, ratios: list[float]) -> Summary:
        """Summarise ratios; a ratio below 1 is a loss."""
        mean = math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
        losses = sum(r < 1 for r in ratios)
        return cls(opponent, len(ratios), mean, min(ratios), max(ratios), losses)


@dataclass
class Run:
    """A whole benchmark run.

    Attributes
    ----------
    contenders : dict
        What is known of each, by name, ours first.
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
        table = [("best peer", [m.best_ratio(self.ours) for m in self.matrices])]
        for peer in self.peers:
            table.append((self.title(peer), [m.ratio(self.ours, peer) for m in self.matrices]))
        known = [(name, [r for r in ratios if r is not None]) for name, ratios in table]
        return [Summary.of(name, ratios) for name, ratios in known if ratios]

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
        document["summaries"] = [asdict(summary) for summary in self.summaries()]
        return document
