"""How the statistics take arrays, give results, report errors and call back."""

import json
import sys
import threading
import tracemalloc

import numpy as np
import pytest

from pinchbeck import stats

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=40), RNG.normal(0.5, size=30)


def peak_bytes(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_contiguous_arrays_are_not_copied():
    values = np.full(1_000_000, 0.5)
    assert peak_bytes(lambda: stats.bonferroni_minimum(values)) < 100_000
    # The measurement sees a copy where one is needed.
    single = values.astype(np.float32)
    assert peak_bytes(lambda: stats.bonferroni_minimum(single)) > 7_000_000


def test_numbers_that_are_not_aligned_are_copied():
    shifted = np.frombuffer(b"\0" + np.full(1_000_000, 0.5).tobytes(), dtype=np.float64, offset=1)
    assert not shifted.flags.aligned
    assert peak_bytes(lambda: stats.bonferroni_minimum(shifted)) > 7_000_000
    assert stats.bonferroni_minimum(shifted) == 1
    counts = np.frombuffer(b"\0" + np.array([30, 10]).tobytes(), dtype=np.int64, offset=1)
    assert stats.chi_square_test([(counts, counts)]) == stats.chi_square_test([([30, 10], [30, 10])])
    gram = np.frombuffer(b"\0" + np.eye(4).tobytes(), dtype=np.float64, offset=1).reshape(4, 4)
    assert stats.mmd(gram, 2) == stats.mmd(np.eye(4), 2)


def test_row_and_column_major_grams_are_not_copied_by_the_module():
    gram = np.ones((400, 400))
    gram[:200, 200:] = gram[200:, :200] = 0
    for order in "CF":
        array = np.asarray(gram, order=order)
        assert peak_bytes(lambda: stats.mmd(array, 200, permutations=9)) < 100_000
    assert stats.mmd(gram, 200, permutations=9).statistic == pytest.approx(2)
    assert stats.mmd(gram.astype(int), 200, permutations=9) == stats.mmd(gram[::-1, ::-1], 200, permutations=9)


@pytest.mark.parametrize(
    "convert",
    [list, tuple, lambda a: np.repeat(a, 2)[::2], lambda a: a.astype(np.longdouble), lambda a: a[::-1][::-1]],
)
def test_other_sequences_give_the_same(convert):
    assert stats.kolmogorov_smirnov(convert(X), convert(Y)) == stats.kolmogorov_smirnov(X, Y)


def test_integers_are_numbers():
    assert stats.mann_whitney(np.arange(5), np.arange(5, dtype=np.int8) + 3).effect == pytest.approx(0.84)


def test_points_keep_their_orientation():
    points = RNG.normal(size=(12, 3))
    shifted = points + [5, 0, 0]
    expected = stats.multivariate_energy_distance(points, shifted, permutations=99)
    assert stats.multivariate_energy_distance(np.asfortranarray(points), shifted, permutations=99) == expected
    assert expected.n_reference == 12


def test_results_are_frozen_values():
    result = stats.mann_whitney(X, Y)
    with pytest.raises(AttributeError):
        result.p_value = 0
    with pytest.raises(AttributeError):
        result.other = 0
    assert result == stats.mann_whitney(X, Y)
    assert hash(result) == hash(stats.mann_whitney(X, Y))
    assert result != stats.mann_whitney(Y, X)
    assert result != 1
    assert repr(result).startswith(f"TwoSampleResult(statistic={result.statistic:.6g}, p_value={result.p_value:.6g}, ")
    assert json.loads(json.dumps(result.to_dict())) == result.to_dict()
    assert list(result.to_dict()) == list(result._fields)


def test_long_tuples_are_cut_in_the_repr():
    result = stats.anderson_darling_k_sample([[1, 2, 3]] * 9)
    assert "sizes=(3, 3, 3, 3, 3, 3, ... 9 in all)" in repr(result)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: stats.kolmogorov_smirnov([], [1]), "reference: the sample is empty"),
        (lambda: stats.kolmogorov_smirnov([1], [1, np.nan]), r"observed\[1\] is NaN"),
        (lambda: stats.kolmogorov_smirnov([1, None], [1]), r"reference\[1\] is NaN"),
        (lambda: stats.kolmogorov_smirnov([[1]], [1]), "reference has 2 dimensions"),
        (lambda: stats.mann_whitney(3, [1]), "reference has 0 dimensions"),
        (lambda: stats.mann_whitney([1], [2], method="best"), "method is 'best'; give 'auto', 'exact', "),
        (lambda: stats.mann_whitney([1], [2], alternative="less"), "alternative is 'less'; give 'two_sided', "),
        (lambda: stats.kolmogorov_smirnov([1], [2], permutations=0), "^permutations is 0"),
        (lambda: stats.mann_whitney([1, 2], [2, 3], method="exact"), "method: 'exact' needs .* use 'permutation'"),
        (lambda: stats.chi_square_test([([1, 2], [1])]), "reference has 2 categories"),
        (lambda: stats.mmd(np.zeros(4), 2), "gram has 1 dimensions"),
        (lambda: stats.mmd(np.zeros((4, 3)), 2), "gram"),
        (lambda: stats.stratified_mmd([(np.eye(4), 2)], weights=[1, 2]), "weights has 2 entries"),
        (lambda: stats.fisher_combination([0.5, 1.5]), r"p_values\[1\]"),
        (lambda: stats.upper_mean_bound([2], lower=0, upper=1), r"values\[0\]"),
        (lambda: stats.SuccessRateBet(1.0), "promised"),
        (lambda: stats.studentised_maximum([[1, np.inf]]), "rows holds"),
        (lambda: stats.permutation_p_value([]), "row is empty"),
        (lambda: stats.permutation_p_value([np.nan, 1, 2]), r"row\[0\] is NaN or infinite"),
        (lambda: stats.permutation_p_value([1, 2, np.inf]), r"row\[2\] is NaN or infinite"),
        (lambda: stats.studentise([1, np.nan]), r"row\[1\] is NaN or infinite"),
        (lambda: stats.rejection_threshold([1, np.nan, 3], 0.5), r"row\[1\] is NaN or infinite"),
        (lambda: stats.rejection_threshold([1, 2, 3], 1.5), r"level is 1.5; it must lie in \(0, 1\)"),
        (lambda: stats.rejection_threshold([1, 2, 3], np.nan), "level is nan"),
        (lambda: stats.mmd(np.eye(4), -(2**63)), "n_reference is -9223372036854775808 of 4 items"),
        (lambda: stats.mmd_effect([(np.eye(4), 4)]), "n_reference is 4 of 4 items"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.kolmogorov_smirnov("abc", [1]),
        lambda: stats.kolmogorov_smirnov(["1", "2"], [1]),  # Text is not read as numbers,
        lambda: stats.kolmogorov_smirnov([1 + 2j], [1]),  # nor are complex numbers cut,
        lambda: stats.kolmogorov_smirnov(np.array(["1", 2.0], dtype=object), [1]),  # among other objects neither.
        lambda: stats.kolmogorov_smirnov(np.array([b"1"], dtype=object), [1]),
        lambda: stats.kolmogorov_smirnov(np.array([1 + 2j, None], dtype=object), [1]),
        lambda: stats.kolmogorov_smirnov(np.ma.masked_greater([1.0, 9.0], 5), [1]),  # The mask would be lost.
        lambda: stats.linear_gram([np.ma.masked_greater([1.0, 9.0], 5)]),
        lambda: stats.mmd(np.ma.masked_less(np.eye(4), 0), 2),
        lambda: stats.chi_square_test([(np.ma.masked_greater([1, 9], 5), [1, 2])]),
        lambda: stats.mmd("abc", 2),
        lambda: stats.mmd([["a", "b"], ["b", "a"]], 1),
        lambda: stats.multivariate_energy_distance([["a"]], [[1]]),
        lambda: stats.kolmogorov_smirnov([1], [2], seed=-1),
        lambda: stats.permutation_test([(3, 3)], lambda s, labels: "abc"),
        lambda: stats.bootstrap([(3, 3)], lambda views: None),
        lambda: stats.kolmogorov_smirnov([1], [2], "exact"),  # Options are keyword arguments.
        lambda: stats.kolmogorov_smirnov([1], [2], method=1),
        lambda: stats.kolmogorov_smirnov([1], [2], unknown=1),
        lambda: stats.chi_square_test([([1.5, 2], [1, 2])]),  # Counts are not cut to whole numbers.
        lambda: stats.hamming_gram([1, 2], 3),
    ],
)
def test_bad_types_are_refused(call):
    with pytest.raises(TypeError):
        call()


