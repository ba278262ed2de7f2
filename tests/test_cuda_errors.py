"""The CUDA layer without CuPy or without a device: one clear error each, and nothing at import."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

import hbpspmv

A = hbpspmv.hbp_array([[1.0, 2.0], [0.0, 3.0]])


def test_importing_the_package_does_not_import_cupy():
    code = "import hbpspmv, hbpspmv.cuda, sys; sys.exit('cupy' in sys.modules)"
    subprocess.run([sys.executable, "-P", "-c", code], check=True)


def test_without_cupy_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ImportError, match=r"need CuPy; .*hbpspmv\[cuda12\].*hbpspmv\[cuda13\]"):
        A.to_cuda()


class NoDriver(RuntimeError):
    pass


def fake_cupy(count):
    runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=NoDriver)
    return SimpleNamespace(__version__="13.0", cuda=SimpleNamespace(runtime=runtime))


def test_without_a_driver_the_error_says_so(monkeypatch):
    def count():
        raise NoDriver("cudaErrorInsufficientDriver")

    monkeypatch.setitem(sys.modules, "cupy", fake_cupy(count))
    with pytest.raises(RuntimeError, match=r"no CUDA device .*InsufficientDriver.*NVIDIA GPU"):
        A.to_cuda()


def test_without_a_device_the_error_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy(lambda: 0))
    with pytest.raises(RuntimeError, match="there is no CUDA device"):
        A.to_cuda()
