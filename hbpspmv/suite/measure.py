"""One matrix, all contenders: build, check against the reference, then time in rounds."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy.sparse import csr_array

from hbpspmv.suite.ceilings import Ceilings, MemoryTurns
from hbpspmv.suite.peers import Contender
from hbpspmv.suite.reference import Reference, reference_product
from hbpspmv.suite.results import Measurement
from hbpspmv.suite.roofline import misses_of_x, roofline
from hbpspmv.suite.timing import WALL_CLOCK, Clock, Product, Schedule, time_in_rounds
from hbpspmv.suite.traffic import flops, product_nbytes
from hbpspmv.suite.vectors import Vector, aligned_empty, random_vector

_COMPLEX = {"float32": "complex64", "float64": "complex128"}
_BUILDS, _BUILDS_SECONDS = 3, 0.5  # no further build is begun after this time
_INT32_MAX = np.iinfo(np.int32).max


def prepare(matrix: Any, dtype: DTypeLike) -> Any:
    """Return the matrix as all contenders receive it: a csr_array of `dtype`, narrow indices.

    Complex values with a real `dtype` become complex of the same precision. Indices become int32
    where they fit, as every contender reads fewer bytes then. The order of entries is kept.
    """
    target = np.dtype(dtype)
    if np.dtype(matrix.dtype).kind == "c" and target.kind != "c":
        target = np.dtype(_COMPLEX[target.name])
    with np.errstate(over="ignore"):
        data = matrix.data.astype(target, copy=False)
    indices, indptr = matrix.indices, matrix.indptr
    if max(matrix.nnz, *matrix.shape) <= _INT32_MAX:
        indices = indices.astype(np.int32, copy=False)
        indptr = indptr.astype(np.int32, copy=False)
    return csr_array((data, indices, indptr), shape=matrix.shape)


def measure_matrix(
    matrix: Any,
    contenders: Sequence[type[Contender]],
    num_threads: int,
    schedule: Schedule,
    ceilings: Mapping[int, Ceilings] | None = None,
    flush: Product | None = None,
    on_step: Callable[[str], None] = lambda step: None,
    on_samples: Callable[[str, list[list[int]]], object] = lambda name, rounds: None,
    clock: Clock = WALL_CLOCK,
) -> dict[str, Measurement]:
    """Build, check and time every contender on one matrix.

    A contender that raises is reported as failed, out-of-memory or unavailable, one that computes
    a row outside its error bound as wrong; none of them is timed. All share the same x and y.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
        As `prepare` returns it.
    contenders : sequence of Contender classes
        In the order of the report.
    num_threads : int
        For every contender.
    schedule : Schedule
        How often to time.
    ceilings : mapping of int to Ceilings, optional
        The machine's, by the number of threads: for 1 and for `num_threads`. Without them no
        bound is computed.
    flush : callable, optional
        Empties the caches before each timed product.
    on_step : callable, optional
        Told what comes next.
    on_samples : callable, optional
        Told the name and the nanoseconds, by round and product, of each contender that was timed.
    clock : Clock, optional
        Times builds and products.

    Returns
    -------
    dict of str to Measurement
        By contender name, in the order given.
    """
    x = random_vector(matrix.shape[1], matrix.dtype)
    y = aligned_empty(matrix.shape[0], matrix.dtype)
    on_step("reference")
    reference = reference_product(matrix, x)
    measurements: dict[str, Measurement] = {}
    running: dict[str, Contender] = {}
    try:
        for contender in contenders:
            on_step(f"{contender.title}: build")
            result, product = _build_and_check(
                contender, matrix, num_threads, x, y, reference, clock
            )
            measurements[contender.name] = result
            if product is not None:
                running[contender.name] = product
        on_step("timing")
        copies = clock.copies(x.nbytes + y.nbytes)
        products = [_rotating(p, x, y, copies) for p in running.values()]
        moved = {
            name: product_nbytes(
                measurements[name].matrix_nbytes, matrix.shape, matrix.dtype.itemsize
            )
            for name in running
        }
        memory = after_turn = None
        if ceilings:
            limits = [ceilings[1 if p.serial else num_threads] for p in running.values()]
            memory = MemoryTurns(limits, list(moved.values()))
            after_turn = memory.take
        samples = time_in_rounds(products, schedule, flush, clock, after_turn)
        misses = misses_of_x(matrix, ceilings[1]) if ceilings else []
        for i, (name, rounds) in enumerate(zip(running, samples, strict=True)):
            m, nbytes = measurements[name], moved[name]
            on_samples(name, rounds)
            m.take_samples(rounds, flops(matrix.nnz, matrix.dtype), nbytes)
            if memory:
                m.take_bounds(roofline(m.gathers, nbytes, misses, memory.ceilings(i)))
                if memory.rates[i]:
                    m.take_memory_rates(memory.rates[i], nbytes)
    finally:
        for product in running.values():
            product.close()
    return measurements


def _build_and_check(
    contender: type[Contender],
    matrix: Any,
    num_threads: int,
    x: Vector,
    y: Vector,
    reference: Reference,
    clock: Clock,
) -> tuple[Measurement, Contender | None]:
    """Return the measurement so far and the contender, or None in its place if it cannot run."""
    result = Measurement(contender.name, "ok")
    product: Contender | None = None
    try:
        product, result.build_seconds = _build(contender, matrix, num_threads, clock)
        result.kernel, result.remark = product.kernel, product.remark
        storage = product.storage(matrix)
        result.matrix_nbytes, result.gathers = storage.nbytes, storage.gathers
        result.encodings, result.padding = storage.encodings, storage.padding
        y[:] = np.nan  # a row that is not written shows
        result.message = reference.error(product.fetch(product.multiply(*product.place(x, y))))
        if result.message:
            result.status = "wrong"
    except Exception as error:  # whatever a peer raises costs that peer's cell only
        result.status = _status(error)
        result.message = " ".join(f"{type(error).__name__}: {error}".split())
    if result.status != "ok" and product is not None:
        product.close()
        product = None
    return result, product


def _status(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "out-of-memory"
    return "unavailable" if isinstance(error, ImportError) else "failed"


def _build(
    contender: type[Contender], matrix: Any, num_threads: int, clock: Clock
) -> tuple[Contender, float]:
    """Return the contender and the median seconds of up to three builds of it."""
    uploaded = contender.upload(matrix)
    times: list[float] = []
    while True:
        start = clock.now()
        product = contender(uploaded, num_threads)
        times.append(clock.now() - start)
        if len(times) == _BUILDS or sum(times) > _BUILDS_SECONDS:
            return product, statistics.median(times)
        product.close()
        del product  # its memory must be free before the next is built


def _rotating(contender: Contender, x: Vector, y: Vector, copies: int) -> Product:
    """Return a product that takes the next copy of the vectors in every call."""
    products = [partial(contender.multiply, *contender.place(x, y)) for _ in range(copies)]
    if copies == 1:
        return products[0]
    rotation = itertools.cycle(products)
    return lambda: next(rotation)()
