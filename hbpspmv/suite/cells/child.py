"""The process of one task: limits itself, calls the task's function, writes down the answer."""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbpspmv.suite.peers.from_file import load_peer

_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


@dataclass(frozen=True)
class Task:
    """What a child is told through its standard input.

    Attributes
    ----------
    function : callable
        Returns what JSON can hold.
    memory_bytes : int
        Limit of private writable memory; 0 for none.
    answer : Path
        Where the answer goes: {"status": ..., "value" or "message": ...}.
    parent : int
        Process that the child shall not outlive.
    """

    function: Callable[[], Any]
    memory_bytes: int
    answer: Path
    parent: int


def main() -> None:
    """Run the task on standard input, then end without any library's clean-up."""
    for path in pickle.load(sys.stdin.buffer):
        load_peer(path)  # or the task could not name its class
    task: Task = pickle.load(sys.stdin.buffer)
    _die_with(task.parent)
    faulthandler.enable()  # a crash says where
    if task.memory_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (task.memory_bytes, task.memory_bytes))
    answer = _answer(task.function)
    part = task.answer.with_suffix(".part")
    part.write_text(json.dumps(answer, allow_nan=False))
    os.replace(part, task.answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a library that crashes or hangs while it is unloaded costs no result


def _answer(function: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"status": "ok", "value": function()}
    except MemoryError as error:
        return {"status": "out-of-memory", "message": str(error) or "MemoryError"}
    except (ImportError, FileNotFoundError) as error:
        return {"status": "unavailable", "message": _line(error)}
    except Exception as error:  # whatever a task raises is its answer
        return {"status": "failed", "message": _line(error)}


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _die_with(parent: int) -> None:
    """Have the system end this process when its parent ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


if __name__ == "__main__":
    main()
