"""Matrix files: every format read, everything wrong with one named in the error."""

from __future__ import annotations

import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from scipy.io import mmwrite
from scipy.sparse import (
    bsr_array,
    coo_array,
    csc_array,
    csr_array,
    csr_matrix,
    dia_array,
    random_array,
    save_npz,
)

from hbpspmv.suite.files import SUFFIXES, find_files, matrix_name, read_matrix

PACK = {".mtx": bytes, ".mtx.gz": gzip.compress, ".mtx.bz2": bz2.compress, ".mtx.xz": lzma.compress}
GENERAL = "%%MatrixMarket matrix coordinate real general\n"


@pytest.fixture
def matrix():
    return csr_array(random_array((40, 30), density=0.2, rng=np.random.default_rng(5)))


def market_bytes(matrix, tmp_path: Path) -> bytes:
    path = tmp_path / "plain.mtx"
    mmwrite(path, matrix, precision=17)
    content = path.read_bytes()
    path.unlink()
    return content


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def equal(a, b) -> bool:
    return a.shape == b.shape and (a != b).nnz == 0


@pytest.mark.parametrize("suffix", PACK)
def test_matrix_market_is_read_from_every_packing(suffix, matrix, tmp_path):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(PACK[suffix](market_bytes(matrix, tmp_path)))
    assert equal(read_matrix(path), matrix)


@pytest.mark.parametrize(
    "kind", [csr_array, csr_matrix, csc_array, coo_array, bsr_array, dia_array]
)
def test_npz_is_read_from_every_sparse_format(kind, matrix, tmp_path):
    save_npz(tmp_path / "m.npz", kind(matrix))
    read = read_matrix(tmp_path / "m.npz")
    assert isinstance(read, csr_array)
    assert equal(read, matrix)


def test_symmetric_file_is_expanded_and_a_pattern_is_ones(tmp_path):
    path = write(
        tmp_path / "m.mtx",
        "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 3\n1 1\n2 1\n3 2\n",
    )
    np.testing.assert_array_equal(read_matrix(path).toarray(), [[1, 1, 0], [1, 0, 1], [0, 1, 0]])


def test_dense_and_complex_files_are_read(tmp_path):
    dense = write(tmp_path / "d.mtx", "%%MatrixMarket matrix array real general\n2 2\n1\n0\n3\n4\n")
    np.testing.assert_array_equal(read_matrix(dense).toarray(), [[1, 3], [0, 4]])
    hermitian = write(
        tmp_path / "h.mtx",
        "%%MatrixMarket matrix coordinate complex hermitian\n2 2 1\n2 1 1.0 2.0\n",
    )
    np.testing.assert_array_equal(read_matrix(hermitian).toarray(), [[0, 1 - 2j], [1 + 2j, 0]])


def test_empty_matrix_is_read(tmp_path):
    assert read_matrix(write(tmp_path / "e.mtx", GENERAL + "4 5 0\n")).shape == (4, 5)


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9], ids=["empty", "third", "most"])
def test_truncated_file_is_named(suffix, keep, matrix, tmp_path):
    content = PACK[suffix](market_bytes(matrix, tmp_path))
    path = tmp_path / f"cut{suffix}"
    # A cut inside the last number of a plain file would go unseen: cut at the start of a line.
    length = int(len(content) * keep)
    cut = content[: content.rfind(b"\n", 0, length) + 1] if suffix == ".mtx" else content[:length]
    path.write_bytes(cut)
    with pytest.raises(ValueError, match=f"cut{suffix}: not a readable matrix: ."):
        read_matrix(path)


@pytest.mark.parametrize("suffix", [".mtx.gz", ".mtx.bz2", ".mtx.xz"])
def test_flipped_bytes_are_noticed(suffix, matrix, tmp_path):
    content = bytearray(PACK[suffix](market_bytes(matrix, tmp_path)))
    middle = len(content) // 2
    for i in range(middle, middle + 8):
        content[i] ^= 0xFF
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"bad{suffix}"):
        read_matrix(path)