def test_seed_and_permutations_arrive():
    near = X[:20] + 0.2
    first = stats.energy_distance(X, near, permutations=199, seed=1)
    assert first == stats.energy_distance(X, near, permutations=199, seed=1, threads=3)
    assert len({stats.energy_distance(X, near, permutations=199, seed=seed).p_value for seed in range(5)}) > 1
    assert stats.energy_distance(X, Y + 9, permutations=199).p_value == pytest.approx(1 / 200)
    assert stats.energy_distance(X, X[:20], permutations=10**9, stop_after=5).p_value > 0.1


def likelihood_ratio():
    rng = np.random.default_rng(3)
    counts = [rng.multinomial(400, np.full(40, 1 / 40)).tolist() for _ in range(12)]
    cell = stats.LikelihoodRatioCell(build_counts=counts[0], bound_counts=counts[1], alternative_counts=counts[2:])
    cells = [cell] * 40
    return lambda: stats.LikelihoodRatioEProcess(cells)


def combination():
    rows = np.random.default_rng(3).normal(size=(20, 50_000))
    return lambda: stats.nonparametric_combination(rows)


def interval():
    gram = np.eye(700)
    return lambda: stats.mmd_effect([(gram, 300)] * 10)


def relabelings():
    return lambda: stats.mann_whitney(X, Y, method="permutation", permutations=100_000)


