"""A function run in its own process, under limits: a crash, hang or lack of memory is an answer."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hbpspmv.suite.cells.child import Task
from hbpspmv.suite.cells.settings import Limits
from hbpspmv.suite.peers.from_file import loaded_files

_SLICE = 1.0  # longest wait between two looks at the clock
_NO_MEMORY = re.compile(r"bad_alloc|MemoryError|[Oo]ut of memory|Cannot allocate memory")
_LINE = 300  # characters of a library's last words


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes
    ----------
    status : {"ok", "failed", "unavailable", "out-of-memory", "timeout", "crashed"}
        "ok" means that the function returned.
    value : object
        What the function returned.
    message : str
        Why it did not.
    seconds : float
        Wall time of the process.
    peak_bytes : int
        Most memory that it held at a time.
    """

    status: str
    value: Any
    message: str
    seconds: float
    peak_bytes: int


def run_isolated(function: Callable[[], Any], limits: Limits, folder: Path) -> Outcome:
    """Call a function in a new process.

    Parameters
    ----------
    function : callable
        Can be pickled and returns what JSON can hold.
    limits : Limits
        Of the process.
    folder : Path
        Where it writes its answer and its output.

    Returns
    -------
    Outcome
        Whatever happens to the process. It does not outlive this one, nor this call.
    """
    answer, output = folder / "answer.json", folder / "output.log"
    answer.unlink(missing_ok=True)
    task = Task(function, limits.memory_bytes, answer, os.getpid())
    kills = _oom_kills()
    start = time.monotonic()
    with open(output, "w+b") as log:
        # -P: the current directory may hold a package of the same name.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hbpspmv.suite.cells.child"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the other
        )
        try:
            _send(process, task)
            in_time = _wait(process.pid, limits.seconds)
        finally:
            peak = _end(process)
        seconds = time.monotonic() - start
        status, value, message = _read_answer(answer)
        if status == "":
            status, message = _failure(
                process.returncode, in_time, limits, _tail(log), _oom_kills() > kills
            )
    return Outcome(status, value, message, seconds, peak)


def _send(process: subprocess.Popen[bytes], task: Task) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # it died: _failure says how
        pickle.dump(loaded_files(), pipe)
        pickle.dump(task, pipe)


def _wait(pid: int, limit: float) -> bool:
    """Wait for a process to end, without using a CPU; False when the limit came first.

    Time in which this process itself was stopped, or the machine slept, does not count.
    """
    poll = select.poll()
    handle = os.pidfd_open(pid)
    try:
        poll.register(handle, select.POLLIN)
        spent, last = 0.0, time.monotonic()
        while spent < limit:
            if poll.poll(min(_SLICE, limit - spent) * 1000):
                return True
            now = time.monotonic()
            spent, last = spent + min(now - last, 2 * _SLICE), now
        return False
    finally:
        os.close(handle)


def _end(process: subprocess.Popen[bytes]) -> int:
    """End a process and all that it has started; return the most memory that it held."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss * 1024


def _read_answer(path: Path) -> tuple[str, Any, str]:
    """Return status, value and message; an empty status when there is no answer."""
    try:
        answer = json.loads(path.read_bytes())
    except FileNotFoundError:
        return "", None, ""
    return answer["status"], answer.get("value"), answer.get("message", "")


def _failure(
    code: int, in_time: bool, limits: Limits, output: str, system_killed: bool
) -> tuple[str, str]:
    """Return status and message of a process that gave no answer."""
    if not in_time:
        return "timeout", f"no result after {limits.seconds:g} s"
    end = f"exit status {code}"
    if code < 0:
        end = f"ended by {signal.Signals(-code).name}"
    lines = [line.strip()[:_LINE] for line in output.splitlines() if line.strip()]
    said = next((line for line in lines if _NO_MEMORY.search(line)), None)
    if said is not None or (code == -signal.SIGKILL and system_killed):
        return "out-of-memory", said or f"{end}: the system had no memory left"
    first = next((line for line in lines if line.startswith("Fatal")), lines[-1] if lines else "")
    return "crashed", f"{end}: {first}" if first else end


def _tail(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - 8192))
    return log.read().decode(errors="replace")


def _oom_kills() -> int:
    """Return how many processes the system has ended for lack of memory, 0 where it is not told."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
