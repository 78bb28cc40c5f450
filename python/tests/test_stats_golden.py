"""Numbers through the module against those of SciPy, R and mpmath in tests/golden.

The C++ tests check the same files to tighter tolerances; here they show that no argument or field is mixed up.
"""

import numpy as np
import pytest

from pinchbeck import stats

CLOSE = 1e-10


def close(value):
    return pytest.approx(value, rel=CLOSE, abs=1e-300)


def test_kolmogorov_smirnov(golden):
    cases = golden("ecdf.json")["kolmogorov_smirnov"]
    assert len(cases) >= 60
    for case in cases:
        for i, alternative in enumerate(["two_sided", "observed_greater", "observed_less"]):
            result = stats.kolmogorov_smirnov(
                case["reference"], case["observed"], method="exact", alternative=alternative
            )
            assert result.statistic == close(case["statistic"][i]), case["name"]
            assert result.p_value == close(case["p"][i]), case["name"]


def test_cramer_von_mises(golden):
    cases = golden("ecdf.json")["cramer_von_mises"]
    assert len(cases) >= 60
    for case in cases:
        if "p" not in case or len(case["reference"]) + len(case["observed"]) > 80:
            continue
        result = stats.cramer_von_mises(case["reference"], case["observed"], method="exact")
        assert result.p_value == close(case["p"]), case["name"]


def test_anderson_darling(golden):
    cases = golden("ecdf.json")["anderson_darling"]
    assert len(cases) >= 60
    for case in cases:
        result = stats.anderson_darling_k_sample(case["groups"], method="asymptotic")
        assert result.statistic == pytest.approx(case["statistic"], rel=1e-10, abs=1e-10), case["name"]
        assert result.sizes == tuple(len(group) for group in case["groups"])
        if len(case["groups"]) == 2:
            two = stats.anderson_darling(*case["groups"], method="asymptotic")
            assert (two.statistic, two.p_value) == close((result.statistic, result.p_value))


def test_mann_whitney(golden):
    cases = golden("rank.json")["mann_whitney"]
    assert len(cases) >= 30
    for case in cases:
        for alternative, p_value in case["normal"].items():
            result = stats.mann_whitney(
                case["reference"], case["observed"], method="asymptotic", alternative=alternative
            )
            assert (result.statistic, result.effect) == close((case["u"], case["cliff_delta"]))
            assert result.p_value == close(p_value), case["name"]


def test_van_elteren(golden):
    cases = golden("rank.json")["van_elteren"]
    assert len(cases) >= 10
    for case in cases:
        for alternative, p_value in case["normal"].items():
            result = stats.van_elteren(case["strata"], method="asymptotic", alternative=alternative)
            assert result.statistic == pytest.approx(case["statistic"], rel=1e-10, abs=1e-12)
            assert result.p_value == close(p_value), case["name"]


def test_counts(golden):
    cases = golden("rank.json")["contingency"]
    assert len(cases) >= 10
    for case in cases:
        cells = list(zip(case["reference"], case["observed"]))
        for test, name in [(stats.chi_square_test, "chi_square"), (stats.likelihood_ratio_test, "likelihood_ratio")]:
            result = test(cells, method="asymptotic")
            assert result.statistic == pytest.approx(case[name]["statistic"], rel=1e-10, abs=1e-12)
            assert result.p_value == close(case[name]["p"])
            if "cramer_v" in case:
                assert result.effect == pytest.approx(case["cramer_v"], rel=1e-10, abs=1e-12)


def test_energy(golden):
    cases = golden("rank.json")["energy"]
    assert len(cases) >= 30
    for case in cases:
        result = stats.energy_distance(case["reference"], case["observed"], permutations=99)
        assert result.statistic == pytest.approx(case["energy"], rel=1e-9, abs=1e-12), case["name"]
    for case in golden("rank.json")["multivariate_energy"]:
        for order in "CF":
            points = [np.array(case[side], order=order) for side in ("reference", "observed")]
            result = stats.multivariate_energy_distance(*points, permutations=99)
            assert result.statistic == pytest.approx(case["energy"], rel=1e-9, abs=1e-9)


