"""A process with one instruction set forced, which answers with hashes of its products.

The core picks its instruction set once per process, so comparing several takes as many processes.
Run as a script it reads one JSON request a line, {"case": path of an .npz, "x": ..., "geometries":
{name: [block_rows, block_cols, lanes]}, "threads": [...]}, and writes one JSON answer a line:
{"geometry/threads": hash}. `IsaWorker` is the other end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np


class IsaWorker:
    """A subprocess that multiplies with a forced instruction set."""

    def __init__(self, isa: str) -> None:
        self.isa = isa
        self.process = subprocess.Popen(
            [sys.executable, "-P", __file__],
            env={
                **os.environ,
                "HBPSPMV_ISA": isa,
                "PYTHONPATH": str(Path(__file__).parent),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, request: dict) -> None:
        """Let the worker begin; `receive` waits for its answer."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, str]:
        line = self.process.stdout.readline()
        assert line, f"the {self.isa} worker died: exit status {self.process.wait()}"
        answer = json.loads(line)
        assert answer.pop("isa") == self.isa
        return answer

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def assert_same_bits(
    a, x: np.ndarray, geometries: dict, threads, workers: dict, path: Path
) -> dict:
    """Assert that A x has the same bits for all threads and workers; the hashes of this process."""
    request = save_request(path, a, x, geometries, threads)
    for worker in workers.values():
        worker.send(request)
    here = all_digests(a, x, geometries, threads)
    answers = {isa: worker.receive() for isa, worker in workers.items()}
    path.unlink()
    for kernel in (*geometries, "csr"):
        assert len({here[f"{kernel}/{count}"] for count in threads}) == 1, f"{kernel}: threads"
    for isa, there in answers.items():
        different = [key for key in here if here[key] != there[key]]
        assert not different, f"{isa} differs in {different}"
    return here


def save_request(path: Path, a, x: np.ndarray, geometries: dict, threads) -> dict:
    """Write the case to `path` and describe it as a request."""
    np.savez(path, indptr=a.indptr, indices=a.indices, data=a.data, shape=a.shape, x=x)
    return {"case": str(path), "geometries": geometries, "threads": list(threads)}


def all_digests(a, x: np.ndarray, geometries: dict, threads) -> dict[str, str]:
    """Hashes of A x by HBP in each geometry and by the CSR kernel, for each thread count."""
    from plans import build, csr_product, digest, product

    answer = {}
    for name, geometry in geometries.items():
        plan = build(a, geometry)
        for count in threads:
            answer[f"{name}/{count}"] = digest(product(plan, x, count))
    for count in threads:
        answer[f"csr/{count}"] = digest(csr_product(a, x, count))
    return answer


def main() -> None:
    from recipes import Csr

    from hbpspmv import _hbpspmv_core as core

    for line in sys.stdin:
        request = json.loads(line)
        with np.load(request["case"]) as case:
            a = Csr(case["indptr"], case["indices"], case["data"], tuple(case["shape"].tolist()))
            answer = all_digests(a, case["x"], request["geometries"], request["threads"])
        print(json.dumps({"isa": core.isa(), **answer}), flush=True)


if __name__ == "__main__":
    main()
