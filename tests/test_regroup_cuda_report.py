"""The preprocessing experiment on a GPU: its script without a device, its report."""

import csv
import io
import os
import subprocess
import sys

import pytest
from regroup_cuda_scripts import FOLDER, measure, scripts, skewed


@pytest.fixture(scope="module")
def experiment():
    with scripts() as modules:
        yield modules


# ---- the script --------------------------------------------------------------------------------


def run_without(tmp_path, cupy):
    """Run the script with this text as the module cupy."""
    (tmp_path / "cupy.py").write_text(cupy)
    return subprocess.run(
        [sys.executable, str(FOLDER / "run_regroup_cuda.py"), str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_cupy_one_line_says_what_to_install(tmp_path):
    done = run_without(tmp_path, "raise ImportError('there is none')\n")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "pip install" in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_a_device_one_line_says_so(tmp_path):
    module = """
    from types import SimpleNamespace
    class CUDARuntimeError(RuntimeError):
        pass
    def getDeviceCount():
        raise CUDARuntimeError("no CUDA-capable device is detected")
    __version__ = "0"
    cuda = SimpleNamespace(runtime=SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError, getDeviceCount=getDeviceCount))
    """
    done = run_without(tmp_path, "\n".join(line[4:] for line in module.splitlines()))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "no CUDA device" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_default_geometry_is_that_of_the_builder(experiment):
    geometry = experiment.run_regroup_cuda.default_geometry
    assert geometry((1_000_000, 900_000), 132) == ("default", 448, 65_536, 32)
    assert geometry((100, 100), 132) == ("default", 128, 100, 32)


# ---- the report --------------------------------------------------------------------------------


@pytest.fixture
def run(experiment):
    machine = {"cpu": "Some CPU", "cpus": 2, "isa": "avx2", "l1d_bytes": 0, "l2_bytes": 0}
    machine |= {"l3_bytes": 0, "memory_bytes": 0}
    device = {"name": "Some GPU", "compute_capability": "90", "multiprocessors": 4}
    device |= {"cupy": "1", "runtime": 13000, "driver": 13000}
    matrices = []
    for name, nnz, factor in (("small", 120, 2.0), ("large", 200_000, 8.0)):
        experiments = []
        for geometry in experiment.regroup_cuda_report.GEOMETRIES:
            found, _ = measure(experiment, skewed(), (geometry, 128, 300, 32))
            for method, seconds in zip(
                found["methods"].values(), (1.0, factor, 1.01, 0.5), strict=True
            ):
                method["seconds"] = [seconds * 1e-6 * (1 + 0.001 * k) for k in (-1, 0, 1)]
            experiments.append(found)
        build = {"product": [1e-5] * 3, "device": [3e-5] * 3, "host": [6e-5] * 3}
        matrices.append(
            {
                "name": name,
                "nnz": nnz,
                "experiments": experiments,
                "build": {"on_device": name == "large", "seconds": build},
            }
        )
    return {
        **{"began": "2000-01-01 00:00", "machine": machine, "device": device, "rounds": 3},
        **{"dtype": "float64", "long_row": 128, "matrices": matrices},
    }


def cells(markdown, first):
    """Cells of the first table row that begins with `first`."""
    line = next(line for line in markdown.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_summary_has_ratios_of_medians_ties_and_losses(experiment, run):
    text = experiment.regroup_cuda_report.markdown(run)
    row = cells(text, "radix sort of indices")
    assert row[1:7] == ["3.53", "4.00", "2.00", "8.00", "0", "0"]
    assert cells(text, "radix sort of packed keys")[1:7] == ["", "1.01", "1.01", "1.01", "2", "0"]
    row = cells(text, "dynamic program on the host")
    assert row[1:7] == ["3.67", "0.50", "0.50", "0.50", "0", "2"]
    assert "1.01=" in cells(text.split("## Time")[1], "large")


def test_builds_are_in_products(experiment, run):
    text = experiment.regroup_cuda_report.markdown(run).split("## The whole build")[1]
    assert cells(text, "large")[2:] == ["10.00", "3.0", "6.0", "2.00"]
    assert cells(text, "small")[3] == "3.0 (by way of the host)"
    assert cells(text, "geometric mean, where built on the device")[3:] == ["3.0", "6.0", "2.00"]


def test_a_method_that_could_not_run_is_left_blank(experiment, run):
    for matrix in run["matrices"]:
        for e in matrix["experiments"]:
            del e["methods"]["packed-sort"]
    text = experiment.regroup_cuda_report.markdown(run)
    assert cells(text, "radix sort of packed keys")[2:7] == ["", "", "", "0", "0"]


def test_csv_has_a_line_per_matrix_geometry_and_order(experiment, run):
    report = experiment.regroup_cuda_report
    lines = list(csv.DictReader(io.StringIO(report.comma_separated(run))))
    assert len(lines) == 2 * 2 * 5
    line = next(x for x in lines if x["method"] == "argsort" and x["matrix"] == "large")
    assert float(line["ratio"]) == pytest.approx(8)
    assert line["padding_own_groups"] == ""
    assert all(x["seconds"] == "" for x in lines if x["method"] == "natural")
    own = [x["padding_own_groups"] for x in lines if x["method"] == "dynamic-program"]
    assert all(own)
