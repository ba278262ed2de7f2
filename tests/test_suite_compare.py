"""``hbpspmv suite compare``: a verdict only where the difference clears the noise."""

from __future__ import annotations

import pytest
from suite_records import MACHINE, SETTINGS, crashed, facts, record, samples, write_results

from hbpspmv.cli import main
from hbpspmv.suite.report.compare import compare_files, comparison_text


@pytest.fixture
def compare(tmp_path):
    def run(a, b, *contenders):
        folders = [write_results(tmp_path / name, *r) for name, r in (("a", a), ("b", b))]
        return compare_files(*folders, contenders or None)

    return run


def verdicts(comparison):
    return {(d.matrix, d.contender): d.verdict for d in comparison.differences}


def pair(matrix, hbp, baseline=100.0, **more):
    return [record(matrix, "hbp", hbp, baseline, **more), record(matrix, "scipy", baseline, **more)]


def test_faster_slower_and_the_same(compare):
    a = [*pair("up", 40.0), *pair("down", 40.0), *pair("level", 40.0)]
    b = [*pair("up", 20.0), *pair("down", 60.0), *pair("level", 40.0)]
    told = compare(a, b)
    assert verdicts(told) == {
        ("up", "HBP"): "faster",
        ("down", "HBP"): "slower",
        ("level", "HBP"): "no difference",
        **{(name, "SciPy"): "baseline" for name in ("up", "down", "level")},
    }
    assert told.differences[0].ratio == pytest.approx(2)
    assert told.relative


def test_rounds_that_scatter_give_no_verdict(compare):
    quiet = compare(pair("m", 40.0), pair("m", 34.0))
    noisy = compare(pair("m", 40.0, scatter=0.9), pair("m", 34.0, scatter=0.9))
    assert verdicts(quiet)["m", "HBP"] == "faster"
    assert verdicts(noisy)["m", "HBP"] == "no difference"


def test_processes_that_disagree_give_no_verdict(compare):
    # In one process of B the contender was twice as fast, in the other it was as in A.
    a = [record("m", "hbp", 40.0, processes=[4, 5])]
    both = samples(40.0)[:4] + samples(20.0)[:5]
    told = compare(a, [record("m", "hbp", 20.0, processes=[4, 5], samples=both)])
    assert verdicts(told)["m", "HBP"] == "no difference"
    assert told.differences[0].interval == pytest.approx((1, 2))
    assert (
        verdicts(compare(a, [record("m", "hbp", 20.0, processes=[4, 5])]))["m", "HBP"] == "faster"
    )


def test_a_machine_that_was_slower_all_the_time_is_no_difference(compare):
    told = compare(pair("m", 40.0, baseline=100.0), pair("m", 80.0, baseline=200.0))
    assert verdicts(told)["m", "HBP"] == "no difference"
    baseline = told.differences[1]
    assert (baseline.verdict, baseline.ratio) == ("baseline", pytest.approx(0.5))  # as measured


def test_other_machines_are_compared_by_the_clock(compare):
    other = [{**r, "machine": {**MACHINE, "cpu": "Other CPU"}} for r in pair("m", 80.0, 200.0)]
    told = compare(pair("m", 40.0), other)
    assert not told.relative
    assert verdicts(told)["m", "HBP"] == "slower"
    assert "times as measured" in comparison_text(told)


def test_a_difference_within_the_noise_between_processes_is_none(compare):
    # The baseline took 100 us in one process of each file and 140 us in another.
    def noisy(seconds):
        return [record("m", "hbp", seconds, 100.0), record("m", "scipy", 140.0)]

    told = compare(noisy(40.0), noisy(35.0))
    assert told.noise == pytest.approx(0.27, abs=0.01)
    assert verdicts(told)["m", "HBP"] == "no difference"
    assert verdicts(compare(noisy(40.0), noisy(20.0)))["m", "HBP"] == "faster"


@pytest.mark.parametrize("which", [0, 1])
def test_there_is_no_verdict_on_a_disturbed_cell(which, compare):
    files = [pair("m", 40.0) + pair("n", 40.0), pair("m", 20.0) + pair("n", 20.0)]
    files[which][0] = {**files[which][0], "other_load": 0.5}
    told = compare(*files)
    assert verdicts(told)["m", "HBP"] == "disturbed"
    assert verdicts(told)["n", "HBP"] == "faster"
    assert ["HBP", "2", "2.000", "1", "0", "0", "1", "0", "0"] in [
        line.split() for line in comparison_text(told).splitlines()
    ]


def test_cells_lost_and_gained(compare):
    told = compare(
        [
            record("m", "hbp", 40.0),
            crashed("n", "hbp"),
            crashed("o", "hbp"),
            record("p", "hbp", 9.0),
        ],
        [crashed("m", "hbp"), record("n", "hbp", 40.0), crashed("o", "hbp")],
    )
    assert verdicts(told) == {
        ("m", "HBP"): "lost",
        ("n", "HBP"): "gained",
        ("o", "HBP"): "crashed, crashed",
    }
    assert "only in A: 1 cells (p by hbp)" in comparison_text(told)


def test_the_command_prints_cells_and_summary(tmp_path, capsys):
    a = write_results(tmp_path / "a", *pair("m", 40.0), *pair("n", 30.0))
    b = write_results(tmp_path / "b", *pair("m", 20.0), *pair("n", 30.0))
    assert main(["suite", "compare", str(a), str(b / "results.jsonl"), "--contenders", "hbp"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["m", "HBP", "40.0", "20.0", "2.000", "2.000", "to", "2.000", "faster"] in lines
    assert ["HBP", "2", "1.414", "1", "0", "1", "0", "0", "0"] in lines
    assert not any(line[:2] == ["m", "SciPy"] for line in lines)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": {**SETTINGS, "dtype": "float32"}}, "dtype float64, B with float32"),
        ({"facts": facts(nnz=6000)}, "m has nnz 5000 in A and 6000 in B: another matrix"),
        ({"matrix": "n"}, "share no cell"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, message, compare):
    with pytest.raises(ValueError, match=message):
        compare([record("m", "hbp", 40.0)], [record("m", "hbp", 40.0) | change])


def test_unknown_contender_is_refused(compare):
    with pytest.raises(ValueError, match="no contender is called rsb, expected some of hbp"):
        compare([record("m", "hbp", 40.0)], [record("m", "hbp", 40.0)], "rsb")
