"""The pool after fork(): a child has the parent's plans and none of its threads."""

from scripts import run_script

FORK = """
plan = build(a, geometry)
expected = digest(product(plan, x, 7))       # the pool has threads now; the child inherits none
for attempt in range(20):
    child = os.fork()
    if child == 0:
        ok = digest(product(plan, x, 7)) == expected
        ok = ok and digest(product(build(a, geometry, 7), x, 2)) == expected
        os._exit(0 if ok else 3)
    ours = digest(product(plan, x, 7))       # while the child works
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
    assert ours == expected
print("done")
"""


def test_use_after_fork():
    assert run_script(FORK) == "done\n"


def test_fork_while_another_thread_multiplies():
    # The child's copy of the pool is frozen at any point of a product, locks included.
    body = """
    plan = build(a, geometry)
    expected = digest(product(plan, x, 7))
    stop = threading.Event()
    def multiply():
        while not stop.is_set():
            product(plan, x, 7)
    worker = threading.Thread(target=multiply)
    worker.start()
    for attempt in range(50):
        child = os.fork()
        if child == 0:
            os._exit(0 if digest(product(plan, x, 7)) == expected else 3)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, status
    stop.set()
    worker.join()
    print("done")
    """
    assert run_script(body) == "done\n"


def test_fork_of_a_fork():
    body = """
    plan = build(a, geometry)
    expected = digest(product(plan, x, 7))
    def descend(depth):
        if digest(product(plan, x, 7)) != expected:
            os._exit(3)
        if depth == 0:
            return
        child = os.fork()
        if child == 0:
            descend(depth - 1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, status
    descend(4)
    print("done")
    """
    assert run_script(body) == "done\n"


def test_multiprocessing_fork_pool():
    body = """
    import multiprocessing
    plan = build(a, geometry)
    expected = digest(product(plan, x, 7))
    def work(i):
        return digest(product(plan, x, 2 + i % 3))
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert set(pool.map(work, range(30))) == {expected}
    assert digest(product(plan, x, 7)) == expected
    print("done")
    """
    assert run_script(body) == "done\n"
