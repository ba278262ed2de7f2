"""Test session: which package is tested, where the shared matrices lie, clean global state."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

# `python -m pytest` puts the repository root on the path, where the package has no compiled core.
_ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _ROOT]

# A shell starts background jobs with SIGINT ignored, and children would inherit that: the tests of
# Ctrl-C need it delivered.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    from hbpspmv import _hbpspmv_core as core

    config = core.config()
    matrices = os.environ.get("HBPSPMV_MATRICES", "not set: tests on shared matrices are skipped")
    return [
        f"hbpspmv {config['version']}: {config['isa']} of {', '.join(config['isas'])}; "
        f"{config['num_threads']} threads; {config['compiler']}",
        f"HBPSPMV_MATRICES: {matrices}",
    ]


@pytest.fixture(autouse=True)
def _default_thread_count():
    """A test may change the process-wide thread count; the next one starts from the default."""
    from hbpspmv import _hbpspmv_core as core

    before = core.get_num_threads()
    yield
    core.set_num_threads(before)


@pytest.fixture(scope="session")
def isa_workers():
    """One worker process for every instruction set of this CPU but the one used here."""
    from isa_worker import IsaWorker

    from hbpspmv import _hbpspmv_core as core

    workers = {isa: IsaWorker(isa) for isa in core.available_isas() if isa != core.isa()}
    yield workers
    for worker in workers.values():
        worker.close()
