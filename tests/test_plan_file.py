"""Plans in files: they come back as they were, and nothing wrong is let in."""

import json
import os
import stat
import struct
import zlib

import numpy as np
import pytest
from arrays import as_array, record_builds, sample
from matrices import CASES, one_case

from hbpspmv import Geometry, HbpOperator, Plan, hbp_array, spmv
from hbpspmv import _hbpspmv_core as core

BLOCKS = Geometry(block_rows=64, block_cols=128, lanes=16)
PREFIX = struct.Struct("<8sIIQ")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "A.plan"


def planned(kernel="hbp", dtype="float64"):
    A = hbp_array(sample(dtype=dtype))
    p = A.plan(expected_calls=1) if kernel == "csr" else A.plan(geometry=BLOCKS)
    assert p.kernel == kernel
    return A, p


def parts(path):
    """The header of a file, and the bytes behind it."""
    content = path.read_bytes()
    *_, length = PREFIX.unpack_from(content)
    end = PREFIX.size + length
    return json.loads(content[PREFIX.size : end]), content[end:]


def rewrite(path, header, body, version=None):
    """A file of these parts, with right checksums."""
    at = 0
    for a in header["arrays"]:
        size = a["length"] * np.dtype(a["dtype"]).itemsize
        a["crc32"] = zlib.crc32(body[at : at + size])
        at += size
    text = json.dumps(header).encode()
    version = core.plan_format_version if version is None else version
    prefix = PREFIX.pack(b"hbpspmv\n", version, zlib.crc32(text), len(text))
    path.write_bytes(prefix + text + body)


def place(header, name):
    """Where an array begins behind the header, and its dtype."""
    at = 0
    for a in header["arrays"]:
        if a["name"] == name:
            return at, np.dtype(a["dtype"])
        at += a["length"] * np.dtype(a["dtype"]).itemsize
    raise KeyError(name)


# ---- a plan comes back -------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_a_loaded_plan_is_used_by_its_matrix(kernel, dtype, path, monkeypatch):
    A, p = planned(kernel, dtype)
    x = np.random.default_rng(0).standard_normal(200).astype(dtype)
    y = A @ x
    p.save(path)
    builds = record_builds(monkeypatch)
    B = hbp_array(sample(dtype=dtype))
    q = Plan.load(path, B)
    assert q is B.plan()
    assert (B @ x).tobytes() == y.tobytes()
    assert builds == []
    info, expected = (plan.info(measure_break_even=False) for plan in (q, p))
    assert info == expected
    assert repr(q) == repr(p)


@pytest.mark.parametrize("name", CASES)
def test_every_case_comes_back(name, path):
    a = one_case(name).astype("float64")
    A = as_array(a)
    p = A.plan(geometry=BLOCKS)
    x = a.vector("float64")
    expected = [A @ x, A @ np.column_stack((x, -x))]
    p.save(path)
    B = as_array(a)
    q = Plan.load(path, B)
    for found, array in zip([B @ x, B @ np.column_stack((x, -x))], expected, strict=True):
        assert found.tobytes() == array.tobytes()
    for found, array in zip(q.to_csr()[:3], (a.indptr, a.indices, a.data), strict=True):
        assert found.dtype == array.dtype
        assert found.tobytes() == array.tobytes()


def test_a_plan_without_its_matrix(path):
    A, p = planned()
    p.save(path)
    x = np.random.default_rng(0).standard_normal(200)
    y = A @ x
    q = Plan.load(os.fspath(path), num_threads=1)
    assert q.num_threads == 1
    np.testing.assert_array_equal(spmv(q, x), y)


def test_a_plan_of_the_transpose(path):
    A, _ = planned()
    A.T.plan(geometry=BLOCKS).save(path)
    B = hbp_array(sample())
    q = Plan.load(path, B.T)
    assert q is B.T.plan()
    z = np.random.default_rng(0).standard_normal(300)
    np.testing.assert_array_equal(B.T @ z, A.T @ z)
    with pytest.raises(ValueError, match=r"its shape is \(200, 300\), that of A is \(300, 200\)"):
        Plan.load(path, B)


def test_the_plan_of_an_operator(path):
    op = HbpOperator(sample(), geometry=BLOCKS)
    op.plan.save(path)
    B = hbp_array(sample())
    Plan.load(path, B)
    np.testing.assert_array_equal(B @ np.ones(200), op @ np.ones(200))


def test_what_a_loaded_plan_follows_stays_in_force(path):
    A, p = planned()
    p.save(path)
    Plan.load(path, A, num_threads=1)
    A.data = A.data * 2
    assert A.plan().geometry == BLOCKS
    assert A.plan().num_threads == 1


