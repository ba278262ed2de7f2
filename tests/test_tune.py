"""tune="measure": what is measured, who wins, and that the result can be used again."""

import numpy as np
import pytest
import scipy.sparse
from arrays import record_builds, sample

import hbpspmv._tune as tune
from hbpspmv import Geometry, Plan, hbp_array

CHOSEN = Geometry(200, 100, 8)


def scripted(monkeypatch, seconds, default=1.0):
    """Duels with these times instead of measured ones: (layout, seconds)."""
    duels = []

    def duel(first, second, _n_vectors):
        duels.append((first.geometry, second.geometry))
        return tuple(dict(seconds).get(p.geometry, default) for p in (first, second))

    monkeypatch.setattr(tune, "duel", duel)
    return duels


def test_layouts_of_a_large_matrix():
    chosen = Geometry(8192, 65_536, 8)
    layouts = tune.layouts((10**6, 10**6), chosen)
    assert layouts[:2] == [chosen, None]
    assert len(layouts) == len(set(layouts)) == 2 + 4 * 4 * 3 - 1
    assert Geometry.paper() in layouts
    assert Geometry(65_536, 10**6, 8) in layouts


def test_layouts_of_small_matrices():
    assert set(tune.layouts((200, 100), CHOSEN)) == {
        None,
        *(Geometry(200, 100, lanes) for lanes in (8, 16, 32)),
    }
    assert Geometry(1, 1, 8) in tune.layouts((0, 0), Geometry(1, 1, 8))


def test_the_fastest_plan_is_used_from_now_on(monkeypatch):
    S = sample()
    A = hbp_array(S)
    p = A.plan(tune="measure")
    assert A.plan() is p
    info = p.info(measure_break_even=False)
    assert "measured" in info["reason"]
    assert set(info["tuning"]) == {
        g or "csr" for g in tune.layouts(S.shape, hbp_array(S).plan().geometry)
    }
    assert all(seconds > 0 for seconds in info["tuning"].values())
    builds = record_builds(monkeypatch)
    x = np.random.default_rng(0).standard_normal(200)
    np.testing.assert_allclose(A @ x, S @ x, rtol=1e-12, atol=1e-12)
    assert builds == []


def test_the_bits_are_those_of_the_geometry():
    A, B = hbp_array(sample()), hbp_array(sample())
    p = A.plan(tune="measure")
    if p.kernel == "hbp":
        assert B.plan(geometry=p.info()["geometry"]).geometry == p.geometry
    else:
        B.plan(expected_calls=1)
    x = np.random.default_rng(0).standard_normal(200)
    assert (A @ x).tobytes() == (B @ x).tobytes()


@pytest.mark.parametrize("winner", [None, Geometry(300, 200, 32)], ids=["csr", "hbp"])
def test_the_winner(winner, monkeypatch):
    duels = scripted(monkeypatch, [(winner, 0.5)])
    A = hbp_array(sample())
    p = A.plan(tune="measure")
    assert p.geometry == winner
    assert p.kernel == ("csr" if winner is None else "hbp")
    assert len(duels) == len(p.tuning.seconds) - 1
    assert p.info(measure_break_even=False)["tuning"][winner or "csr"] == 0.5
    # Each leader meets all who come after it.
    at = next(i for i, (_, second) in enumerate(duels) if second == winner)
    assert all(first == winner for first, _ in duels[at + 1 :])


def test_a_tie_goes_to_the_cost_model(monkeypatch):
    chosen = hbp_array(sample()).plan().geometry
    scripted(monkeypatch, [(chosen, 1.0)], default=0.99)
    assert hbp_array(sample()).plan(tune="measure").geometry == chosen


@pytest.mark.parametrize("winner", [None, Geometry(300, 200, 32)], ids=["csr", "hbp"])
def test_the_choice_stays_in_force_without_another_search(winner, monkeypatch):
    duels = scripted(monkeypatch, [(winner, 0.5)])
    A = hbp_array(sample())
    tuning = A.plan(tune="measure", num_threads=1).tuning
    n = len(duels)
    A.data = A.data * 2
    A @ np.ones(200)
    A @ np.ones(200, complex)
    assert A.plan().geometry == winner
    assert A.plan().tuning == tuning
    assert A.plan().num_threads == 1
    assert len(duels) == n
    assert A.plan(num_threads=2).tuning is None


