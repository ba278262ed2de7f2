"""The plans of one matrix: built on first use under a lock, forgotten when the matrix changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

from hbpspmv._options import Options
from hbpspmv._plan import Plan
from hbpspmv._validate import CsrArrays, DType


class ForkSafeLock:
    """A lock that is free in a child process, even if the parent forked while it was held."""

    __slots__ = ("_lock", "_pid")

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if self._pid != os.getpid():
            # The thread that held it does not exist here, so nobody would ever release it.
            self.__init__()  # type: ignore[misc]
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()


class Source(NamedTuple):
    """Where a plan comes from."""

    csr: CsrArrays
    owned: bool  # nobody else will change the arrays of csr
    fingerprint: int | None  # of the matrix's own arrays, where silent changes are looked for


class Side:
    """Plans of A, or of its transpose: result dtype -> plan."""

    __slots__ = ("options", "plans")

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.plans: dict[DType, Plan] = {}


class PlanPair:
    """Plans of A (forward) and of its transpose (reverse).

    An array and its transposed views share the same values, hence one pair: what is built through
    one serves the others, and what is changed through one is forgotten for all.
    """

    __slots__ = ("_lock", "forward", "reverse")

    def __init__(self, forward: Options | None = None, reverse: Options | None = None) -> None:
        self.forward = Side(forward)
        self.reverse = Side(reverse)
        self._lock = ForkSafeLock()

    def plan(self, side: Side, dtype: DType, source: Callable[[Options], Source]) -> Plan:
        """The plan of `side` in `dtype`, built from `source` if there is none yet."""
        plan = side.plans.get(dtype)
        if plan is None:
            with self._lock:
                # `forget` replaces the dict: if that happens during the build, this plan goes
                # into a dict that nobody looks at any more.
                plans = side.plans
                plan = plans.get(dtype)
                if plan is None:
                    csr, owned, fingerprint = source(side.options)
                    plan = Plan(csr, dtype, side.options, owned=owned, fingerprint=fingerprint)
                    plans[dtype] = plan
        return plan

    def replan(
        self, side: Side, dtype: DType, source: Callable[[Options], Source], options: Options
    ) -> Plan:
        """The plan of `side` in `dtype` under new options; plans that do not follow them go."""
        with self._lock:
            keep = {d: p for d, p in side.plans.items() if p.follows(options)}
            if options.check != side.options.check:
                keep = {}
            side.options = options
            side.plans = keep
            for plan in keep.values():
                plan.num_threads = options.num_threads
            return self.plan(side, dtype, source)

    def adopt(
        self, side: Side, dtype: DType, make: Callable[[Options], tuple[Plan, Options]]
    ) -> Plan:
        """Put in a plan that `make` gets elsewhere, with the options that it follows.

        `make` is called with the options so far, under the lock.
        """
        with self._lock:
            plans = side.plans  # as in `plan`
            plan, side.options = make(side.options)
            plans.clear()
            plans[dtype] = plan
        return plan

    def forget(self) -> None:
        """Drop all plans: the values or the pattern have changed."""
        self.forward.plans = {}
        self.reverse.plans = {}

    def refresh(self, side: Side, source: Callable[[Options], Source]) -> None:
        """Give the plans of `side` the present values of `source`, whose pattern is the same."""
        with self._lock:
            if side.plans:
                csr, _, fingerprint = source(side.options)
                for plan in side.plans.values():
                    plan.update(csr.data)
                    plan.fingerprint = fingerprint

    def successor(self) -> PlanPair:
        """An empty pair with the same options."""
        return PlanPair(self.forward.options, self.reverse.options)
