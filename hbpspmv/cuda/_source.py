"""The source of the CUDA kernels as one text, and how it is compiled."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

#: NumPy's name of a type -> its name in the kernels.
CXX_NAMES: Final = {
    "float32": "float",
    "float64": "double",
    "complex64": "hbp::Complex<float>",
    "complex128": "hbp::Complex<double>",
    "float16": "hbp::cuda::Float16",
    "bfloat16": "hbp::cuda::BFloat16",
    "int32": "int32_t",
    "int64": "int64_t",
}

#: The kernels that build plans; all others make products.
BUILDERS: Final = ("hbp_count", "hbp_fill")

_INCLUDE = re.compile(r'^#include ([<"])(.+)[>"]\n', re.MULTILINE)
_PRAGMA_ONCE = re.compile(r"^#pragma once\n", re.MULTILINE)


class Kernel(NamedTuple):
    """A kernel for one choice of types."""

    name: str
    #: Of the stored values for products, of the indices for builders.
    first_type: str
    #: Of x and y, or of the values.
    scalar_type: str

    @property
    def file(self) -> str:
        """The file that it is compiled from."""
        return "builders.cu" if self.name in BUILDERS else "kernels.cu"

    @property
    def options(self) -> tuple[str, ...]:
        """Options of NVRTC.

        Without `--fmad=false` the compiler would fuse operations that the CPU does not fuse.
        """
        first = "HBP_INDEX" if self.name in BUILDERS else "HBP_STORED"
        return (
            "-std=c++17",
            "--fmad=false",
            "-default-device",
            f"-D{first}={CXX_NAMES[self.first_type]}",
            f"-DHBP_SCALAR={CXX_NAMES[self.scalar_type]}",
        )


@cache
def kernel_source(file: str) -> str:
    """The source of some kernels in one text: what CuPy caches compiled code by.

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

    return text((folder / "cuda" / file).resolve())


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
