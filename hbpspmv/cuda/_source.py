"""The source of the CUDA kernels as one text, and how it is compiled."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

#: numpy name of a value type -> its name in the kernels. The first four are scalar types too.
CXX_NAMES: Final = {
    "float32": "float",
    "float64": "double",
    "complex64": "hbp::Complex<float>",
    "complex128": "hbp::Complex<double>",
    "float16": "hbp::cuda::Float16",
    "bfloat16": "hbp::cuda::BFloat16",
}

_INCLUDE = re.compile(r'^#include ([<"])(.+)[>"]\n', re.MULTILINE)
_PRAGMA_ONCE = re.compile(r"^#pragma once\n", re.MULTILINE)


@cache
def kernel_source() -> str:
    """All kernel sources in one text: what CuPy caches compiled code by.

    Raises
    ------
    FileNotFoundError
        If the installation lacks them.
    """
    folder = _folder()
    included: set[Path] = set()

    def text(path: Path) -> str:
        if path in included:
            return ""
        included.add(path)

        def replacement(match: re.Match[str]) -> str:
            quote, name = match.groups()
            # NVRTC has no standard headers: those that are needed lie beside the kernels.
            found = folder / "cuda" / "nvrtc" / name if quote == "<" else path.parent / name
            # What is not shipped, the emulation of the tests, is for other compilers.
            return text(found.resolve()) if found.exists() else match.group(0)

        return _INCLUDE.sub(replacement, _PRAGMA_ONCE.sub("", path.read_text("utf-8")))

    return text((folder / "cuda" / "kernels.cu").resolve())


def compile_options(stored: str, scalar: str) -> tuple[str, ...]:
    """Options of NVRTC for the kernels of one value type.

    Without `--fmad=false` the compiler would fuse operations that the CPU does not fuse.
    """
    return (
        "-std=c++17",
        "--fmad=false",
        "-default-device",
        f"-DHBP_STORED={CXX_NAMES[stored]}",
        f"-DHBP_SCALAR={CXX_NAMES[scalar]}",
    )


def _folder() -> Path:
    import hbpspmv.cuda

    # An editable installation has Python files and the others in different places.
    for place in hbpspmv.cuda.__path__:
        folder = Path(place, "kernels")
        if (folder / "cuda" / "kernels.cu").is_file():
            return folder
    raise FileNotFoundError(
        f"the CUDA kernels are missing from this installation: no kernels/cuda/kernels.cu in "
        f"{', '.join(hbpspmv.cuda.__path__)}"
    )
