"""The scripts of a folder of benchmarks/ as modules, for their tests."""

import importlib
import sys
from contextlib import contextmanager
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@contextmanager
def benchmark_scripts(folder, *names):
    """The modules of these names, which are scripts beside each other, no package."""
    path = str(BENCHMARKS / folder)
    sys.path.insert(0, path)
    try:
        yield tuple(importlib.import_module(name) for name in names)
    finally:
        sys.path.remove(path)
        for name in names:
            sys.modules.pop(name, None)
