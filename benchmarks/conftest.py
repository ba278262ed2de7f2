"""Benchmark session: which matrices and contenders are measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# `python -m pytest` puts the repository root on the path, where the package has no compiled core.
_ROOT = Path(__file__).resolve().parent.parent
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _ROOT]

from hbpspmv.suite.machine import describe_machine, last_level_cache_bytes  # noqa: E402
from hbpspmv.suite.measure import prepare  # noqa: E402
from hbpspmv.suite.peers import OURS, PEERS  # noqa: E402
from hbpspmv.suite.sources import Source, embedded_sources, resolve  # noqa: E402
from hbpspmv.suite.timing import cache_flusher  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hbpspmv")
    group.addoption("--matrices", help="file, directory, name or set in place of the embedded")
    group.addoption("--full", action="store_true", help="embedded matrices in full size")
    group.addoption("--cold", action="store_true", help="empty the caches before each product")
    group.addoption("--dtype", default="float64", help="dtype of values and vectors")
    group.addoption("--threads", type=int, help="threads of every contender (default: all)")


def _sources(config: pytest.Config) -> dict[str, Source]:
    if path := config.getoption("--matrices"):
        sources = resolve(path)
    else:
        sources = embedded_sources(quick=not config.getoption("--full"))
    return {source.name: source for source in sources}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "contender" in metafunc.fixturenames:
        metafunc.parametrize("contender", [OURS, *PEERS], ids=lambda c: c.name)
    if "matrix" in metafunc.fixturenames:
        # Module scope: each matrix is loaded once and its contenders run side by side.
        metafunc.parametrize("matrix", _sources(metafunc.config), indirect=True, scope="module")


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest):
    """One matrix, in the dtype of the run."""
    source = _sources(request.config)[request.param]
    return prepare(source.load(), request.config.getoption("--dtype"))


@pytest.fixture(scope="session")
def flush(request: pytest.FixtureRequest):
    """What empties the caches, or None for warm ones."""
    if not request.config.getoption("--cold"):
        return None
    return cache_flusher(2 * last_level_cache_bytes(describe_machine()))


@pytest.fixture
def threads(request: pytest.FixtureRequest) -> int:
    """Threads of every contender."""
    import hbpspmv

    return request.config.getoption("--threads") or hbpspmv.get_num_threads()


@pytest.fixture
def installed(contender):
    """The contender, or a skip that says how to install it."""
    try:
        contender.version()
    except (ImportError, OSError):
        pytest.skip(f"{contender.title} is not installed: {contender.install}")
    return contender