def test_a_loaded_plan_is_checked_for_silent_changes(path, monkeypatch):
    _, p = planned()
    p.save(path)
    monkeypatch.setenv("HBPSPMV_CHECK", "1")
    B = hbp_array(sample())
    Plan.load(path, B)
    B @ np.ones(200)
    B.data[0] += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        B @ np.ones(200)


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_other_values_in_the_same_pattern_are_taken(kernel, path):
    _, p = planned(kernel)
    p.save(path)
    S = sample()
    S.data[::3] = -0.0
    S.data[1] = np.nan
    B = hbp_array(S)
    q = Plan.load(path, B)
    assert q.to_csr().data.tobytes() == S.data.tobytes()
    x = np.random.default_rng(0).standard_normal(200)
    C = hbp_array(S)
    C.plan(expected_calls=1) if kernel == "csr" else C.plan(geometry=BLOCKS)
    assert (B @ x).tobytes() == (C @ x).tobytes()


def test_a_plan_of_updated_values(path):
    A, p = planned()
    A.data[...] *= 3
    A.refresh()
    p.save(path)
    B = hbp_array(sample())
    B.data *= 3
    np.testing.assert_array_equal(Plan.load(path).to_csr().data, B.data)


# ---- the file ----------------------------------------------------------------------------------


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    _, p = planned()
    for name in "ab":
        p.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_files_get_the_mode_of_the_process(path):
    mask = os.umask(0o027)
    try:
        planned()[1].save(path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("failing", ["os.replace", "os.fsync", "hbpspmv._array_file._bytes"])
def test_a_failed_save_keeps_the_old_file(failing, path, monkeypatch):
    _, p = planned()
    p.save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(failing, fail)
        with pytest.raises(OSError, match="the disk is full"):
            p.save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_no_directory(tmp_path):
    with pytest.raises(FileNotFoundError):
        planned()[1].save(tmp_path / "none" / "A.plan")
    with pytest.raises(FileNotFoundError):
        Plan.load(tmp_path / "A.plan")


def test_the_file_is_about_as_large_as_the_plan(path):
    p = hbp_array(sample((2000, 2000), density=0.1)).plan()
    p.save(path)
    assert path.stat().st_size < 1.1 * p.nbytes + 8192


# ---- refused -----------------------------------------------------------------------------------


def wider(S):
    S.resize(300, 201)


def another_entry(S):
    S.indices[4] += 1 if S.indices[4] + 1 < S.indices[5] else -1


def another_row(S):
    S.indptr[7] += 1


def fewer(S):
    S.data, S.indices = S.data[:-5], S.indices[:-5]
    S.indptr[-1] -= 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (wider, r"its shape is \(300, 200\), that of A is \(300, 201\)"),
        (fewer, "its number of entries is 9000, that of A is 8995"),
        (another_entry, r"its indices\[4\] is \d+, that of A is \d+"),
        (another_row, r"its indptr\[7\] is \d+, that of A is \d+"),
    ],
)
@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_another_matrix_is_refused(kernel, change, message, path):
    _, p = planned(kernel)
    p.save(path)
    S = sample()
    change(S)
    B = hbp_array(S)
    with pytest.raises(ValueError, match=message):
        Plan.load(path, B)
    assert B._side.plans == {}


def test_another_dtype_is_refused(path):
    planned()[1].save(path)
    B = hbp_array(sample(dtype="float32"))
    with pytest.raises(ValueError, match="its dtype is float64, that of A is float32"):
        Plan.load(path, B)


def test_other_classes_are_refused(path):
    planned()[1].save(path)
    with pytest.raises(TypeError, match="A must be an hbp_array, not csr_array"):
        Plan.load(path, sample())
    with pytest.raises(ValueError, match="A has 1 dimension, expected 2"):
        Plan.load(path, hbp_array(np.ones(4)))


def test_another_version_is_refused(path):
    planned()[1].save(path)
    now = core.plan_format_version
    rewrite(path, *parts(path), version=now + 1)
    with pytest.raises(ValueError, match=f"its format version is {now + 1}, expected {now}"):
        Plan.load(path)


@pytest.mark.parametrize("content", [b"", b"hbpspmv\n", b"PK\3\4" * 99, b"hbpspmv\r\n" * 9])
def test_other_files_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot load .*A\.plan: it begins with"):
        Plan.load(path)


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_every_changed_byte_is_found(kernel, path):
    A = hbp_array(sample((12, 12), density=0.3))
    A.plan(geometry=BLOCKS if kernel == "hbp" else None).save(path)
    content = path.read_bytes()
    for k in range(len(content)):
        damaged = bytearray(content)
        damaged[k] ^= 1 << k % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="cannot load"):
            Plan.load(path)


