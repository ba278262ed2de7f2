"""What a suite run was asked for, and which of it must agree within one result file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from hbpspmv.suite.timing import QUICK, Schedule

# A cell times its contender and the baseline, where the bench times about four contenders.
_CELL = replace(Schedule(), budget_seconds=Schedule.budget_seconds / 2)


@dataclass(frozen=True)
class CellSettings:
    """How every cell of a run is measured.

    Attributes
    ----------
    dtype : str
        Of the values and vectors; a complex matrix stays complex.
    threads : int
        For every contender that takes a number of threads.
    device : {"cpu", "cuda"}
        Where the contenders compute.
    quick : bool
        Fewer rounds.
    cold : bool
        Empty the caches before each timed product.
    processes : int
        How many processes, one after the other, measure each cell: what differs from one to the
        next, such as the placement in memory, is seen by no other means.
    """

    dtype: str = "float64"
    threads: int = 1
    device: str = "cpu"
    quick: bool = False
    cold: bool = False
    processes: int = 1

    @property
    def schedule(self) -> Schedule:
        """The timing effort of one process."""
        whole = QUICK if self.quick else _CELL
        return replace(whole, budget_seconds=whole.budget_seconds / self.processes)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for the result file."""
        return {**asdict(self), "schedule": asdict(self.schedule)}


@dataclass(frozen=True)
class Limits:
    """What one process may use before it is stopped.

    Attributes
    ----------
    memory_bytes : int
        Private writable memory, as the system counts it (RLIMIT_DATA); 0 for no limit.
    seconds : float
        Wall time.
    """

    memory_bytes: int = 0
    seconds: float = 600.0


# What results of one file must share to be comparable, of `describe_machine`.
_SAME_MACHINE = ("cpu", "cpus", "isa", "hbpspmv")


def refuse_other_conditions(
    record: dict[str, Any],
    settings: CellSettings,
    machine: dict[str, Any],
    versions: dict[str, str],
) -> None:
    """Raise ValueError when a finished cell was made under other conditions than this run's.

    Parameters
    ----------
    record : dict
        A line of the result file.
    settings : CellSettings
        Of the run that wants to go on.
    machine : dict
        As `describe_machine` returns it.
    versions : dict of str to str
        Of each contender that takes part.
    """
    pairs = [(f"--{k}", record["settings"].get(k), v) for k, v in asdict(settings).items()]
    pairs += [(key, record["machine"].get(key), machine.get(key)) for key in _SAME_MACHINE]
    name = record["contender"]
    if name in versions:
        pairs.append((f"version of {record['title']}", record["version"], versions[name]))
    for what, then, now in pairs:
        if then != now:
            raise ValueError(
                f"the results there were made with another {what}: {then}, and now {now}; "
                "choose another --out"
            )
