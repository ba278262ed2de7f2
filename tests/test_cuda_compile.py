"""Every CUDA kernel compiles for every architecture: no warning, no spill, no local memory.

With nvcc, each choice of types is compiled once to PTX and assembled for each architecture, which
is where registers are allotted. With the wheel of NVRTC, which is what CuPy compiles with, each is
compiled for one of the architectures in turn, from the source text that CuPy gets.
"""

import ctypes
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hbpspmv.cuda._launch import RESIDENT, THREADS
from hbpspmv.cuda._source import Kernel, kernel_source

pytestmark = pytest.mark.nvcompile

ARCHITECTURES = ("sm_75", "sm_80", "sm_87", "sm_89", "sm_90", "sm_100", "sm_120")
PRODUCTS = {"hbp_spmv", "hbp_spmm"}
BUILDERS = {"hbp_count", "hbp_fill"}
SCALARS = ("float32", "float64", "complex64", "complex128")

#: Each for all the kernels of its file.
VARIANTS = [
    *(Kernel("hbp_spmv", scalar, scalar) for scalar in SCALARS),
    *(Kernel("hbp_spmv", stored, "float32") for stored in ("float16", "bfloat16")),
    *(Kernel("hbp_fill", index, scalar) for index in ("int32", "int64") for scalar in SCALARS),
]


def kernels_of(variant):
    return PRODUCTS if variant.name in PRODUCTS else BUILDERS


def check_usage(report, kernels=PRODUCTS):
    """Check what ptxas -v says of the kernels."""
    usage = {}
    for kernel, properties, registers in re.findall(
        r"Compiling entry function '(\w+)' for .*?\n(?:.*\n)??"
        r"(.*bytes stack frame.*)\n.*?Used (\d+) registers",
        report,
    ):
        usage[kernel] = properties.split(), int(registers)
    assert set(usage) == kernels, report
    for kernel, (words, registers) in usage.items():
        numbers = [int(word) for word in words if word.isdecimal()]
        assert numbers == [0, 0, 0], f"{kernel}: {' '.join(words)}"
        # A multiprocessor has 65,536 registers.
        assert registers * THREADS * RESIDENT <= 65_536, f"{kernel}: {registers} registers"
    assert "warning" not in report.lower(), report


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


# ---- nvcc --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def nvcc():
    path = shutil.which("nvcc")
    if path is None:
        pytest.skip("nvcc is not on the PATH")
    return path


def ptxas_of(nvcc):
    """The assembler that this nvcc would call."""
    lines = run([nvcc, "--dryrun", "-cubin", "-x", "cu", "/dev/null", "-o", "/dev/null"])
    for line in lines.splitlines():
        if match := re.match(r"#\$ (?:\"(.*?ptxas)\"|(\S*ptxas)) ", line):
            name = match.group(1) or match.group(2)
            beside = Path(nvcc).resolve().parent / name
            found = shutil.which(name) or (str(beside) if beside.exists() else None)
            assert found is not None, f"{name}, which nvcc calls, is not found"
            return found
    raise AssertionError(f"nvcc calls no ptxas:\n{lines}")


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_nvcc(variant, nvcc, tmp_path):
    source = tmp_path / "kernels.cu"
    source.write_text(kernel_source(variant.file), "utf-8")
    options = [option for option in variant.options if option != "-default-device"]
    ptx = tmp_path / "kernels.ptx"
    said = run([nvcc, *options, "-arch=compute_75", "-ptx", str(source), "-o", str(ptx)])
    assert said.strip() == "", said
    if variant.name in PRODUCTS:
        # alpha s + beta y is not fused on the CPU, nor here: the rounding is written out.
        assert re.search(r"\bmul\.rn\.f(32|64)", ptx.read_text("utf-8"))
    assembler = ptxas_of(nvcc)
    for architecture in ARCHITECTURES:
        command = [assembler, "-v", f"-arch={architecture}", str(ptx), "-o", "/dev/null"]
        check_usage(run(command), kernels_of(variant))


# ---- NVRTC -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def nvrtc():
    for name in ("nvidia.cuda_nvrtc", "nvidia.cu13"):
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            continue
        for place in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(place).glob("lib/libnvrtc.so.*")):
                return ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    pytest.skip("the wheel of NVRTC is not installed (nvidia-cuda-nvrtc-cu12)")


def compile_by_nvrtc(library, source, options):
    """(whether it went well, the log)"""
    program = ctypes.c_void_p()
    code = source.encode()
    made = library.nvrtcCreateProgram(ctypes.byref(program), code, b"kernels.cu", 0, None, None)
    assert made == 0
    arguments = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    failed = library.nvrtcCompileProgram(program, len(options), arguments)
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return failed == 0, log.value.decode()


@pytest.mark.parametrize("variant", VARIANTS, ids="-".join)
def test_nvrtc(variant, nvrtc):
    architecture = ARCHITECTURES[VARIANTS.index(variant) % len(ARCHITECTURES)]
    good, log = compile_by_nvrtc(
        nvrtc,
        kernel_source(variant.file),
        [*variant.options, f"--gpu-architecture={architecture}", "--ptxas-options=-v"],
    )
    assert good, log
    check_usage(log, kernels_of(variant))


def test_nvrtc_refuses_what_is_no_kernel(nvrtc):
    source = kernel_source("kernels.cu") + "\nnonsense"
    good, log = compile_by_nvrtc(nvrtc, source, VARIANTS[0].options)
    assert not good
    assert "nonsense" in log


# ---- the check itself --------------------------------------------------------------------------


def test_spills_and_local_memory_are_found():
    def report(frame, stores, loads, registers, more=""):
        return "".join(
            f"ptxas info    : Compiling entry function '{kernel}' for 'sm_80'\n"
            f"ptxas info    : Function properties for {kernel}\n"
            f"    {frame} bytes stack frame, "
            f"{stores} bytes spill stores, {loads} bytes spill loads\n"
            f"ptxas info    : Used {registers} registers, used 1 barriers\n{more}"
            for kernel in PRODUCTS
        )

    check_usage(report(0, 0, 0, 128))
    for bad in (
        report(8, 0, 0, 128),
        report(0, 4, 0, 128),
        report(0, 0, 4, 128),
        report(0, 0, 0, 129),
        report(0, 0, 0, 128, "ptxas warning : something\n"),
        "",
    ):
        with pytest.raises(AssertionError):
            check_usage(bad)


@pytest.mark.parametrize("file", ["kernels.cu", "builders.cu"])
def test_the_source_is_one_text(file):
    source = kernel_source(file)
    assert '#include "emulated_device.h"' in source  # of the branch for other compilers
    assert re.findall(r"^#include.*", source, re.MULTILINE) == ['#include "emulated_device.h"']
    assert "struct Product {" in source
    assert source.count("struct Complex {") == 1
