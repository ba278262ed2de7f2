"""Instruction sets: which are offered, how one is forced, what is refused."""

import os
import subprocess
import sys

import pytest

from hbpspmv import _hbpspmv_core as core

KNOWN = ("avx512", "avx2", "portable")
REPORT = "from hbpspmv import _hbpspmv_core as core; print(core.isa())"


def run_with_isa(isa: str | None, code: str = REPORT) -> subprocess.CompletedProcess:
    env = {key: value for key, value in os.environ.items() if key != "HBPSPMV_ISA"}
    if isa is not None:
        env["HBPSPMV_ISA"] = isa
    return subprocess.run(
        [sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True
    )


def test_offered_isas_are_known_and_portable_is_always_there():
    assert set(core.available_isas()) <= set(KNOWN)
    assert "portable" in core.available_isas()
    assert core.isa() in core.available_isas()
    assert core.config()["isa"] == core.isa()
    assert list(core.config()["isas"]) == core.available_isas()


@pytest.mark.parametrize("isa", KNOWN)
def test_forced_isa_is_used_or_refused(isa):
    done = run_with_isa(isa)
    if isa in core.available_isas():
        assert done.stdout.strip() == isa, done.stderr
    else:
        assert done.returncode != 0
        assert "RuntimeError" in done.stderr
        assert isa in done.stderr


def test_default_is_the_widest():
    assert run_with_isa(None).stdout.strip() == next(i for i in KNOWN if i in core.available_isas())


def test_empty_variable_means_default():
    assert run_with_isa("").stdout == run_with_isa(None).stdout


def test_unknown_isa_is_an_error_that_names_it_and_the_choices():
    done = run_with_isa("avx1024")
    assert done.returncode != 0
    assert "RuntimeError" in done.stderr
    for word in ("HBPSPMV_ISA", "avx1024", *core.available_isas()):
        assert word in done.stderr


def test_forced_unknown_isa_does_not_break_the_import():
    # Importing has no side effects: the error comes from the first use of a kernel.
    done = run_with_isa("avx1024", "import hbpspmv")
    assert done.returncode == 0, done.stderr