@pytest.mark.parametrize("prepare", [combination, interval, likelihood_ratio, relabelings])
def test_other_threads_run_during_a_long_call(prepare):
    call, inside, order = prepare(), threading.Event(), []

    def work():
        inside.set()
        for _ in range(8):
            call()
        order.append("the calls have ended")

    interval = sys.getswitchinterval()
    # From here on no thread is made to hand on the lock: the other one only runs if the calls let go of it.
    sys.setswitchinterval(1000)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        inside.wait()
        order.append("another thread runs")
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert order == ["another thread runs", "the calls have ended"]


def test_defaults_are_those_of_the_library():
    rows = RNG.normal(size=(3, 50))
    combined = stats.nonparametric_combination(rows)
    assert (combined == stats.nonparametric_combination(rows, function="squared_logs")).all()
    assert (combined != stats.nonparametric_combination(rows, function="fisher")).any()
    e_values = [30.0, 1.0, 25.0]
    assert stats.e_benjamini_hochberg(e_values, 0.1).tolist() == [0, 2]
    assert stats.e_benjamini_hochberg(e_values, 0.1, family_size=30).tolist() == []
    # They are not written down once more.
    assert " = None" in stats.nonparametric_combination.__doc__.split("\n")[0]
    assert " = None" in stats.e_benjamini_hochberg.__doc__.split("\n")[0]


def mean_difference(stratum, labels):
    values = np.concatenate([X, Y])
    return ((values - values.mean()) @ labels)[np.newaxis]


def test_permutation_test_of_several_statistics():
    def both(stratum, labels):
        values = np.concatenate([X, Y])
        return np.stack([values @ labels, values**2 @ labels])

    result = stats.permutation_test([(40, 30)], both, components=2, permutations=499)
    assert result.statistics == pytest.approx((Y.sum(), (Y**2).sum()))
    assert len(result.p_values) == 2 and not result.exact and result.relabelings == 499
    two_sided = stats.permutation_test(
        [(40, 30)], mean_difference, finish=np.abs, statistics=1, permutations=499
    )
    assert 0 < two_sided.p_values[0] < 0.2
    table, exact = stats.evaluate_relabelings([(40, 30)], both, components=2, permutations=499)
    assert table.shape == (2, 500) and not exact
    assert stats.permutation_p_value(table[0]) == result.p_values[0]
    combined = stats.nonparametric_combination(table)
    assert combined.shape == (500,)
    assert stats.permutation_p_value(combined) <= 1


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), KeyboardInterrupt()])
def test_exceptions_of_callbacks_come_back(error, threads):
    calls = []

    def fail(*arguments):
        calls.append(arguments)
        raise error

    with pytest.raises(type(error)):
        stats.permutation_test([(40, 30)], fail, threads=threads)
    with pytest.raises(type(error)):
        stats.bootstrap([(40, 30)], fail, threads=threads)
    with pytest.raises(type(error)):
        stats.estimate_power(fail)
    with pytest.raises(type(error)):
        stats.sample_power(X, Y, 10, fail)
    with pytest.raises(type(error)):
        stats.required_sample_size(fail)
    # After the first exception nobody calls again.
    assert len(calls) == 5


