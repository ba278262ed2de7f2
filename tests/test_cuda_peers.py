"""Contenders on a CUDA device, CuPy being made up: arguments, remarks, the whole command."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import ClassVar

import fake_cupy
import numpy as np
import pytest
from fake_cupy import DeviceArray, FakeGpu
from matrices import one_case
from scipy.sparse import csr_array
from suite_contenders import write_matrices

import hbpspmv.cuda
from hbpspmv.cli import main
from hbpspmv.suite.cells import tasks
from hbpspmv.suite.cells.settings import CellSettings
from hbpspmv.suite.device_clock import DeviceClock
from hbpspmv.suite.measure import measure_matrix, prepare
from hbpspmv.suite.peers import CONTENDERS, CUDA_OURS, CUDA_PEERS, cusparse_preprocess
from hbpspmv.suite.peers.cub_merge import CubMerge
from hbpspmv.suite.peers.cusparse import CusparseAlg1, CusparseAlg2, CusparseCoo
from hbpspmv.suite.timing import Schedule

FAST = Schedule(budget_seconds=0.0, min_rounds=2, max_rounds=2, max_products=4, pause_seconds=0)
DTYPES = ("float32", "float64", "complex64", "complex128")


def case(name, dtype="float64"):
    a = one_case(name).astype(dtype)
    return prepare(csr_array((a.data, a.indices, a.indptr), shape=a.shape), dtype)


class HbpArray:
    """Takes the place of our array on the device."""

    nbytes = 4321

    def __init__(self, matrix):
        assert type(matrix).__name__ == "DeviceMatrix"  # it is laid out on the device
        self.host = matrix.host


def hbp_spmv(A, x, out):
    out.host[:] = A.host @ x.host
    return out


@pytest.fixture
def cusparse(monkeypatch):
    monkeypatch.setattr(hbpspmv.cuda, "hbp_array", HbpArray)
    monkeypatch.setattr(hbpspmv.cuda, "spmv", hbp_spmv)
    return fake_cupy.install(monkeypatch)


@pytest.fixture
def analysed(cusparse, monkeypatch):
    """The arguments of each analysis."""
    calls = []

    def function(*arguments):
        *rest, workspace = arguments
        cusparse.check(*rest)
        calls.append((rest[-1], workspace))
        return 0

    library = SimpleNamespace(cusparseSpMV_preprocess=function)
    monkeypatch.setattr(cusparse_preprocess, "loaded_library", lambda stem: f"/{stem}")
    monkeypatch.setattr(cusparse_preprocess.ctypes, "CDLL", lambda path: library)
    return calls


def test_ours_is_first_on_every_device():
    peers, ours = CONTENDERS["cuda"]
    assert (ours.name, ours.title) == ("hbp_cuda", "HBP")
    assert ours not in peers
    names = [c.name for c in (CUDA_OURS, *CUDA_PEERS)]
    assert names == ["hbp_cuda", "cusparse_alg1", "cusparse_alg2", "cusparse_coo", "cupy",
                     "cub_merge"]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", ["power_law_scattered", "every_4th_row_empty", "wide", "tall"])
@pytest.mark.parametrize("contender", [CUDA_OURS, *CUDA_PEERS], ids=lambda c: c.name)
def test_contender_passes_on_what_the_library_asks_for(contender, shape, dtype, cusparse, analysed):
    clock = DeviceClock(FakeGpu())
    matrix = case(shape, dtype)
    measured = measure_matrix(matrix, [contender], 1, FAST, flush=clock.flush, clock=clock)
    result = measured[contender.name]
    assert (result.status, result.message) == ("ok", "")
    assert result.n_samples >= 8
    assert contender.version()
    assert contender.install
    assert {algorithm for algorithm, _ in analysed} <= {2, 3}
    if analysed:
        # All products use the workspace of an analysis.
        assert cusparse.workspaces <= {workspace for _, workspace in analysed}


def test_each_algorithm_is_asked_for_by_its_number(cusparse, analysed):
    matrix = case("wide")
    for contender, number in ((CusparseAlg1, 2), (CusparseAlg2, 3), (CusparseCoo, 1)):
        uploaded = contender.upload(matrix)  # compiles, by a product of its own
        cusparse.algorithms.clear()
        analysed.clear()
        peer = contender(uploaded, 1)
        x, y = np.ones(matrix.shape[1]), np.zeros(matrix.shape[0])
        np.testing.assert_allclose(peer.fetch(peer.multiply(*peer.place(x, y))), matrix @ x)
        assert cusparse.algorithms == [number]
        assert [a for a, _ in analysed] == ([] if contender is CusparseCoo else [number])
        assert peer.remark == ""
    nnz = matrix.nnz
    assert CusparseCoo(CusparseCoo.upload(matrix), 1).storage(matrix).nbytes == 16 * nnz
    assert CusparseAlg1.version() == "12.5.3 (CuPy 0.fake)"


def test_a_cusparse_without_the_analysis_is_used_and_says_so(cusparse, monkeypatch):
    matrix = case("wide")
    peer = CusparseAlg1(CusparseAlg1.upload(matrix), 1)
    assert peer.remark.startswith("without cusparseSpMV_preprocess")  # no such library is loaded
    monkeypatch.setattr(cusparse_preprocess, "loaded_library", lambda stem: "/library")
    monkeypatch.setattr(cusparse_preprocess.ctypes, "CDLL", lambda path: SimpleNamespace())
    assert CusparseAlg1(CusparseAlg1.upload(matrix), 1).remark == peer.remark
    refusing = SimpleNamespace(cusparseSpMV_preprocess=lambda *arguments: 3)
    monkeypatch.setattr(cusparse_preprocess.ctypes, "CDLL", lambda path: refusing)
    with pytest.raises(RuntimeError, match="cuSPARSE status 3"):
        CusparseAlg1(CusparseAlg1.upload(matrix), 1)


def test_kernels_are_compiled_before_a_build_is_timed(cusparse, analysed):
    class Counting(CusparseAlg1):
        sizes: ClassVar = []

        def __init__(self, matrix, num_threads):
            self.sizes.append(matrix.nnz)
            super().__init__(matrix, num_threads)

    matrix = case("wide", "float32")
    Counting.upload(matrix)
    assert Counting.sizes == [20_224]  # a small matrix of the dtype
    Counting(Counting.upload(matrix), 1)
    assert Counting.sizes == [20_224, matrix.nnz]  # once


def test_the_library_of_a_handle_is_the_one_that_is_loaded():
    path = cusparse_preprocess.loaded_library("libc.so")
    assert path is not None
    assert path.startswith("/")
    assert cusparse_preprocess.loaded_library("libnonesuch.so") is None


def test_cub_is_left_out_where_cupy_has_none(cusparse, monkeypatch):
    cub = sys.modules["cupy.cuda"].cub
    assert CubMerge.version() == "2.2 (CuPy 0.fake)"
    with monkeypatch.context() as newer:
        newer.setattr(cub, "get_build_version", lambda: 300102)
        with pytest.raises(ImportError, match="has no cupy.cuda.cub.device_csrmv"):
            CubMerge.version()
    monkeypatch.delattr(cub, "device_csrmv")
    with pytest.raises(ImportError, match="has no cupy.cuda.cub.device_csrmv"):
        CubMerge.version()


def test_cub_reads_one_row_pointer_beyond_the_last_one(cusparse):
    matrix = case("wide")
    peer = CubMerge(CubMerge.upload(matrix), 1)
    _, indptr, _ = peer._csr
    assert isinstance(indptr, DeviceArray)
    np.testing.assert_array_equal(indptr.host, matrix.indptr)


def test_bench_of_a_device_measures_all_of_its_contenders(
    cusparse, analysed, monkeypatch, tmp_path
):
    monkeypatch.setattr("hbpspmv.suite.gpu.current_gpu", FakeGpu)
    write_matrices(tmp_path / "m", 2)
    out = tmp_path / "out"
    command = ["bench", str(tmp_path / "m"), "--device", "cuda", "--quick", "--out", str(out)]
    assert main(command) == 0
    document = json.loads((out / "results.json").read_text())
    assert document["complete"]
    assert list(document["contenders"]) == [c.name for c in (CUDA_OURS, *CUDA_PEERS)]
    assert document["settings"]["device"] == "cuda"
    assert document["device"]["copy_bandwidth"] == pytest.approx(1e9, rel=1e-5)
    for matrix in document["matrices"]:
        for m in matrix["measurements"].values():
            assert m["status"] == "ok"
            assert m["bandwidth_share"] > 0
        assert matrix["measurements"]["hbp_cuda"]["matrix_nbytes"] == 4321
    assert document["costs"]["in_products"] > 0


def test_large_matrices_are_added_to_those_named(cusparse, analysed, monkeypatch, tmp_path):
    from hbpspmv.suite.sources import Source

    monkeypatch.setattr("hbpspmv.suite.gpu.current_gpu", FakeGpu)
    small = Source("big", "kind", "generated", lambda: case("wide"))
    monkeypatch.setattr("hbpspmv.suite.large.large_sources", lambda: [small])
    write_matrices(tmp_path / "m", 1)
    for words, names in (([str(tmp_path / "m")], ["band", "big"]), ([], ["big"])):
        out = tmp_path / "out"
        command = ["bench", *words, "--device", "cuda", "--large", "--quick", "--out", str(out)]
        assert main(command) == 0
        document = json.loads((out / "results.json").read_text())
        assert [m["name"] for m in document["matrices"]] == names


def test_a_cell_on_a_device_is_timed_by_its_clock(cusparse, analysed, monkeypatch, tmp_path):
    gpu = FakeGpu()
    monkeypatch.setattr(tasks, "current_gpu", lambda: gpu)
    settings = CellSettings(device="cuda", quick=True)
    tasks.prepare_matrix(lambda: case("wide"), "kind", settings, tmp_path)
    cell = tasks.measure_cell(CUDA_OURS, CusparseAlg1, settings, {}, [], tmp_path)
    assert cell["status"] == "ok"
    assert cell["baseline"]["contender"] == "cusparse_alg1"
    assert {t for times in cell["samples"] for t in times} == {1000}  # of the made-up device


# ---- without a device ------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ImportError("no\nCuPy"), RuntimeError("no GPU")])
@pytest.mark.parametrize("command", [["bench"], ["bench", "--large"], ["suite", "run"]])
def test_no_device_is_one_line_and_exit_status_2(command, error, monkeypatch, tmp_path, capsys):
    def missing():
        raise error

    monkeypatch.setattr("hbpspmv.cuda._device.require_cupy", missing)
    write_matrices(tmp_path / "m", 1)
    out = tmp_path / "out"
    words = [*command, str(tmp_path / "m"), "--device", "cuda", "--out", str(out)]
    assert main(words) == 2
    text = capsys.readouterr()
    assert text.err == f"hbpspmv: error: --device cuda: {' '.join(str(error).split())}\n"
    assert text.out == ""
    assert not out.exists()


def test_cupy_without_the_library_of_cusparse_is_one_line(cusparse, monkeypatch, capsys):
    monkeypatch.setattr("hbpspmv.suite.gpu.CupyGpu", FakeGpu)
    monkeypatch.setitem(sys.modules, "cupyx.cusparse", None)
    assert main(["bench", "--device", "cuda"]) == 2
    text = capsys.readouterr().err
    assert text.startswith("hbpspmv: error: --device cuda: CuPy lacks cuSPARSE; it is in the CUDA")
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bench", "--device", "cuda", "--cold"], "--cold is for the CPU"),
        (["suite", "run", "x", "--device", "cuda", "--cold"], "--cold empties the caches of the"),
    ],
)
def test_options_that_do_not_go_together(words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_the_command_for_the_cpu_does_not_import_cupy():
    code = (
        "import sys; sys.modules['cupy'] = None\n"
        "import hbpspmv.cli, hbpspmv.suite.bench, hbpspmv.suite.cells.tasks, hbpspmv.suite.peers\n"
        "import hbpspmv.suite.large\n"
        "assert not [m for m in sys.modules if m.startswith('cupy') and m != 'cupy']\n"
        "assert hbpspmv.cli.main(['bench', '--device', 'cuda']) == 2\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("hbpspmv: error: --device cuda: products on a GPU need CuPy; ")