def test_logprob_difference(golden):
    for case in golden("rank.json")["logprob"]:
        strata = [
            [np.array([[np.nan if v is None else v for v in row] for row in stratum[side]], dtype=float)
             for side in ("reference", "observed")]
            for stratum in case["strata"]
        ]
        result = stats.logprob_difference(strata, permutations=99)
        assert result.statistic == pytest.approx(case["statistic"], rel=1e-10)
        assert result.effect == pytest.approx(case["effect"], rel=1e-10, abs=1e-12)


def test_effects(golden):
    cases = golden("effect.json")
    for case in cases["superiority"]:
        result = stats.probability_of_superiority(case["reference"], case["observed"], confidence=case["level"])
        assert (result.value, result.low, result.high) == pytest.approx(
            (case["value"], case["low"], case["high"]), abs=1e-12
        )
        assert result.confidence == case["level"]
    for case in cases["divergence"]:
        result = stats.jensen_shannon_effect([(case["reference"], case["observed"])], replicates=99)
        assert result.value == pytest.approx(case["jensen_shannon"], abs=1e-11)


def test_mmd(golden):
    cases = golden("kernel.json")
    for case in cases["mmd"]:
        strata = [(np.array(gram), sizes[0]) for gram, sizes in zip(case["grams"], case["sizes"])]
        result = stats.stratified_mmd(strata, weights=case["weights"], permutations=99)
        assert result.n_reference == sum(sizes[0] for sizes in case["sizes"])
        assert result.statistic == pytest.approx(case["statistic"], rel=1e-10, abs=1e-12)
        if len(strata) == 1:
            assert stats.mmd(*strata[0], permutations=99).statistic == result.statistic
    for case in cases["paired"]:
        result = stats.paired_kernel_test(np.array(case["gram"]))
        assert result.statistic == pytest.approx(case["statistic"], rel=1e-10, abs=1e-12)


def test_combination(golden):
    cases = golden("combination.json")
    for case in cases["combination"]:
        assert stats.fisher_combination(case["p"]) == pytest.approx(case["fisher"], rel=1e-9)
        assert stats.stouffer_combination(case["p"], case["weights"]) == pytest.approx(case["stouffer"], rel=1e-9)
        assert stats.cauchy_combination(case["p"], case["weights"]) == pytest.approx(case["cauchy"], rel=1e-9)
    for case in cases["adjust"]:
        for name, adjust in [
            ("bonferroni", stats.bonferroni_adjust),
            ("holm", stats.holm_adjust),
            ("BH", stats.benjamini_hochberg_adjust),
            ("BY", stats.benjamini_yekutieli_adjust),
        ]:
            assert adjust(case["p"], case["family"]) == pytest.approx(case[name], rel=1e-12)
    for case in cases["calibrator"]:
        assert stats.log_mixture_calibrator(case["p"]) == pytest.approx(case["log_mixture"], rel=1e-9)


def test_bounds(golden):
    cases = golden("sequential.json")
    for case in cases["bound"]:
        bound = stats.upper_mean_bound(
            case["values"], case["counts"], lower=case["lower"], upper=case["upper"], level=case["level"],
            variance_guess=case["variance"],
        )
        assert bound == pytest.approx(case["betting"], rel=1e-9)
    for case in cases["clopper_pearson"]:
        interval = stats.clopper_pearson(case["successes"], case["trials"], case["confidence"])
        assert (interval.low, interval.high) == pytest.approx((case["lower"], case["upper"]), abs=1e-9)


def test_change_detector(golden):
    for case in golden("sequential.json")["detector"]:
        detector = stats.ChangeDetector(case["weights"], 0.01)
        for e_values in case["e_values"]:
            detector.update(e_values)
        assert detector.observations == len(case["e_values"])
        assert detector.log_statistic == pytest.approx(case["log_statistic"][-1], rel=1e-9)
