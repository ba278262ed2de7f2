"""What the run ran on: processor, memory, system and versions."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy

import hbpspmv


def describe_machine() -> dict[str, Any]:
    """Return the facts that a reader needs to compare results, in the order of the report.

    Returns
    -------
    dict
        cpu, cpus (that this process may use), isa, l1d_bytes, l2_bytes, l3_bytes, memory_bytes,
        realtime_priority (of this process, 0 for a normal one), system, python, numpy, scipy,
        hbpspmv, compiler. What the system does not tell is 0.
    """
    config: dict[str, Any] = hbpspmv.show_config(mode="dicts") or {}
    return {
        "cpu": config.get("cpu") or platform.processor() or platform.machine(),
        "cpus": len(usable_cpus()),
        "isa": config.get("isa", ""),
        "l1d_bytes": config.get("l1d_bytes", 0),
        "l2_bytes": config.get("l2_bytes", 0),
        "l3_bytes": config.get("l3_bytes", 0),
        "memory_bytes": _memory_bytes(),
        "realtime_priority": _realtime_priority(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "hbpspmv": config.get("version", ""),
        "compiler": config.get("compiler", ""),
    }


def usable_cpus() -> list[int]:
    """Return the numbers of the CPUs in the affinity mask, or of all where there is no mask."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def busy_share(seconds: float = 0.3) -> float:
    """Return which share of all CPUs other processes use, by watching while this one sleeps.

    Returns
    -------
    float
        From 0 to 1, with time stolen by a hypervisor; 0 where the system does not tell.
    """
    before = _cpu_ticks()
    time.sleep(seconds)
    spent = [after - then for after, then in zip(_cpu_ticks(), before, strict=True)]
    total = sum(spent)
    idle = sum(spent[3:5])  # idle, waiting for a disk
    return 1 - idle / total if total else 0.0


class OtherLoad:
    """Watches, from its start on, which share of all CPUs other processes than this one use."""

    def __init__(self) -> None:
        self._ticks, self._own = _cpu_ticks(), time.process_time()

    def share(self) -> float | None:
        """Return the share so far, from 0 to 1; None where the system does not tell."""
        spent = [now - then for now, then in zip(_cpu_ticks(), self._ticks, strict=True)]
        total = sum(spent)
        if total == 0:
            return None
        own = (time.process_time() - self._own) * os.sysconf("SC_CLK_TCK")
        busy = total - sum(spent[3:5])
        return min(max(busy - own, 0.0) / total, 1.0)


def _cpu_ticks() -> list[int]:
    """Return user, nice, system, idle, iowait, irq, softirq and steal ticks of all CPUs."""
    try:
        return [int(word) for word in Path("/proc/stat").read_text().split()[1:9]]
    except (OSError, ValueError):
        return []


def last_level_cache_bytes(machine: dict[str, Any]) -> int:
    """Return the largest cache of a described machine, 32 MiB when it is not known."""
    return max(machine["l3_bytes"], machine["l2_bytes"]) or 32 << 20


def available_memory_bytes() -> int:
    """Return how much memory a new process could have now; 0 where the system does not tell."""
    return _memory_bytes("MemAvailable:")


def _memory_bytes(entry: str = "MemTotal:") -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith(entry):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _realtime_priority() -> int:
    """Return the priority by which this process goes before all normal ones; 0 if it does not."""
    return os.sched_getparam(0).sched_priority if hasattr(os, "sched_getparam") else 0


def machine_line(machine: dict[str, Any]) -> str:
    """Return one line about the machine for people.

    Examples
    --------
    >>> facts = {"cpu": "A", "cpus": 2, "isa": "avx2", "l1d_bytes": 32768, "l2_bytes": 1048576,
    ...          "l3_bytes": 0, "memory_bytes": 8 << 30}
    >>> machine_line(facts)
    'A, 2 CPUs, avx2, L1d 32 KiB, L2 1 MiB, 8 GiB memory'
    """
    parts = [machine["cpu"], f"{machine['cpus']} CPUs", machine["isa"]]
    for label, key in (("L1d", "l1d_bytes"), ("L2", "l2_bytes"), ("L3", "l3_bytes")):
        if machine[key]:
            parts.append(f"{label} {size(machine[key])}")
    if machine["memory_bytes"]:
        parts.append(f"{size(machine['memory_bytes'])} memory")
    if machine.get("realtime_priority"):  # results of earlier versions do not tell
        parts.append(f"real-time priority {machine['realtime_priority']}")
    return ", ".join(part for part in parts if part)


def size(nbytes: float) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> size(98304), size(5 * 1024**2)
    ('96 KiB', '5 MiB')
    """
    for unit in ("B", "KiB", "MiB"):
        if nbytes < 1024:
            return f"{nbytes:.3g} {unit}"
        nbytes /= 1024
    return f"{nbytes:.3g} GiB"