@pytest.mark.parametrize("winner", [None, Geometry(300, 200, 32)], ids=["csr", "hbp"])
def test_the_choice_can_be_saved(winner, monkeypatch, tmp_path):
    scripted(monkeypatch, [(winner, 0.5)])
    A = hbp_array(sample())
    p = A.plan(tune="measure")
    p.save(tmp_path / "A.plan")
    B = hbp_array(sample())
    q = Plan.load(tmp_path / "A.plan", B)
    assert q.tuning == p.tuning
    assert q.info(measure_break_even=False) == p.info(measure_break_even=False)
    B.data = B.data * 2
    assert B.plan().tuning == p.tuning


def test_other_plans_have_no_tuning():
    assert hbp_array(sample()).plan().info(measure_break_even=False)["tuning"] is None


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 3)], ids=str)
def test_empty_arrays(shape):
    A = hbp_array(shape)
    A.plan(tune="measure")
    np.testing.assert_array_equal(A @ np.ones(shape[1]), np.zeros(shape[0]))


def test_the_transpose():
    S = sample()
    A = hbp_array(S)
    p = A.T.plan(tune="measure")
    assert A.T.plan() is p
    z = np.random.default_rng(0).standard_normal(300)
    np.testing.assert_allclose(A.T @ z, S.T @ z, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tune": "guess"}, "tune is 'guess', expected 'measure'"),
        ({"tune": True}, "tune is True, expected 'measure'"),
        ({"tune": "measure", "geometry": CHOSEN}, "tune and geometry exclude each other"),
        ({"tune": "measure", "expected_calls": 5}, "tune and expected_calls exclude each other"),
        ({"tune": "measure", "n_vectors": 0}, "n_vectors is 0, expected at least 1"),
        ({"n_vectors": 4}, "n_vectors is 4, but it is for tune='measure' only"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        hbp_array(sample()).plan(**arguments)


def test_the_number_of_vectors_is_an_integer():
    with pytest.raises(TypeError, match="n_vectors must be an integer, not float"):
        hbp_array(sample()).plan(tune="measure", n_vectors=2.5)


def test_several_vectors(monkeypatch, tmp_path):
    widths = []
    duel = tune.duel

    def recording(first, second, n_vectors):
        widths.append(n_vectors)
        return duel(first, second, n_vectors)

    monkeypatch.setattr(tune, "duel", recording)
    S = sample()
    A = hbp_array(S)
    p = A.plan(tune="measure", n_vectors=5)
    assert set(widths) == {5}
    assert p.tuning.n_vectors == 5
    assert p.reason.endswith("layouts with 5 vectors")
    X = np.random.default_rng(0).standard_normal((200, 5))
    np.testing.assert_allclose(A @ X, S @ X, rtol=1e-12, atol=1e-12)
    p.save(tmp_path / "A.plan")
    assert Plan.load(tmp_path / "A.plan").tuning == p.tuning
    # The options stay in force for a matrix that changes.
    A.data = A.data * 2
    assert A.plan().tuning == p.tuning
    assert A.plan(tune="measure").tuning.n_vectors == 1


def test_corrupt_indices():
    A = hbp_array(sample())
    A.indices[7] = 10**6
    with pytest.raises(ValueError, match="column index 1000000 is out of range for 200 columns"):
        A.plan(tune="measure")


def test_an_interrupted_search_leaves_the_array_usable(monkeypatch):
    S = sample()
    A = hbp_array(S)
    before = A.plan(geometry=CHOSEN)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "duel", interrupt)
    with pytest.raises(KeyboardInterrupt):
        A.plan(tune="measure")
    assert A.plan() is before


def test_a_search_does_not_outlive_a_change(monkeypatch):
    A = hbp_array(sample())
    x = np.random.default_rng(0).standard_normal(200)
    y = A @ x
    duel = tune.duel

    def change(*plans):
        monkeypatch.undo()
        A.data *= 2
        return duel(*plans)

    monkeypatch.setattr(tune, "duel", change)
    A.plan(tune="measure")
    np.testing.assert_allclose(A @ x, 2 * y, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_vectors", [1, 5])
def test_duel_times_products(n_vectors):
    S = scipy.sparse.eye_array(3000, format="csr")
    p = hbp_array(S).plan(geometry=CHOSEN)
    products = []
    run = "run" if n_vectors == 1 else "run_many"
    kernel = getattr(p, run)
    setattr(p, run, lambda x, *rest: (products.append(x.shape), kernel(x, *rest)))
    assert all(0 < seconds < 1 for seconds in tune.duel(p, p, n_vectors))
    assert set(products) == {(3000,) if n_vectors == 1 else (3000, 5)}