def test_every_cut_is_found(path):
    hbp_array(sample((12, 12), density=0.3)).plan(geometry=BLOCKS).save(path)
    content = path.read_bytes()
    for k in (*range(0, len(content), 7), len(content) - 1):
        path.write_bytes(content[:k])
        with pytest.raises(ValueError, match="cannot load"):
            Plan.load(path)
    path.write_bytes(content + b"x")
    with pytest.raises(ValueError, match="its size is"):
        Plan.load(path)


WRONG_HEADERS = {
    "no matrix": lambda h: h.pop("matrix"),
    "no kernel": lambda h: h.pop("kernel"),
    "no arrays": lambda h: h.pop("arrays"),
    "arrays of another kind": lambda h: h.update(arrays=7),
    "an array without name": lambda h: h["arrays"][0].pop("name"),
    "a huge array": lambda h: h["arrays"][-1].update(length=10**30),
    "an infinite array": lambda h: h["arrays"][-1].update(length=float("inf")),
    "a negative array": lambda h: h["arrays"][-1].update(length=-1),
    "an array of objects": lambda h: h["arrays"][0].update(dtype="object"),
    "an array of another dtype": lambda h: h["arrays"][0].update(dtype="float64"),
    "an array of another name": lambda h: h["arrays"][0].update(name="other"),
    "an unknown dtype": lambda h: h["matrix"].update(dtype="float16"),
    "no dtype at all": lambda h: h["matrix"].update(dtype="?!"),
    "another dtype": lambda h: h["matrix"].update(dtype="complex64"),
    "more rows": lambda h: h["matrix"].update(n_rows=h["matrix"]["n_rows"] + 1),
    "negative rows": lambda h: h["matrix"].update(n_rows=-1),
    "fewer columns": lambda h: h["matrix"].update(n_cols=100),
    "more entries": lambda h: h["matrix"].update(nnz=2**63 - 1),
    "beyond 64 bits": lambda h: h["matrix"].update(nnz=2**64),
    "rows in words": lambda h: h["matrix"].update(n_rows="300"),
    "a tuning of another kind": lambda h: h.update(tuning=[1]),
    "a tuning of another geometry": lambda h: h.update(
        tuning={"geometry": [1, 2, 8], "seconds": []}
    ),
    "a tuning of impossible geometry": lambda h: h.update(
        tuning={"geometry": [0, 0, 0], "seconds": []}
    ),
    "a tuning for no vectors": lambda h: h.update(
        tuning={"geometry": None, "seconds": [], "n_vectors": 0}
    ),
    "a tuning in words": lambda h: h.update(tuning={"geometry": "abc", "seconds": [["a", "b"]]}),
}


@pytest.mark.parametrize("wrong", WRONG_HEADERS)
@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_wrong_headers_are_refused(kernel, wrong, path):
    planned(kernel)[1].save(path)
    header, body = parts(path)
    WRONG_HEADERS[wrong](header)
    text = json.dumps(header).encode()
    prefix = PREFIX.pack(b"hbpspmv\n", core.plan_format_version, zlib.crc32(text), len(text))
    path.write_bytes(prefix + text + body)
    with pytest.raises(ValueError, match="cannot load"):
        Plan.load(path)


@pytest.mark.parametrize("text", [b"", b"[]", b"7", b"{", b"[" * 100_000, b"\xff", b"null"])
def test_headers_that_are_none_are_refused(text, path):
    prefix = PREFIX.pack(b"hbpspmv\n", core.plan_format_version, zlib.crc32(text), len(text))
    path.write_bytes(prefix + text)
    with pytest.raises(ValueError, match="its header is not the JSON of a plan file"):
        Plan.load(path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("column", 65_535, "the largest column of a run is 65535, expected 0 to"),
        ("slot_row", 65_535, "the row of a slot is 65535, expected 0 to"),
        ("block_first_element", 2**62, "first_element is 4611686018427387904, expected 0"),
        ("block_first_column", -8, "first_column is -8, expected 0"),
        ("block_first_power", 2**62, "first_power is 4611686018427387904, expected 0"),
        ("block_n_elements", 2**40, "n_elements is 1099511627776, expected 1 to"),
        ("block_encoding", 200, "encoding is 200, expected 0 to"),
        ("run_kind", 7, "the kind of a run is 7, expected 0 to"),
        ("run_height", 31, "the height of a run is 31, expected 1 to"),
        ("run_n", 2**24 - 1, "expected 1 to"),
        ("run_n", 2**24, "does not fit its bits"),
        ("run_length", 2**32 - 1, "expected"),
        ("row_block_ptr", 5, r"row_block_ptr\[0\] is 5, expected 0"),
    ],
)
def test_offsets_that_point_outside_are_refused(name, value, message, path):
    """Files made to do harm: all checksums are right."""
    planned()[1].save(path)
    header, body = parts(path)
    at, dtype = place(header, name)
    changed = np.frombuffer(bytearray(body), np.uint8)
    changed[at : at + dtype.itemsize] = np.frombuffer(np.array(value, dtype), np.uint8)
    rewrite(path, header, changed.tobytes())
    with pytest.raises(ValueError, match=message):
        Plan.load(path)


