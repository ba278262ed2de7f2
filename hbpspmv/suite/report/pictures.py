"""Spy pictures: the coarse grid of a matrix as a small PNG for both light and dark pages."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

from hbpspmv.suite.spy import LEVELS

_COLOUR = bytes((0x3B, 0x82, 0xF6))
_FAINTEST = 60  # of 255: one nonzero in a cell must be seen


def spy_png(lines: Sequence[str]) -> bytes:
    """Return a PNG with one pixel a cell, transparent where the matrix has no nonzero.

    Parameters
    ----------
    lines : sequence of str
        Lines of digits, as the facts of a cell hold them.
    """
    height, width = len(lines), len(lines[0]) if lines else 0
    if height * width == 0:
        lines, height, width = ["0"], 1, 1
    rows = b"".join(b"\0" + bytes(map(int, line)) for line in lines)
    alpha = bytes(
        0 if i == 0 else _FAINTEST + (255 - _FAINTEST) * (i - 1) // (LEVELS - 1)
        for i in range(LEVELS + 1)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", _COLOUR * (LEVELS + 1)),
            (b"tRNS", alpha),
            (b"IDAT", zlib.compress(rows, 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def spy_image(lines: Sequence[str], words: str, style: str) -> str:
    """Return an image element that carries its picture."""
    data = base64.b64encode(spy_png(lines)).decode()
    return f'<img class="{style}" alt="{words}" src="data:image/png;base64,{data}">'
