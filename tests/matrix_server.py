"""A local stand-in for the collection's server, which can be made to misbehave."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

ROWS, COLS = 40, 30
_ENTRIES = [(i + 1, (7 * i + k) % COLS + 1, i + k / 7) for i in range(ROWS) for k in range(4)]
NNZ = len(_ENTRIES)
MATRIX = (
    "%%MatrixMarket matrix coordinate real general\n% a comment\n"
    + f"{ROWS} {COLS} {NNZ}\n"
    + "".join(f"{i} {j} {value:.17g}\n" for i, j, value in _ENTRIES)
).encode()


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive; `fields` are attributes of its TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def archive(*members: tuple[tarfile.TarInfo, bytes], level: int = 6) -> bytes:
    """A .tar.gz of members; the same ones give the same bytes."""
    tar_bytes = io.BytesIO()
    with tarfile.open(fileobj=tar_bytes, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(tar_bytes.getvalue(), level, mtime=0)


def good_archive(name: str = "good", matrix: bytes = MATRIX, noise: int = 60_000) -> bytes:
    """What the collection publishes: the matrix, and other files beside it."""
    incompressible = np.random.default_rng(1).bytes(noise)
    return archive(
        member(name, type=tarfile.DIRTYPE),
        member(f"{name}/{name}_b.mtx", incompressible),
        member(f"{name}/{name}.mtx", matrix),
    )


class MatrixServer:
    """Serves `content` under its path; `script` answers instead for as many requests as it has.

    Attributes
    ----------
    content : dict
        Bytes by path, such as ``/MM/Test/good.tar.gz``.
    script : list of callable
        Each takes a `Request` and answers it; used up first to last, for any path.
    ranges : list of (str or None)
        The Range headers of all requests.
    """

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.script: list[Callable[[Request], None]] = []
        self.ranges: list[str | None] = []
        self.sent_half = threading.Event()
        self.release = threading.Event()
        handler = type("Handler", (Request,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        """The base URL for HBPSPMV_SUITESPARSE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/MM"

    def close(self) -> None:
        """Stop, also answers that are under way."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Request(BaseHTTPRequestHandler):
    """One request, with the answers that a script can give."""

    owner: MatrixServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.owner.ranges.append(self.headers.get("Range"))
        if self.owner.script:
            self.owner.script.pop(0)(self)
        elif self.path in self.owner.content:
            self.serve()
        else:
            self.fail(404)

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    @property
    def body(self) -> bytes:
        return self.owner.content[self.path]

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        self.close_connection = True
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def tag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'

    def serve(self) -> None:
        """As a good server does, with ranges."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if asked and self.headers.get("If-Range") == self.tag():
            start, total = int(asked[1]), len(self.body)
            if start >= total:
                self.fail(416)
                return
            span = f"bytes {start}-{total - 1}/{total}"
            self.begin(206, total - start, ETag=self.tag(), Content_Range=span)
            self.wfile.write(self.body[start:])
        else:
            self.begin(200, len(self.body), ETag=self.tag())
            self.wfile.write(self.body)

    def fail(self, status: int, **headers: str) -> None:
        """Refuse."""
        self.begin(status, 0, **headers)

    def serve_half(self) -> None:
        """Promise all of it and close the connection half-way."""
        self.begin(200, len(self.body), ETag=self.tag())
        self.wfile.write(self.body[: len(self.body) // 2])

    def stall(self) -> None:
        """Send half of it, and then nothing until the server is closed."""
        self.serve_half()
        self.wfile.flush()
        self.owner.sent_half.set()
        self.owner.release.wait(60)

    def drip(self) -> None:
        """Send all of it in many small pieces."""
        self.begin(200, len(self.body), ETag=self.tag())
        for at in range(0, len(self.body), 5000):
            self.wfile.write(self.body[at : at + 5000])
            self.wfile.flush()

    def serve_without_length(self) -> None:
        """Do not say how long it is."""
        self.begin(200, None)
        self.wfile.write(self.body)

    def ignore_range(self) -> None:
        """Send all of it whatever was asked for."""
        self.begin(200, len(self.body))
        self.wfile.write(self.body)

    def serve_wrong_range(self) -> None:
        """Send another part than was asked for."""
        total = len(self.body)
        self.begin(206, total - 1, ETag=self.tag(), Content_Range=f"bytes 1-{total - 1}/{total}")
        self.wfile.write(self.body[1:])

    def corrupt(self) -> None:
        """Send it with a few bytes changed."""
        middle = len(self.body) // 2
        self.begin(200, len(self.body), ETag='"other"')
        self.wfile.write(self.body[:middle] + bytes(8) + self.body[middle + 8 :])

    def serve_as_encoded(self) -> None:
        """Call the packed file a packed answer, as some servers do."""
        self.begin(200, len(self.body), ETag=self.tag(), Content_Encoding="gzip")
        self.wfile.write(self.body)

    def redirect_to(self, path: str) -> None:
        """Point elsewhere."""
        self.begin(302, 0, Location=path)
