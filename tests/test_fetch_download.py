"""Downloads against a local server that is good, broken, slow or hostile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matrix_server import (
    COLS,
    MATRIX,
    NNZ,
    ROWS,
    MatrixServer,
    Request,
    archive,
    good_archive,
    member,
)

from hbpspmv.suite.fetch import get
from hbpspmv.suite.fetch.download import Patience, _refuse_downgrade
from hbpspmv.suite.fetch.errors import DownloadError
from hbpspmv.suite.fetch.get import fetch
from hbpspmv.suite.fetch.record import read_record, record_path
from hbpspmv.suite.registry import Entry
from hbpspmv.suite.sources import load_entry
from hbpspmv.suite.store import DOWNLOADED, ENVIRONMENT, kept_path

GOOD = Entry("Test", "good", "test problem", ROWS, COLS, NNZ)
PATH = "/MM/Test/good.tar.gz"
QUICK = Patience(waits=(0.0, 0.0, 0.0), timeout=20.0)


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.ends: dict[str, str] = {}
        self.sizes: list[tuple[int, int | None]] = []

    def begin(self, name, step):
        pass

    def bytes_done(self, done, total):
        self.sizes.append((done, total))

    def note(self, name, text):
        self.notes.append(text)

    def end(self, name, text):
        self.ends[name] = text


@pytest.fixture
def server(monkeypatch):
    pytest.importorskip("pooch")
    matrix_server = MatrixServer()
    matrix_server.content[PATH] = good_archive()
    monkeypatch.setenv(get.URL_ENVIRONMENT, matrix_server.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield matrix_server
    matrix_server.close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    return folder


def run(*entries, max_bytes=1 << 20, patience=QUICK, **options):
    heard = Heard()
    request = get.Request(max_bytes=max_bytes, patience=patience, **options)
    outcome = fetch(entries or (GOOD,), request, heard)
    assert set(heard.ends) <= {e.key for e in entries or (GOOD,)}
    return outcome, heard


def fetched(**options):
    outcome, heard = run(**options)
    assert outcome.failed == {}
    assert kept_path(GOOD, DOWNLOADED).read_bytes() == MATRIX
    return heard


def failure(*entries, **options):
    outcome, _ = run(*entries, **options)
    (text,) = outcome.failed.values()
    assert outcome.fetched == []
    return text


def files(folder: Path) -> set[str]:
    """What a fetch left, but the locks."""
    return {p.name for p in folder.rglob("*") if p.is_file() and p.parent.name != ".locks"}


# ---- what goes well --------------------------------------------------------------------------


def test_a_good_archive_becomes_a_matrix(server, cache):
    heard = fetched()
    assert files(cache) == {"good.mtx", "good.json"}
    matrix = load_entry(GOOD)
    assert (*matrix.shape, matrix.nnz) == (ROWS, COLS, NNZ)
    total = len(server.content[PATH])
    assert heard.sizes[0] == (0, total)
    assert heard.sizes[-1] == (total, total)
    assert heard.ends["Test/good"].startswith(f"downloaded {total:,} bytes to ")


def test_a_symmetric_matrix_is_expanded_when_it_is_read(server):
    text = b"%%MatrixMarket matrix coordinate real symmetric\n3 3 4\n1 1 1\n2 1 2\n3 2 3\n3 3 4\n"
    server.content["/MM/Test/sym.tar.gz"] = good_archive("sym", text)
    entry = Entry("Test", "sym", "k", 3, 3, 6)
    outcome, _ = run(entry)
    assert outcome.failed == {}
    assert load_entry(entry).nnz == 6


def test_what_is_kept_is_not_asked_for_again(server):
    fetched()
    heard = fetched()
    assert len(server.ranges) == 1
    assert heard.ends["Test/good"].startswith("kept in ")


def test_the_checksums_are_recorded(server):
    import hashlib

    fetched()
    record = read_record(GOOD)
    assert record.archive_sha256 == hashlib.sha256(server.content[PATH]).hexdigest()
    assert record.matrix_sha256 == hashlib.sha256(MATRIX).hexdigest()
    assert record.url == f"{server.url}/Test/good.tar.gz"


def test_one_that_fails_does_not_keep_the_others(server, cache):
    gone, built = Entry("Test", "gone", "k"), Entry("JGD_BIBD", "bibd_9_3", "k", 36, 84, 252)
    outcome, heard = run(gone, GOOD, built)
    assert list(outcome.failed) == ["Test/gone"]
    assert outcome.fetched == [GOOD, built]
    assert "HTTP 404" in heard.ends["Test/gone"]
    assert len(server.ranges) == 2  # a 404 is final


def test_a_constructible_member_is_built_or_downloaded_as_asked(server, cache):
    entry = Entry("JGD_BIBD", "bibd_9_3", "k", 36, 84, 252)
    outcome, heard = run(entry)
    assert heard.ends[entry.key] == f"built in {cache / 'JGD_BIBD' / 'bibd_9_3.npz'}"
    assert server.ranges == []
    lines = "".join(f"{i % 36 + 1} {i % 84 + 1}\n" for i in range(252))
    text = f"%%MatrixMarket matrix coordinate pattern general\n36 84 252\n{lines}".encode()
    server.content["/MM/JGD_BIBD/bibd_9_3.tar.gz"] = good_archive("bibd_9_3", text)
    outcome, heard = run(entry, download=True)
    assert outcome.failed == {}
    assert heard.ends[entry.key].startswith("downloaded ")


def test_a_kept_construction_is_checked_and_built_anew_when_it_is_wrong(cache):
    entry = Entry("JGD_BIBD", "bibd_9_3", "k", 36, 84, 252)
    run(entry)
    path = cache / "JGD_BIBD" / "bibd_9_3.npz"
    assert run(entry)[1].ends[entry.key] == f"kept in {path}"
    path.write_bytes(path.read_bytes()[:-50])
    assert run(entry)[1].ends[entry.key] == f"built in {path}"
    run(Entry("JGD_BIBD", "bibd_9_5", "k", 36, 126, 1260))
    path.write_bytes((cache / "JGD_BIBD" / "bibd_9_5.npz").read_bytes())
    _, heard = run(entry)
    assert heard.ends[entry.key].startswith("built in ")
    assert load_entry(entry).shape == (36, 84)


# ---- resume and retry ------------------------------------------------------------------------


def test_a_broken_connection_is_resumed_where_it_broke(server):
    server.script = [Request.serve_half]
    half = len(server.content[PATH]) // 2
    heard = fetched()
    assert server.ranges == [None, f"bytes={half}-"]
    assert f"after {half:,} " in heard.notes[0]


def test_a_part_of_an_earlier_run_is_resumed(server, cache):
    server.script = [Request.serve_half]
    text = failure(patience=Patience(waits=()))
    assert "the connection" in text
    assert files(cache) == {".good.tar.gz.part", ".good.tar.gz.part.mark"}
    fetched()
    assert server.ranges[-1] == f"bytes={len(server.content[PATH]) // 2}-"
    assert files(cache) == {"good.mtx", "good.json"}


def test_a_part_of_another_version_is_not_continued(server):
    server.script = [Request.serve_half]
    failure(patience=Patience(waits=()))
    server.content[PATH] = good_archive(noise=50_000)
    fetched()


def test_a_server_without_ranges_is_asked_from_the_start(server):
    server.script = [Request.serve_half, Request.ignore_range]
    fetched()


@pytest.mark.parametrize("answer", [Request.serve_wrong_range, lambda r: r.fail(416)])
def test_a_wrong_part_is_dropped(answer, server):
    server.script = [Request.serve_half, answer]
    fetched()
    assert server.ranges[-1] is None


def test_a_part_without_its_mark_is_dropped(server, cache):
    part = cache / "Test" / ".good.tar.gz.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"from somewhere")
    fetched()
    assert server.ranges == [None]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status, server):
    server.script = [lambda r: r.fail(status)] * 3
    heard = fetched()
    assert [f"HTTP {status}" in note for note in heard.notes] == [True] * 3


def test_the_wait_grows_and_follows_the_server(server, monkeypatch):
    waited = []
    monkeypatch.setattr("hbpspmv.suite.fetch.download.time.sleep", waited.append)
    server.script = [
        lambda r: r.fail(503),
        lambda r: r.fail(503, Retry_After="7"),
        lambda r: r.fail(503, Retry_After="999999"),
        lambda r: r.fail(503, Retry_After="Sat, 01 Jan 2050 00:00:00 GMT"),
    ]
    fetched(patience=Patience())
    assert waited == [1, 7, 60, 8]


def test_a_server_that_stays_busy_is_given_up(server):
    server.script = [lambda r: r.fail(503)] * 9
    assert "HTTP 503" in failure()
    assert len(server.ranges) == 1 + len(QUICK.waits)


def test_a_stalled_download_is_resumed(server):
    server.content[PATH] = good_archive(noise=300_000)
    server.script = [Request.stall]
    heard = fetched(patience=Patience(waits=(0.0, 0.0), timeout=0.5))
    assert "nothing came for 0.5 s" in heard.notes[0]
    assert int(server.ranges[1].removeprefix("bytes=").removesuffix("-")) > 100_000


def test_a_slow_but_steady_download_is_left_alone(server):
    server.script = [Request.drip]
    assert fetched().notes == []


def test_an_answer_of_unknown_length_is_taken(server):
    server.script = [Request.serve_without_length]
    assert fetched().sizes[0] == (0, None)


def test_a_file_that_is_called_encoded_is_kept_as_it_is(server):
    server.script = [Request.serve_as_encoded]
    fetched()


def test_a_redirect_is_followed(server):
    server.content["/elsewhere"] = server.content[PATH]
    server.script = [lambda r: r.redirect_to("/elsewhere")]
    fetched()


def test_a_circle_of_redirects_is_an_error(server):
    server.script = [lambda r: r.redirect_to(PATH)] * 40
    assert "redirects" in failure()


def test_a_redirect_from_https_to_http_is_refused():
    _refuse_downgrade("http://a", ["http://a", "https://b"])
    with pytest.raises(DownloadError, match="from https to http"):
        _refuse_downgrade("https://a", ["https://a", "http://b"])


# ---- damage ----------------------------------------------------------------------------------


def test_a_corrupt_download_is_made_once_more(server, cache):
    server.script = [Request.corrupt]
    heard = fetched()
    assert "truncated or corrupt" in heard.notes[0]
    assert server.ranges == [None, None]


def test_an_archive_that_stays_corrupt_is_an_error_and_leaves_nothing(server, cache):
    server.script = [Request.corrupt] * 2
    assert "truncated or corrupt" in failure()
    assert files(cache) == set()


def test_a_truncated_archive_is_an_error_and_leaves_nothing(server, cache):
    server.content[PATH] = server.content[PATH][:-100]
    assert "truncated or corrupt" in failure()
    assert files(cache) == set()


def test_a_page_in_place_of_an_archive_is_an_error(server, cache):
    server.content[PATH] = b"<html>log in first</html>"
    assert "truncated or corrupt" in failure()
    assert files(cache) == set()


def test_a_changed_file_is_fetched_anew(server):
    fetched()
    kept_path(GOOD, DOWNLOADED).write_bytes(MATRIX.replace(b"1", b"2"))
    heard = fetched()
    assert heard.notes == ["the kept file has changed since it was downloaded: it is removed"]
    assert heard.ends["Test/good"].startswith("downloaded ")


def test_a_file_of_another_matrix_is_fetched_anew(server):
    path = kept_path(GOOD, DOWNLOADED)
    path.parent.mkdir(parents=True)
    path.write_bytes(MATRIX.replace(b"40 30 160", b"40 31 160"))
    heard = fetched()
    assert "the kept file holds a matrix of 40 x 31" in heard.notes[0]


def test_a_file_that_the_user_put_there_is_taken(server):
    path = kept_path(GOOD, DOWNLOADED)
    path.parent.mkdir(parents=True)
    path.write_bytes(MATRIX)
    assert fetched().ends["Test/good"] == f"kept in {path}"
    assert server.ranges == []


def test_a_matrix_is_never_there_without_its_record(server, cache, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(get, "write_record", full)
    assert "No space left" in failure()
    assert files(cache) == set()


def test_another_archive_than_the_first_is_refused(server, cache):
    fetched()
    kept_path(GOOD, DOWNLOADED).unlink()
    server.content[PATH] = good_archive(matrix=MATRIX.replace(b" 1\n", b" 2\n"), noise=50_000)
    assert "has another checksum than when it was first downloaded" in failure()
    assert files(cache) == {"good.json"}


def test_a_damaged_record_is_named(server, cache):
    fetched()
    record_path(GOOD).write_text(json.dumps({"url": 1}))
    assert "good.json: not a record of a download" in failure()


# ---- size ------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [[], [Request.serve_without_length]], ids=["told", "untold"])
def test_a_too_large_archive_is_refused(script, server, cache):
    server.script = script
    assert "--max-size allows 1,000" in failure(max_bytes=1000)
    assert files(cache) == set()
    assert len(server.ranges) == 1


def test_an_archive_of_just_the_size_is_taken(server):
    fetched(max_bytes=len(server.content[PATH]))


# ---- hostile archives, through the whole path -----------------------------------------------


def test_a_hostile_archive_writes_nothing_and_is_not_asked_for_again(server, cache, tmp_path):
    server.content[PATH] = archive(
        member("good/good.mtx", MATRIX), member("../../../escaped.mtx", b"x")
    )
    assert "a path that leads out of it" in failure()
    assert files(cache) == set()
    assert not list(tmp_path.rglob("escaped*"))
    assert len(server.ranges) == 1


def test_the_archive_of_another_matrix_is_refused(server, cache):
    wrong = Entry("Test", "good", "k", ROWS + 1, COLS, NNZ)
    assert "holds a matrix of 40 x 30, the registry says 41 x 30" in failure(wrong)
    assert files(cache) == set()


# ---- without a network -----------------------------------------------------------------------


def test_no_server_is_found_out_once_for_all(server, cache):
    server.close()
    built = Entry("JGD_BIBD", "bibd_9_3", "k", 36, 84, 252)
    second = Entry("Test", "second", "k")
    outcome, heard = run(GOOD, second, built)
    assert outcome.fetched == [built]
    assert set(outcome.failed) == {"Test/good", "Test/second"}
    assert "no connection" in outcome.no_download
    assert "Test/second" not in heard.ends


def test_a_missing_pooch_is_named_and_constructions_still_work(cache, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    built = Entry("JGD_BIBD", "bibd_9_3", "k", 36, 84, 252)
    outcome, _ = run(GOOD, built)
    assert outcome.no_download == (
        "pooch is not installed; to get it: pip install 'hbpspmv[suite]'"
    )
    assert outcome.fetched == [built]


@pytest.mark.parametrize("place", ["Test/good.tar.gz", "good.tar.gz"])
def test_archives_from_a_folder_need_no_network(place, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    path = tmp_path / "brought" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(good_archive())
    heard = fetched(folder=tmp_path / "brought")
    assert heard.ends["Test/good"] == f"taken from {path}"
    assert read_record(GOOD).url == str(path)
    assert path.exists()


def test_an_archive_from_a_folder_must_be_the_one_of_the_first_download(server, tmp_path):
    fetched()
    kept_path(GOOD, DOWNLOADED).unlink()
    (tmp_path / "good.tar.gz").write_bytes(good_archive(noise=50_000))
    assert "has another checksum than the first download" in failure(folder=tmp_path)


def test_a_matrix_that_another_fetch_is_at_work_on_is_left_to_it(server):
    with get._locked(GOOD):
        assert failure() == "another fetch is at work on it"
    fetched()