@pytest.mark.parametrize(
    "accumulate", [lambda s, labels: labels[:, :1], lambda s, labels: 1.0, lambda s, labels: np.ones((2, 3, 4))]
)
def test_wrong_shapes_of_callbacks_are_named(accumulate):
    with pytest.raises(ValueError, match="accumulate.* returned another shape"):
        stats.permutation_test([(40, 30)], accumulate)


def test_wrong_types_of_callbacks_are_refused():
    with pytest.raises(TypeError):
        stats.estimate_power(lambda seed: "0.5")
    with pytest.raises(ValueError, match="p-value"):
        stats.estimate_power(lambda seed: 7.0)


def test_bootstrap_and_power():
    def difference(views):
        reference, observed = views[0]
        return Y[observed].mean() - X[reference].mean()

    interval = stats.bootstrap([(40, 30)], difference, replicates=399, method="percentile")
    assert interval.value == pytest.approx(Y.mean() - X.mean())
    assert interval.low < interval.value < interval.high
    assert interval == stats.bootstrap([(40, 30)], difference, replicates=399, method="percentile", threads=2)
    size = stats.required_count_sample_size([([60, 40], [20, 80])], runs=200, null_runs=400, alpha=0.05)
    assert size.n is not None and size.n_low <= size.n and size.steps[0].n <= size.steps[-1].n
    assert stats.estimate_power(lambda seed: 0.001 if seed % 2 else 1.0, runs=400).power == pytest.approx(0.5, abs=0.15)


def test_texts_count_as_code_points_or_bytes():
    assert stats.hamming_gram(["ab", "aé"], 9).tolist() == [[2, 1], [1, 3]]
    assert stats.hamming_gram([b"ab", b"a\xff"], 9).tolist() == [[2, 1], [1, 2]]
    assert stats.hamming_gram([[1, 2], [1, 3]], 9).tolist() == [[2, 1], [1, 2]]
    assert stats.shared_prefix_gram([[1, 2, 3], [1, 2, 4]])[0, 1] == 2
    assert stats.spectrum_gram(["é", "é"])[0, 1] == pytest.approx(1)
    assert stats.spectrum_gram([b"\xff", b"\xfe"])[0, 1] < 1
    features = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert stats.linear_gram(features).tolist() == (features @ features.T).tolist()


@pytest.mark.parametrize(
    "make, updates",
    [
        (lambda: stats.ConformalEProcess([stats.ConformalCell(reference_counts=[5, 5, 1])], seed=3),
         [(0, 2), (0, 1)] * 5),
        (lambda: stats.LikelihoodRatioEProcess(
            [stats.LikelihoodRatioCell(build_counts=[50, 50], bound_counts=[60, 40], alternative_counts=[[9, 1]])]),
         [(0, 0), (0, 1)] * 5),
        (lambda: stats.ChangeDetector([1, 3], 0.01), [([0.5, 2.0],), ([3.0, 1.0],)] * 5),
        (lambda: stats.RestartEProcess([1.0]), [([1.5],)] * 5),
    ],
)
def test_states_travel_as_json(make, updates):
    first, second = make(), make()
    for update in updates[:4]:
        first.update(*update)
    second.restore(json.loads(json.dumps(first.state())))
    for update in updates[4:]:
        first.update(*update)
        second.update(*update)
    assert first.state() == second.state()
    assert first.observations == len(updates)
    with pytest.raises(ValueError, match="state has no field 'version'"):
        second.restore({})
    with pytest.raises(ValueError, match="state"):
        second.restore({**first.state(), "observations": "many"})
    with pytest.raises(ValueError, match="state"):
        second.restore({**first.state(), "version": 99})
    assert first.state() == second.state()


def test_e_processes_feed_a_detector():
    cell = stats.ConformalCell(reference_counts=[60, 30, 10])
    process = stats.ConformalEProcess([cell])
    detector = stats.ChangeDetector(process.component_weights(), 0.05)
    for i in range(40):
        process.update(0, 2 if i >= 10 else i % 2)
        detector.update(process.step_e_values())
    assert detector.alarm and 5 <= detector.estimated_change <= 16
    assert process.p_value < 0.05
    wealth = stats.RunningWealth()
    wealth.record(2.0)
    wealth.record(1.0)
    assert (wealth.readings, wealth.max_log_wealth) == (2, 2.0)
    assert wealth.p_value == stats.anytime_p_value(2.0) == pytest.approx(np.exp(-2))
