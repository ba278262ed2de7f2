"""Contenders that misbehave in a process of their own, and matrices for suite runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy.sparse import save_npz

from hbpspmv.suite.generators import banded, laplacian_2d, rmat
from hbpspmv.suite.peers.scipy_csr import ScipyCsr
from hbpspmv.suite.roster import Roster


class Misbehaving(ScipyCsr):
    """Does something on its second product, which the others take part in timing."""

    title = "Misbehaving"

    def misbehave(self):
        raise NotImplementedError

    def multiply(self, x, y):
        self.misbehave()
        return super().multiply(x, y)


class Crashing(Misbehaving):
    """Writes where it must not."""

    name = "crashing"

    def misbehave(self):
        os.kill(os.getpid(), signal.SIGSEGV)


class Exiting(Misbehaving):
    """Ends the program, as a library with exit() does."""

    name = "exiting"

    def misbehave(self):
        print("giving up", flush=True)
        os._exit(3)


class Hanging(Misbehaving):
    """Never comes back."""

    name = "hanging"

    def misbehave(self):
        while True:
            time.sleep(60)


class Hungry(Misbehaving):
    """Wants more memory than there is."""

    name = "hungry"

    def misbehave(self):
        self._eaten = np.ones(1 << 34, dtype=np.uint8)


class Aborting(Misbehaving):
    """Runs out of memory as C++ programs do that do not expect it."""

    name = "aborting"

    def misbehave(self):
        message = b"terminate called after throwing an instance of 'std::bad_alloc'\n"
        os.write(2, message)
        os.abort()


class Wrong(Misbehaving):
    """Is off in one row."""

    name = "wrong"

    def misbehave(self):
        pass

    def multiply(self, x, y):
        result = super().multiply(x, y)
        result[3] += 1
        return result


class Lacking(Misbehaving):
    """Finds out late that a part of it is missing."""

    name = "lacking"

    def misbehave(self):
        raise ImportError("no library for this dtype")


MISBEHAVING = (Crashing, Exiting, Hungry, Aborting, Wrong, Lacking)


def roster_of(*contenders) -> Roster:
    """A roster of contenders, in that order."""
    return Roster(list(contenders), {c.name: c.version() for c in contenders})


def write_matrices(folder: Path, count: int = 3) -> list[str]:
    """Write small matrices of different kinds, and return their names in order."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {
        "grid": laplacian_2d(24),
        "graph": rmat(9),
        "band": banded(500, 2),
        "small": laplacian_2d(3),
    }
    names = sorted(known)[:count]
    for name in names:
        save_npz(folder / f"{name}.npz", known[name])
    return names


def no_ceilings(machine, settings):
    """Takes the place of the measurement of the machine."""
    return []


def not_there():
    """What loading a matrix does that was never downloaded."""
    raise FileNotFoundError("G/far is not downloaded; to get it: hbpspmv fetch G/far")


def sleep_with_a_child(path: str) -> None:
    """Start a process, write down its number and this one's, and never come back."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    part = Path(path).with_suffix(".part")
    part.write_text(f"{os.getpid()} {child.pid}")
    part.rename(path)
    time.sleep(600)
