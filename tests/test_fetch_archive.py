"""Archives that are not trusted: what is taken out of them, and what is refused."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from matrix_server import COLS, MATRIX, NNZ, ROWS, archive, good_archive, member

from hbpspmv.suite.fetch import archive as archive_module
from hbpspmv.suite.fetch.archive import extract_matrix
from hbpspmv.suite.fetch.errors import ArchiveError, DamagedArchiveError
from hbpspmv.suite.registry import Entry

GOOD = Entry("Test", "good", "test problem", ROWS, COLS, NNZ)
MEMBER = member("good/good.mtx", MATRIX)


@pytest.fixture
def folder(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    return inner


def extract(folder, content, entry=GOOD):
    path = folder / "good.tar.gz"
    path.write_bytes(content)
    try:
        extract_matrix(path, entry, folder / "good.mtx")
    finally:
        left = {
            p.relative_to(folder.parent.parent).as_posix() for p in folder.parent.parent.rglob("*")
        }
        assert left <= {"a", "a/b", "a/b/good.tar.gz", "a/b/good.mtx"}
    return (folder / "good.mtx").read_bytes()


def refusal(folder, content, entry=GOOD):
    with pytest.raises(ArchiveError, match=r"^good\.tar\.gz: ") as error:
        extract(folder, content, entry)
    assert not (folder / "good.mtx").exists()
    return str(error.value)


def test_only_the_matrix_is_taken(folder):
    assert extract(folder, good_archive()) == MATRIX


def test_a_leading_dot_slash_is_the_same_path(folder):
    assert extract(folder, archive(member("./good/good.mtx", MATRIX))) == MATRIX


@pytest.mark.parametrize(
    "hostile",
    [
        member("../escaped", b"x"),
        member("good/../../escaped", b"x"),
        member("/tmp/escaped-from-an-archive", b"x"),
    ],
    ids=["up", "down and up", "absolute"],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_path_out_of_the_archive_is_refused(hostile, first, folder):
    members = (hostile, MEMBER) if first else (MEMBER, hostile)
    assert "a path that leads out of it" in refusal(folder, archive(*members))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE],
    ids=["symbolic link", "hard link", "pipe", "character device", "block device"],
)
@pytest.mark.parametrize("name", ["good/good.mtx", "good/other"])
def test_what_is_no_plain_file_is_refused(kind, name, folder):
    hostile = member(name, type=kind, linkname="/etc/hostname")
    assert "no plain file" in refusal(folder, archive(hostile, MEMBER))


def test_a_sparse_member_is_refused(folder):
    # A few bytes that claim to unpack to 1 TiB of zeros.
    hostile = member(
        "good/good.mtx", pax_headers={"GNU.sparse.map": "0,0", "GNU.sparse.size": str(1 << 40)}
    )
    assert "no plain file" in refusal(folder, archive(hostile))


@pytest.mark.parametrize("name", ["good/good.mtx", "good/other"], ids=["matrix", "other file"])
def test_a_bomb_is_stopped(name, folder, monkeypatch):
    monkeypatch.setattr(archive_module, "_ALWAYS_ALLOWED", 1 << 16)
    bomb = archive(member(name, bytes(16 << 20)), MEMBER)
    assert len(bomb) < (16 << 20) / 500
    assert "unpacks to more than" in refusal(folder, bomb)


def test_a_bomb_behind_the_end_of_the_archive_is_stopped(folder, monkeypatch):
    monkeypatch.setattr(archive_module, "_ALWAYS_ALLOWED", 1 << 16)
    assert "unpacks to more than" in refusal(
        folder, archive(MEMBER) + gzip.compress(bytes(16 << 20))
    )


def test_too_many_members_are_refused(folder, monkeypatch):
    monkeypatch.setattr(archive_module, "_MOST_MEMBERS", 50)
    crowd = [member(f"good/{i}") for i in range(51)]
    assert "more than 50 files" in refusal(folder, archive(MEMBER, *crowd))


def test_a_matrix_that_comes_twice_is_refused(folder):
    assert "holds good/good.mtx twice" in refusal(folder, archive(MEMBER, MEMBER))


@pytest.mark.parametrize(
    "other", [member("good/other.mtx", MATRIX), member("good.mtx", MATRIX)], ids=lambda m: m[0].name
)
def test_an_archive_without_the_matrix_is_refused(other, folder):
    assert "holds no good/good.mtx" in refusal(folder, archive(other))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no Matrix Market file"),
        (b"hello\n1 2 3\n", "no Matrix Market file"),
        (b"%%MatrixMarket matrix coordinate real general\n% no more\n", "without a size"),
        (b"%%MatrixMarket matrix coordinate real general\n40 x 160\n", "without a size"),
        (b"%%MatrixMarket matrix coordinate real general\n30 40 160\n", "a matrix of 30 x 40"),
        (b"%%MatrixMarket matrix coordinate real general\n\n40 30 159\n", "holds 159 entries"),
        (b"%%MatrixMarket matrix coordinate real symmetric\n40 30 79\n", "holds 79 entries"),
    ],
)
def test_another_matrix_is_refused(text, message, folder):
    assert message in refusal(folder, archive(member("good/good.mtx", text)))


def test_what_the_registry_does_not_know_is_not_compared(folder):
    assert extract(folder, good_archive(), Entry("Test", "good", "k", verified=False)) == MATRIX


@pytest.mark.parametrize("keep", [0, 5, 200, -9, -1])
def test_a_truncated_archive_is_damaged(keep, folder):
    with pytest.raises(DamagedArchiveError, match="truncated or corrupt"):
        extract(folder, good_archive()[:keep])


@pytest.mark.parametrize("at", [0, 20, 3000, -6], ids=["magic", "begin", "middle", "checksum"])
def test_a_corrupt_archive_is_damaged(at, folder):
    content = bytearray(good_archive())
    content[at] ^= 0xFF
    with pytest.raises(DamagedArchiveError, match="truncated or corrupt"):
        extract(folder, bytes(content))


def test_no_tar_inside_is_damaged(folder):
    with pytest.raises(DamagedArchiveError, match="truncated or corrupt"):
        extract(folder, gzip.compress(b"hello" * 1000))


def test_a_full_disk_is_no_damage_of_the_archive(folder, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive_module, "_copy_member", full)
    with pytest.raises(OSError, match="No space left"):
        extract(folder, good_archive())
    assert not (folder / "good.mtx").exists()


def test_the_helper_makes_archives_that_tar_reads():
    with tarfile.open(fileobj=io.BytesIO(good_archive())) as tar:
        names = tar.getnames()
    assert names == ["good", "good/good_b.mtx", "good/good.mtx"]