@pytest.mark.parametrize(("name", "value"), [("indptr", 99), ("indices", 200), ("indices", -1)])
def test_csr_arrays_that_point_outside_are_refused(name, value, path):
    planned("csr")[1].save(path)
    header, body = parts(path)
    at, dtype = place(header, name)
    changed = np.frombuffer(bytearray(body), np.uint8)
    changed[at : at + dtype.itemsize] = np.frombuffer(np.array(value, dtype), np.uint8)
    rewrite(path, header, changed.tobytes())
    with pytest.raises(ValueError, match=f"{value}, expected|{value} is out of range"):
        Plan.load(path)


# ---- new values --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("kernel", ["hbp", "csr"])
def test_update_gives_the_plan_that_building_gives(kernel, dtype):
    S, T = sample(dtype=dtype), sample(dtype=dtype, seed=6)
    T.indptr, T.indices, T.data = S.indptr, S.indices, T.data[: S.nnz]
    A, B = hbp_array(S), hbp_array(T)
    for C in (A, B):
        C.plan(expected_calls=1) if kernel == "csr" else C.plan(geometry=BLOCKS)
    p, q = A.plan(), B.plan()
    p.update(T.data)
    assert p.to_csr().data.tobytes() == T.data.tobytes()
    x = np.random.default_rng(0).standard_normal((200, 3)).astype(dtype)
    for operand in (x, np.ascontiguousarray(x[:, 0])):
        assert spmv(p, operand).tobytes() == spmv(q, operand).tobytes()


def test_update_between_constant_and_other_values():
    A = hbp_array(sample())
    p = A.plan(geometry=BLOCKS)
    values = A.data.copy()
    x = np.random.default_rng(0).standard_normal(200)
    y = A @ x
    for new in (np.full(9000, 2.5), values, np.zeros(9000), -values, values):
        p.update(new)
        assert p.to_csr().data.tobytes() == new.tobytes()
    assert (A @ x).tobytes() == y.tobytes()


def test_update_converts_within_the_kind():
    _, p = planned()
    p.update(list(range(9000)))
    np.testing.assert_array_equal(p.to_csr().data, np.arange(9000.0))
    p.update(np.arange(18_000, dtype=">f4")[::2])
    np.testing.assert_array_equal(p.to_csr().data, np.arange(0, 18_000.0, 2))


@pytest.mark.parametrize("kernel", ["hbp", "csr"])
@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (np.ones(8999), ValueError, "data has length 8999, expected 9000, that of the plan"),
        (np.ones((9000, 1)), ValueError, r"data has shape \(9000, 1\), expected \(9000,\)"),
        (1.0, ValueError, r"data has shape \(\), expected \(9000,\)"),
        (np.ones(9000, complex), TypeError, "complex128, which cannot be cast to float64"),
        (np.full(9000, "1"), TypeError, "which cannot be cast to float64"),
    ],
)
def test_wrong_values_change_nothing(kernel, data, error, message):
    A, p = planned(kernel)
    with pytest.raises(error, match=message):
        p.update(data)
    np.testing.assert_array_equal(p.to_csr().data, A.data)


def test_refresh_updates_the_plans_that_there_are(monkeypatch):
    A, p = planned()
    A.T @ np.ones(300)
    A @ np.ones(200, complex)
    before = {
        id(plan) for side in (A._pair.forward, A._pair.reverse) for plan in side.plans.values()
    }
    updates = []
    update = Plan.update
    monkeypatch.setattr(Plan, "update", lambda self, data: updates.append(update(self, data)))
    builds = record_builds(monkeypatch)
    A.data[...] *= 2
    A.refresh()
    A @ np.ones(200)
    A.T @ np.ones(300)
    assert A.plan() is p
    assert builds == []
    assert len(updates) == len(before) == 2