@pytest.mark.parametrize("suffix", [".mtx.gz", ".mtx.bz2", ".mtx.xz", ".npz"])
def test_file_that_is_not_what_its_name_says_is_named(suffix, tmp_path):
    path = write(tmp_path / f"fake{suffix}", GENERAL + "1 1 1\n1 1 1.0\n")
    with pytest.raises(ValueError, match=f"fake{suffix}"):
        read_matrix(path)


@pytest.mark.parametrize(
    "text",
    [
        "hello\n",
        "%%MatrixMarket vector coordinate real general\n",
        GENERAL,
        GENERAL + "two 2 1\n1 1 1.0\n",
        GENERAL + "2 2 1\n3 1 1.0\n",
        GENERAL + "2 2 1\n0 1 1.0\n",
        GENERAL + "2 2 1\n1 -1 1.0\n",
        GENERAL + "2 2 1\n1 1 one\n",
        GENERAL + "2 2 2\n1 1 1.0\n",
        GENERAL + "2 2 1\n1 1 1.0\n2 2 2.0\n",
        GENERAL + "-2 2 0\n",
        GENERAL + "99999999999999999999 2 1\n1 1 1.0\n",
        "%%MatrixMarket matrix coordinate real symmetric\n2 3 1\n1 1 1.0\n",
    ],
)
def test_wrong_matrix_market_content_is_named(text, tmp_path):
    path = write(tmp_path / "wrong.mtx", text)
    with pytest.raises(ValueError, match=r"wrong\.mtx: not a readable matrix: ."):
        read_matrix(path)


@pytest.mark.parametrize("kind", [csr_array, csc_array, bsr_array])
def test_npz_with_an_index_out_of_range_is_named(kind, matrix, tmp_path):
    bad = kind(matrix)
    bad.indices[3] = 1000
    save_npz(tmp_path / "range.npz", bad)
    with pytest.raises(ValueError, match=r"range\.npz: not a readable matrix: ."):
        read_matrix(tmp_path / "range.npz")


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": np.arange(3)},
        {"format": np.array("csr")},
        {"format": np.array("nonesuch"), "shape": (1, 1), "data": [1.0]},
        {"format": np.array("csr"), "shape": (2, 2), "data": [1.0], "indices": [0], "indptr": [0]},
    ],
)
def test_npz_that_holds_no_sparse_matrix_is_named(arrays, tmp_path):
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(ValueError, match=r"other\.npz: not a readable matrix: ."):
        read_matrix(tmp_path / "other.npz")


def test_truncated_npz_is_named(matrix, tmp_path):
    save_npz(tmp_path / "cut.npz", matrix)
    content = (tmp_path / "cut.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"cut\.npz"):
        read_matrix(tmp_path / "cut.npz")


def test_missing_file_and_unknown_type(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.mtx"):
        read_matrix(tmp_path / "none.mtx")
    with pytest.raises(ValueError, match=r"m\.txt: unknown file type, expected one of \.mtx"):
        read_matrix(write(tmp_path / "m.txt", "1"))
    (tmp_path / "folder.mtx").mkdir()
    with pytest.raises(IsADirectoryError, match=r"folder\.mtx"):
        read_matrix(tmp_path / "folder.mtx")


def test_directory_is_searched_and_sorted(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.mtx.gz", "a.npz", "sub/c.MTX", "notes.txt"):
        write(tmp_path / name, "")
    found = [path.relative_to(tmp_path).as_posix() for path in find_files([tmp_path])]
    assert found == ["a.npz", "b.mtx.gz", "sub/c.MTX"]
    assert list(find_files([tmp_path / "notes.txt"])) == [tmp_path / "notes.txt"]


def test_directory_without_matrices_and_missing_path(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"holds no file ending in \.mtx"):
        list(find_files([tmp_path]))
    with pytest.raises(FileNotFoundError, match="absent: no such file"):
        list(find_files([tmp_path / "absent"]))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_name_drops_the_suffix(suffix):
    assert matrix_name(Path(f"dir/ch8-8.b4{suffix}")) == "ch8-8.b4"
