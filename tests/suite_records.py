"""Records of finished cells with known times, as a suite run writes them."""

from __future__ import annotations

from pathlib import Path

from hbpspmv.suite.cells.result_log import encode

TITLES = {"hbp": "HBP", "mkl": "oneMKL", "scipy": "SciPy"}
MACHINE = {
    "cpu": "Some CPU",
    "cpus": 2,
    "isa": "avx2",
    "l1d_bytes": 32768,
    "l2_bytes": 1 << 20,
    "l3_bytes": 1 << 25,
    "memory_bytes": 1 << 33,
    "system": "Linux 6 x86_64",
    "python": "3.12.1",
    "numpy": "2.1",
    "scipy": "1.15",
    "hbpspmv": "0.1.0",
    "compiler": "GCC 12",
}
SETTINGS = {
    "dtype": "float64",
    "threads": 2,
    "device": "cpu",
    "quick": False,
    "cold": False,
    "processes": 1,
    "schedule": {"min_rounds": 5, "min_products": 4},
}
CEILINGS = [
    {
        "threads": n,
        "cache_bytes": [32768, 1 << 20, 1 << 25],
        "bandwidth": [[1 << 18, 9e10 * n], [1 << 21, 5e10 * n], [1 << 26, 2e10]],
        "random_seconds": [1e-10, 2e-10, 1e-9, 5e-9],
    }
    for n in (1, 2)
]


def facts(nnz: int = 5_000, rows: int = 1000, **more):
    return {
        "kind": "some kind",
        "rows": rows,
        "cols": rows,
        "nnz": nnz,
        "dtype": "float64",
        "csr_nbytes": 12 * nnz + 4 * (rows + 1),
        "distinct_values": 257,
        "row_lengths": {"mean": nnz / rows, "deviation": 2.5, "min": 1, "max": 40, "empty": 0},
        "spy": ["10", "09"],
        **more,
    }


def samples(microseconds: float, scatter: float = 0.0, rounds: int = 9):
    """Rounds of four products whose times go up and down around a median."""
    steps = [(i * 7 % rounds) / (rounds - 1) - 0.5 for i in range(rounds)]
    return [[round(1000 * microseconds * (1 + scatter * step))] * 4 for step in steps]


def record(matrix, contender, microseconds=None, baseline=100.0, status="ok", scatter=0.0, **more):
    """One cell; without a time when `microseconds` is None."""
    timed = microseconds is not None
    own = samples(microseconds, scatter) if timed else []
    known = facts()
    about = {
        "schema": 1,
        "matrix": matrix,
        "contender": contender,
        "status": status,
        "message": "" if timed else f"{matrix} was too much",
        "correct": timed or None,
        "samples": own,
        "processes": [len(own)],
        "baseline": {"contender": "scipy", "samples": samples(baseline)},
        "seconds": microseconds * 1e-6 if timed else None,
        "gflops": 2 * known["nnz"] / (microseconds * 1e3) if timed else None,
        "build_seconds": 4e-4,
        "kernel": "hbp" if contender == "hbp" else "csr",
        "remark": "",
        "matrix_nbytes": 40_000 if contender == "hbp" else known["csr_nbytes"],
        "gathers": 5000,
        "encodings": {},
        "padding": 0.0 if contender != "mkl" else None,
        "bounds": {"memory": 1e-5, "gather": 1e-6, "instructions": 2e-6} if timed else {},
        "other_load": 0.02,
        "process_seconds": 2.0,
        "peak_bytes": 10_000_000,
        "finished": "2026-01-02T03:04:05+00:00",
        "title": TITLES[contender],
        "version": "1.0",
        "method": f"``{contender}(x)`` as its users call it.",
        "has_build": contender != "scipy",
        "serial": contender == "scipy",
        "facts": known,
        "settings": SETTINGS,
        "limits": {"memory_bytes": 0, "seconds": 600},
        "machine": MACHINE,
        "ceilings": CEILINGS,
        "missing": ["Numba CSR is not installed; to compare with it: pip install numba"],
    }
    if contender == "scipy" and timed:
        about["baseline"] = {"contender": "scipy", "samples": own}
    return {**about, **more}


def write_results(folder: Path, *records) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.jsonl").write_bytes(b"".join(map(encode, records)))
    return folder


def crashed(matrix, contender):
    """A cell whose process ended before it could say anything."""
    full = record(matrix, contender, None, status="crashed")
    gone = ("gflops", "build_seconds", "kernel", "remark", "matrix_nbytes", "gathers")
    gone += ("encodings", "padding", "bounds", "other_load", "seconds", "baseline")
    return {key: value for key, value in full.items() if key not in gone}
