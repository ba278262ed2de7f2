"""The registry: its facts agree with each other, and what a user's word stands for."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.io import mmwrite
from scipy.sparse import csr_array, save_npz

from hbpspmv.suite import registry, sources, store
from hbpspmv.suite.constructions import construct, is_constructible
from hbpspmv.suite.embedded import EMBEDDED
from hbpspmv.suite.files import read_matrix
from hbpspmv.suite.registry import Entry, read_registry
from hbpspmv.suite.sources import load_entry, resolve

REGISTRY = registry.built_in()
ROW = '{ group = "G", name = "a", rows = 3, cols = 4, nnz = 5, kind = "k" }'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv(store.ENVIRONMENT, str(folder))
    return folder


def one_with(old, new):
    assert old in ROW
    return f"matrices = [{ROW.replace(old, new)}]"


def write(path, text):
    path.write_text(text)
    return path


# ---- the data --------------------------------------------------------------------------------


def test_there_are_the_promised_sets():
    promised = {"classic", "skewed", "diverse", "graphs", "circuits", "fem", "lp", "constructible"}
    assert promised <= set(REGISTRY.sets)
    assert len(REGISTRY.sets["classic"].members) == 13
    assert len(REGISTRY.sets["diverse"].members) == 100


def test_entries_are_possible():
    for entry in REGISTRY.entries.values():
        if entry.verified:
            assert 0 < entry.nnz <= entry.rows * entry.cols, entry.key


def test_shapes_follow_from_the_kind():
    square = r"(directed|undirected|weighted) graph$|circuit|structural|model reduction"
    for entry in REGISTRY.entries.values():
        if re.search(square, entry.kind) and "bipartite" not in entry.kind:
            assert entry.rows == entry.cols, entry.key
        if "linear programming" in entry.kind:  # with slack variables
            assert entry.rows < entry.cols, entry.key


def test_names_are_unique_so_that_the_group_can_be_left_out():
    names = [entry.name for entry in REGISTRY.entries.values()]
    assert len(set(names)) == len(names)
    words = {*REGISTRY.sets, sources.EMBEDDED_SET, sources.EMBEDDED_QUICK_SET}
    assert not words & set(names)


@pytest.mark.parametrize(
    ("name", "word"),
    [("circuits", "circuit"), ("lp", "linear programming"), ("graphs", "graph")],
)
def test_members_are_of_the_kind_of_their_set(name, word):
    assert [e.key for e in REGISTRY.sets[name].members if word not in e.kind] == []


def test_every_member_of_the_constructible_set_has_a_construction():
    members = REGISTRY.sets["constructible"].members
    assert len(members) > 50
    assert all(is_constructible(e.group, e.name) for e in members)


def test_embedded_members_of_the_collection_are_in_the_registry():
    for embedded in EMBEDDED:
        if embedded.kind.startswith("SuiteSparse"):
            for name in (embedded.name, embedded.quick_name):
                (entry,) = REGISTRY.named(name)
                assert is_constructible(entry.group, entry.name)


@pytest.mark.skipif("HBPSPMV_MATRICES" not in os.environ, reason="HBPSPMV_MATRICES is not set")
@pytest.mark.parametrize(
    "name", ["1138_bus", "bayer10", "cavity14", "cryg2500", "jagmesh7", "memplus", "west0479"]
)
def test_facts_agree_with_the_collections_own_file(name):
    path = Path(os.environ["HBPSPMV_MATRICES"]) / f"{name}.mtx.xz"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the shared matrices")
    (entry,) = REGISTRY.named(name)
    matrix = read_matrix(path)
    # The index counts no explicit zeros, of which memplus and others have many.
    assert (*matrix.shape, matrix.count_nonzero()) == (entry.rows, entry.cols, entry.nnz)


# ---- the format ------------------------------------------------------------------------------


def test_a_set_is_one_data_file(tmp_path):
    path = write(
        tmp_path / "mine.toml",
        f'description = "mine"\nmembers = ["G/a", "HB/west0479"]\nmatrices = [{ROW}]\n',
    )
    members = registry.set_in_file(path).members
    assert members[0] == Entry("G", "a", "k", 3, 4, 5)
    assert members[1] == REGISTRY.entries["HB/west0479"]
    assert registry.entries_of(str(path)) == members


def test_what_is_not_known_is_left_out(tmp_path):
    row = '{ group = "G", name = "a", kind = "k", rows = 3, verified = false }'
    (entry,) = read_registry([write(tmp_path / "x.toml", f"matrices = [{row}]")]).entries.values()
    assert (entry.rows, entry.cols, entry.nnz, entry.verified) == (3, None, None, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "not a TOML file"),
        ("title = 1", "unknown key 'title', expected some of description"),
        ("matrices = 1", "matrices must be a list"),
        ("matrices = [1]", "matrix 1: expected a table"),
        (one_with("nnz =", "nonzeros ="), "unknown key 'nonzeros'"),
        (one_with("nnz = 5, ", ""), "nnz must be a whole number, got None"),
        (one_with("5", "-5"), "nnz must be a whole number, got -5"),
        (one_with("5", "true"), "nnz must be a whole number, got True"),
        (one_with(", kind", ", verified = 1, kind"), "verified must be"),
        (one_with('"k"', '""'), "kind must be a text"),
        (one_with('"a"', '"../a"'), "name may have letters, digits"),
        (one_with('"G"', '".."'), "group may have letters, digits"),
        (f"matrices = [{ROW}, {ROW}]", "G/a is described twice"),
        ('members = ["HB/west0479"]', "a set needs a description"),
        ('description = "d"\nmembers = ["G/b"]', "no file describes the member 'G/b'"),
        ('description = "d"\nmembers = [1]', "no file describes the member 1"),
        (f'description = "d"\nmembers = ["G/a", "G/a"]\nmatrices = [{ROW}]', "is a member twice"),
    ],
)
def test_wrong_file_is_named(text, message, tmp_path):
    path = write(tmp_path / "wrong.toml", text)
    with pytest.raises(ValueError, match=r"wrong\.toml: ") as error:
        registry.set_in_file(path)
    assert message in str(error.value)


def test_file_without_members_is_no_set(tmp_path):
    with pytest.raises(ValueError, match="has no members"):
        registry.set_in_file(write(tmp_path / "x.toml", f"matrices = [{ROW}]"))


# ---- names -----------------------------------------------------------------------------------


def test_a_name_with_or_without_its_group():
    assert REGISTRY.named("west0479") == REGISTRY.named("HB/west0479")


def test_a_name_of_two_groups_needs_its_group(tmp_path):
    other = ROW.replace('"G"', '"H"')
    both = read_registry([write(tmp_path / "x.toml", f"matrices = [{ROW}, {other}]")])
    with pytest.raises(ValueError, match="several matrices: G/a, H/a"):
        both.named("a")
    assert both.named("H/a")[0].group == "H"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("west479", "did you mean west0479"),
        ("Clasic", "did you mean classic"),
        ("zzzzzzzz", "the sets are: circuits, classic, constructible"),
    ],
)
def test_unknown_name_is_an_error_with_a_hint(word, hint):
    with pytest.raises(ValueError, match=f"no matrix or set is called '{word}'; {hint}"):
        resolve(word)


# ---- sources ---------------------------------------------------------------------------------


def test_sources_of_a_word_can_be_pickled_and_loaded():
    for word in ("mycielskian8", "embedded-quick"):
        source = pickle.loads(pickle.dumps(resolve(word)))[0]
        assert source.load().nnz > 0


def test_constructible_members_need_no_file():
    found = resolve("constructible")
    assert [s.name for s in found] == [e.name for e in REGISTRY.sets["constructible"].members]
    assert {s.origin for s in found} == {"built from its definition"}


def test_a_kept_file_goes_before_the_construction(cache):
    entry = REGISTRY.entries["JGD_BIBD/bibd_9_3"]
    path = store.kept_path(entry, store.DOWNLOADED)
    path.parent.mkdir(parents=True)
    mmwrite(path, csr_array(2 * np.eye(3)))
    (source,) = resolve("bibd_9_3")
    assert source.origin == str(path)
    assert source.load().nnz == 3


def test_a_set_that_is_partly_there_names_what_is_missing():
    found = {source.name: source for source in resolve("diverse")}
    assert len(found) == 100
    assert found["ch8-8-b4"].origin == "built from its definition"
    assert found["cant"].origin == "Williams/cant, not downloaded"
    with pytest.raises(FileNotFoundError, match="to get it: hbpspmv fetch Williams/cant"):
        found["cant"].load()


@pytest.mark.parametrize("word", ["classic", "cant"])
def test_what_is_not_there_at_all_is_one_error(word):
    with pytest.raises(FileNotFoundError, match=f"to get it: hbpspmv fetch {word}"):
        resolve(word)


def test_a_file_or_folder_goes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lp").mkdir()
    save_npz(tmp_path / "lp" / "mine.npz", csr_array(np.eye(2)))
    assert [source.name for source in resolve("lp")] == ["mine"]


@pytest.mark.parametrize("word", ["./classic", "gone/a/b", "gone.mtx", "/gone"])
def test_a_path_that_is_not_there_is_named_as_such(word):
    with pytest.raises(FileNotFoundError, match="no such file or directory"):
        resolve(word)


def test_a_set_file_that_is_not_there_is_named_as_such():
    with pytest.raises(FileNotFoundError, match=r"gone\.toml"):
        resolve("gone.toml")


def test_a_construction_of_another_size_than_the_registry_says_is_an_error():
    true = construct("bibd_9_3").nnz
    with pytest.raises(ValueError, match=rf"\(36, 84, {true}\), but the registry says"):
        load_entry(Entry("JGD_BIBD", "bibd_9_3", "k", 36, 84, true + 1))


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    assert store.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv(store.ENVIRONMENT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert store.cache_folder() == tmp_path / "xdg" / "hbpspmv"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert store.cache_folder() == tmp_path / "home" / ".cache" / "hbpspmv"
