"""The kernel of the preprocessing experiment on a GPU: what it computes, that it compiles."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from emulated_device import compiler
from regroup_cuda_scripts import ROOT, order_by_hash, scripts

from hbpspmv.cuda._launch import THREADS

ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_120")


@pytest.fixture(scope="module")
def experiment():
    with scripts() as modules:
        yield modules


def lengths_of_blocks(block_rows):
    rng = np.random.default_rng(8)
    length = rng.integers(0, 300, (5, block_rows)).astype(np.uint32)
    length[0] = 0
    length[1] = 9
    length[2, ::3] = 0
    length[3] = np.arange(block_rows)
    length[4, :] = 0
    length[4, block_rows - 1] = 65_536
    return length


@pytest.mark.emulated
def test_the_kernel_orders_rows_on_the_emulated_device(experiment, tmp_path):
    if compiler() is None:
        pytest.skip("there is no C++ compiler to build the emulated kernel with (set CXX)")
    emulation = ROOT / "tests" / "cpp" / "cuda_emulation"
    library = tmp_path / "libemulated_order.so"
    sources = [emulation / f"{name}.cpp" for name in ("launch", "memory", "fiber")]
    command = [
        *(str(compiler()), "-std=c++20", "-O1", "-shared", "-fPIC", "-Wno-unknown-pragmas"),
        *(f"-I{ROOT / 'csrc' / 'cuda'}", f"-I{emulation}", "-o", str(library)),
        str(ROOT / "tests" / "cpp" / "regroup_cuda" / "emulated_order.cpp"),
        *map(str, sources),
    ]
    subprocess.run(command, check=True)
    emulated_order = ctypes.CDLL(str(library)).emulated_order
    kernel = experiment.order_kernel
    for block_rows in (128, 512, 1024):
        length = lengths_of_blocks(block_rows)
        order = np.full(length.shape, 0xFFFF, np.uint16)
        error = ctypes.create_string_buffer(1000)
        failed = emulated_order(
            *(len(length), THREADS, kernel.shared_bytes(block_rows), block_rows),
            *(length.ctypes.data_as(ctypes.c_void_p), order.ctypes.data_as(ctypes.c_void_p)),
            *(block_rows, error, ctypes.c_size_t(len(error))),
        )
        assert not failed, error.value.decode()
        assert np.array_equal(order, order_by_hash(length))


def test_the_kernels_argument_has_the_layout_of_its_struct(experiment):
    kernel = experiment.order_kernel
    record = kernel.arguments(8, 16, 512)
    assert record.tobytes() == np.array([8, 16, 512], np.uint64).tobytes()
    fields = re.search(r"struct OrderRows \{\n(.*?)\n\};", kernel.order_source(), re.DOTALL)
    assert re.findall(r"(\w+);", fields.group(1)) == list(kernel.ARGUMENTS.names)


def test_the_source_is_one_text_with_the_builders_own_code(experiment):
    source = experiment.order_kernel.order_source()
    assert re.findall(r"^#include.*", source, re.MULTILINE) == ['#include "emulated_device.h"']
    builder = source[source.index("class RowBlockBuilder") :]
    assert builder.index("public:", builder.index("n_elements_.load(cb)")) < builder.index(
        "void sort_rows() const {"
    )


def test_a_builder_that_has_changed_is_told(experiment, monkeypatch):
    monkeypatch.setattr(experiment.order_kernel, "kernel_source", lambda file: "nothing")
    with pytest.raises(RuntimeError, match="no class RowBlockBuilder"):
        experiment.order_kernel.order_source()


@pytest.mark.nvcompile
def test_the_kernel_compiles_without_spills(experiment, tmp_path):
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("nvcc is not on the PATH")
    source = tmp_path / "order.cu"
    source.write_text(experiment.order_kernel.order_source(), "utf-8")
    options = [o for o in experiment.order_kernel.OPTIONS if o != "-default-device"]
    for architecture in ARCHITECTURES:
        command = [nvcc, *options, f"-arch={architecture}", "-cubin", "-Xptxas=-v", str(source)]
        done = subprocess.run(
            [*command, "-o", str(tmp_path / "order.cubin")],
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert "warning" not in said.lower()
        frame = r"0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"
        assert len(re.findall(frame, said)) == 1, said
