"""Scripts run in an interpreter of their own: what might crash, hang or be killed by a signal."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

# The meaning of "hangs", in seconds; not a measure of speed.
TIMEOUT = 120

PRELUDE = """
import faulthandler, os, signal, sys, threading
faulthandler.enable()
import numpy as np
from matrices import one_case
from plans import build, csr_product, default_geometry, digest, product
from hbpspmv import _hbpspmv_core as core
a = one_case("power_law_scattered").astype("float64")
x = a.vector("float64")
geometry = default_geometry(a)
"""


def run_script(body: str, prelude: str = "") -> str:
    """Run PRELUDE, `prelude` and `body` in a fresh interpreter; its output, if it ends well."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PRELUDE + textwrap.dedent(prelude) + textwrap.dedent(body)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
