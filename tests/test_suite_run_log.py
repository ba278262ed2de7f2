"""The result file: appended by the line, repaired after a stop, refused when damaged."""

from __future__ import annotations

import json

import pytest

from hbpspmv.suite.cells import result_log
from hbpspmv.suite.cells.result_log import ResultLog, encode, read_records


def record(matrix="m", contender="c", **more):
    return {"schema": 1, "matrix": matrix, "contender": contender, "status": "ok", **more}


def written(folder, *records):
    with ResultLog(folder) as log:
        for each in records:
            log.append(each)
    return folder / "results.jsonl"


def test_records_come_back_in_order(tmp_path):
    path = written(tmp_path / "deep" / "out", record("a"), record("b", samples=[[1, 2]]))
    assert read_records(path) == [record("a"), record("b", samples=[[1, 2]])]
    with ResultLog(path.parent) as log:
        assert log.finished == {("a", "c"), ("b", "c")}


def test_a_cell_is_written_once(tmp_path):
    with ResultLog(tmp_path) as log:
        log.append(record())
        with pytest.raises(ValueError, match="m by c is finished already"):
            log.append(record(status="failed"))
    assert len(read_records(tmp_path / "results.jsonl")) == 1


def test_every_cut_of_the_last_line_is_repaired(tmp_path):
    path = written(tmp_path, record("a"), record("b"))
    content = path.read_bytes()
    first = content.index(b"\n") + 1
    for cut in range(first, len(content)):
        path.write_bytes(content[:cut])
        names = ["a", "b"] if cut == len(content) - 1 else ["a"]
        assert [r["matrix"] for r in read_records(path)] == names
        with ResultLog(tmp_path) as log:
            assert [r["matrix"] for r in log.records] == names
            log.append(record("new"))
        assert [r["matrix"] for r in read_records(path)] == [*names, "new"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"not json\n", "line 2 is damaged"),
        (b"[1]\n", "line 2 is damaged: expected an object"),
        (b'{"schema":1,"matrix":"x"}\n', "expected an object with schema, matrix"),
        (encode(record("x", schema=9)), "schema 9, expected 1"),
        (encode(record()), "lines 1 and 2 are both m by c"),
    ],
)
def test_damage_anywhere_else_is_an_error_that_names_the_line(line, message, tmp_path):
    path = written(tmp_path, record())
    path.write_bytes(path.read_bytes() + line + encode(record("y")))
    content = path.read_bytes()
    with pytest.raises(ValueError, match=message):
        read_records(path)
    with pytest.raises(ValueError, match=message), ResultLog(tmp_path):
        pass
    assert path.read_bytes() == content


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    with ResultLog(tmp_path) as log:
        log.append(record("a"))
        write = result_log.os.write

        def half(handle, data):
            if len(data) < 40:
                raise OSError("no space left")
            return write(handle, data[: len(data) // 2])

        monkeypatch.setattr(result_log.os, "write", half)
        with pytest.raises(OSError, match="no space left"):
            log.append(record("b"))
        monkeypatch.undo()
        log.append(record("c"))
    assert [r["matrix"] for r in read_records(tmp_path / "results.jsonl")] == ["a", "c"]


def test_one_run_at_a_time(tmp_path):
    with (
        ResultLog(tmp_path),
        pytest.raises(ValueError, match="another run is writing there"),
        ResultLog(tmp_path),
    ):
        pass
    with ResultLog(tmp_path):
        pass


def test_dropped_cells_can_be_written_again(tmp_path):
    with ResultLog(tmp_path) as log:
        for name, status in (("a", "ok"), ("b", "failed"), ("c", "ok")):
            log.append(record(name, status=status))
        assert log.drop(lambda r: r["status"] != "ok") == 1
        assert log.drop(lambda r: r["status"] != "ok") == 0
        log.append(record("b"))
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["matrix"] for line in lines] == ["a", "c", "b"]


def test_no_value_without_a_number_gets_into_the_file(tmp_path):
    with ResultLog(tmp_path) as log, pytest.raises(ValueError, match="not JSON compliant"):
        log.append(record(seconds=float("nan")))
    assert (tmp_path / "results.jsonl").read_bytes() == b""
