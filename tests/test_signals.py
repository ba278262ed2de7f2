"""Ctrl-C and other signals during a long build."""

import pytest
from scripts import run_script

LONG_BUILD = """
rng = np.random.default_rng(0)
rows, columns, per_row = 400_000, 3_000_000, 50
indptr = np.arange(0, rows * per_row + 1, per_row, dtype=np.int32)
indices = rng.integers(0, columns, rows * per_row, dtype=np.int32)
data = np.ones(len(indices), np.float32)
def long_build():
    return core.build(indptr, indices, data, rows, columns, 8, 16, 8, 1)
"""


def test_ctrl_c_during_a_long_build():
    body = """
    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)
    threading.Timer(0.05, interrupt).start()
    try:
        while True:
            long_build()
    except KeyboardInterrupt:
        print("interrupted")
    assert digest(product(build(a, geometry), x, 7)) == digest(product(build(a, geometry), x, 1))
    """
    assert run_script(body, LONG_BUILD) == "interrupted\n"


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_a_build_answers_signals_while_it_runs(threads):
    # A build that looked at signals only at its end would run the handler once: pending signals
    # of one kind are one. The third run of the handler can only come from inside the build.
    body = f"""
    calls = 0
    def handler(number, frame):
        global calls
        calls += 1
        if calls == 3:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    try:
        core.build(indptr, indices, data, rows, columns, 8, 16, 8, {threads})
        print("built")
    except KeyboardInterrupt:
        print("stopped")
    """
    assert run_script(body, LONG_BUILD) == "stopped\n"


def test_an_exception_of_any_signal_handler_leaves_the_build():
    body = """
    class Stop(Exception):
        pass
    def handler(number, frame):
        raise Stop
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        while True:
            long_build()
    except Stop:
        print("stopped")
    """
    assert run_script(body, LONG_BUILD) == "stopped\n"
