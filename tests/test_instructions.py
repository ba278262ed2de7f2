"""The script that counts instructions: what it reads from the tools that count for it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "instructions.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("instructions", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_hardware_count_is_read_where_there_is_one(script):
    text = "some words\n123456,,instructions:u,1000,100.00,,\n"
    assert script.perf_count(text) == 123456
    assert script.perf_count("<not supported>,,instructions:u,0,100.00,,\n") is None
    assert script.perf_count("") is None


def test_callgrind_count_is_read_where_it_ended_well(script):
    assert script.callgrind_count("==7== \n==7== Collected : 987654\n==7== \n") == 987654
    assert script.callgrind_count("valgrind: failed to start\n") is None


def test_machine_that_counts_nothing_is_told(script, monkeypatch):
    monkeypatch.setattr(script.shutil, "which", lambda tool: None)
    with pytest.raises(SystemExit, match="neither perf nor valgrind"):
        script.count(["true"])
