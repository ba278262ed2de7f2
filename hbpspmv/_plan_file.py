"""Plans in files: what of a plan is saved, and what a loaded one must agree with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import hbpspmv._hbpspmv_core as core
from hbpspmv._array import PlannedProducts
from hbpspmv._array_file import Path, read, write
from hbpspmv._geometry import Geometry
from hbpspmv._mutation import checks_wanted
from hbpspmv._options import Options, Tuning
from hbpspmv._plan import Plan
from hbpspmv._validate import (
    KERNEL_DTYPES,
    Array,
    CsrArrays,
    DType,
    positive_integer,
    thread_count,
)

_CSR_ARRAYS = ("indptr", "indices", "data")


def save(plan: Plan, path: Path) -> None:
    """See `Plan.save`."""
    header: dict[str, Any] = {
        "kernel": plan.kernel,
        "reason": plan.reason,
        "geometry_given": plan._geometry_given,
        "tuning": _packed(plan.tuning),
        "build_seconds": plan.build_seconds,
    }
    csr = plan._csr
    if csr is None:
        header["matrix"] = core.plan_header(plan._core)
        arrays = core.plan_arrays(plan._core)
    else:
        n_rows, n_cols = plan.shape
        header["matrix"] = {
            "dtype": plan.dtype.name,
            "n_rows": n_rows,
            "n_cols": n_cols,
            "nnz": plan.nnz,
        }
        arrays = dict(zip(_CSR_ARRAYS, csr[:3], strict=True))
    write(path, core.plan_format_version, header, arrays)


def load(path: Path, A: Any, num_threads: int | None) -> Plan:
    """See `Plan.load`."""
    threads = thread_count(num_threads)
    if A is None:
        return _read(path, threads, None)
    if not isinstance(A, PlannedProducts):
        raise TypeError(
            f"A must be an hbp_array, not {type(A).__name__}; "
            "convert it once with hbpspmv.hbp_array(A)"
        )
    if A.ndim != 2:
        raise ValueError(f"A has {A.ndim} dimension, expected 2 for a plan")
    pair = A._shared_pair()
    side = A._side_of(pair)

    def make(before: Options) -> tuple[Plan, Options]:
        plan = _read(path, threads, A)
        options = replace(
            before,
            expected_calls=None,
            geometry=plan.geometry if plan._geometry_given else None,
            num_threads=threads,
            tuning=plan.tuning,
        )
        return plan, options

    return pair.adopt(side, A.dtype, make)


def _read(path: Path, num_threads: int, A: PlannedProducts | None) -> Plan:
    header, arrays = read(path, core.plan_format_version)
    try:
        plan = _plan(header, arrays, num_threads)
        if A is not None:
            _require_same(plan, A)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot load {path}: {error}") from None
    return plan


def _plan(header: dict[str, Any], arrays: dict[str, Array], num_threads: int) -> Plan:
    matrix = _field(header, "matrix", dict)
    dtype = np.dtype(_field(matrix, "dtype", str))
    if dtype not in KERNEL_DTYPES:
        raise ValueError(f"it has dtype {dtype}, which no plan has")
    shape = (_field(matrix, "n_rows", int), _field(matrix, "n_cols", int))
    nnz = _field(matrix, "nnz", int)
    kernel = _field(header, "kernel", str)
    built: Any
    geometry: Geometry | None = None
    if kernel == "csr":
        built = _csr(arrays, dtype, shape, nnz)
    else:
        built = core.plan_from_arrays(arrays, **matrix)
        geometry = Geometry(built.block_rows, built.block_cols, built.lanes)
    tuning = _unpacked(header.get("tuning"))
    if tuning is not None and tuning.geometry != geometry:
        raise ValueError(f"its geometry is {geometry}, but the tuned one is {tuning.geometry}")
    given = _field(header, "geometry_given", bool)
    return Plan.restored(
        built,
        shape,
        dtype,
        nnz,
        Options(geometry=geometry if given else None, num_threads=num_threads, tuning=tuning),
        _field(header, "reason", str),
        _field(header, "build_seconds", float),
    )


def _csr(arrays: dict[str, Array], dtype: DType, shape: tuple[int, int], nnz: int) -> CsrArrays:
    for name in _CSR_ARRAYS:
        if name not in arrays:
            raise ValueError(f"array {name} is missing")
    csr = CsrArrays(arrays["indptr"], arrays["indices"], arrays["data"], shape)
    if csr.data.dtype != dtype:
        raise ValueError(f"its data has dtype {csr.data.dtype}, expected {dtype}")
    for name, found in (("indices", len(csr.indices)), ("data", len(csr.data))):
        if found != nnz:
            raise ValueError(f"its {name} has length {found}, expected {nnz}")
    core.check_csr(csr.indptr, csr.indices, *shape)
    return csr


def _require_same(plan: Plan, A: PlannedProducts) -> None:
    """Refuse a plan of another matrix than A; give one of the same pattern the values of A."""
    csr, _ = A._csr()
    for name, found, expected in (
        ("dtype", plan.dtype, A.dtype),
        ("shape", plan.shape, csr.shape),
        ("number of entries", plan.nnz, csr.nnz),
    ):
        if found != expected:
            raise ValueError(f"its {name} is {found}, that of A is {expected}")
    own = plan.to_csr()
    for name in ("indptr", "indices"):
        ours, theirs = getattr(own, name), getattr(csr, name)
        differ = ours != theirs
        if differ.any():
            k = int(differ.argmax())
            raise ValueError(f"its {name}[{k}] is {ours[k]}, that of A is {theirs[k]}")
    # Bits: NaN is not equal to itself, and -0.0 is equal to 0.0.
    bits = np.uint64 if plan.dtype.itemsize % 8 == 0 else np.uint32
    if not np.array_equal(own.data.view(bits), csr.data.view(bits)):
        plan.update(csr.data)
    if checks_wanted(A._side.options.check):
        plan.fingerprint = A._fingerprint()


def _packed(tuning: Tuning | None) -> Any:
    """Tuning as JSON: the geometry, and [geometry, seconds] of each layout; null for CSR."""

    def triple(g: Geometry | None) -> list[int] | None:
        return None if g is None else [g.block_rows, g.block_cols, g.lanes]

    if tuning is None:
        return None
    return {
        "geometry": triple(tuning.geometry),
        "seconds": [[triple(g), seconds] for g, seconds in tuning.seconds],
        "n_vectors": tuning.n_vectors,
    }


def _unpacked(packed: Any) -> Tuning | None:
    if packed is None:
        return None
    try:
        pairs = [(triple, float(seconds)) for triple, seconds in packed["seconds"]]
        return Tuning(
            packed["geometry"] and Geometry(*packed["geometry"]),
            tuple((triple and Geometry(*triple), seconds) for triple, seconds in pairs),
            positive_integer(packed.get("n_vectors", 1), "n_vectors"),
        )
    except (LookupError, ArithmeticError):
        raise ValueError("its tuning is not that of a plan file") from None


def _field(fields: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = fields.get(name)
    if type(value) is not kind:
        raise ValueError(f"its {name} is {value!r:.80}, expected {kind.__name__}")
    return value
