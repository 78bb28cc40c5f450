"""Types of the statistics; a test compares them with the module."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Alternative = Literal["two_sided", "observed_greater", "observed_less"]
Calibration = Literal["exact", "permutation", "asymptotic"]
Method = Literal["auto", "exact", "asymptotic", "permutation"]
LimitMethod = Literal["auto", "asymptotic", "permutation"]
BoundMethod = Literal["betting", "empirical_bernstein"]

Accumulate = Callable[[int, NDArray[np.uint8]], ArrayLike]
ResampleView = tuple[NDArray[np.uint32], NDArray[np.uint32]]
SampleTest = Callable[[NDArray[np.float64], NDArray[np.float64]], float]

@final
class TwoSampleResult:
    statistic: Final[float]
    p_value: Final[float]
    effect: Final[float]
    n_reference: Final[int]
    n_observed: Final[int]
    calibration: Final[Calibration]
    method: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class KSampleResult:
    statistic: Final[float]
    p_value: Final[float]
    effect: Final[float]
    sizes: Final[tuple[int, ...]]
    calibration: Final[Calibration]
    method: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class EffectEstimate:
    value: Final[float]
    low: Final[float]
    high: Final[float]
    confidence: Final[float]
    method: Final[str]
    def to_dict(self) -> dict[str, Any]: ...

@final
class PermutationTestResult:
    statistics: Final[tuple[float, ...]]
    p_values: Final[tuple[float, ...]]
    maximum_p_value: Final[float]
    exact: Final[bool]
    relabelings: Final[int]
    relabelings_used: Final[int]
    def to_dict(self) -> dict[str, Any]: ...

@final
class ProportionInterval:
    low: Final[float]
    high: Final[float]
    def to_dict(self) -> dict[str, Any]: ...

@final
class ConformalCell:
    def __init__(
        self,
        *,
        reference_counts: Sequence[int] = ...,
        open: bool = ...,
        alternative_counts: Sequence[Sequence[int]] = ...,
        held_out_counts: Sequence[int] = ...,
        reference_scores: Sequence[float] = ...,
    ) -> None: ...
    @property
    def reference_counts(self) -> list[int]: ...
    @property
    def open(self) -> bool: ...
    @property
    def alternative_counts(self) -> list[list[int]]: ...
    @property
    def held_out_counts(self) -> list[int]: ...
    @property
    def reference_scores(self) -> list[float]: ...

@final
class LikelihoodRatioCell:
    def __init__(
        self,
        *,
        build_counts: Sequence[int],
        bound_counts: Sequence[int],
        alternative_counts: Sequence[Sequence[int]],
    ) -> None: ...
    @property
    def build_counts(self) -> list[int]: ...
    @property
    def bound_counts(self) -> list[int]: ...
    @property
    def alternative_counts(self) -> list[list[int]]: ...

@final
class ConformalEProcess:
    def __init__(
        self,
        cells: Sequence[ConformalCell],
        *,
        exponents: Sequence[float] = ...,
        bins: int = ...,
        seed: int = ...,
    ) -> None: ...
    def update(self, cell: int, category: int) -> None: ...
    def update_score(self, cell: int, score: float) -> None: ...
    @property
    def log_wealth(self) -> float: ...
    @property
    def max_log_wealth(self) -> float: ...
    @property
    def p_value(self) -> float: ...
    @property
    def observations(self) -> int: ...
    def component_weights(self) -> NDArray[np.float64]: ...
    def step_e_values(self) -> NDArray[np.float64]: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: dict[str, Any]) -> None: ...

@final
class LikelihoodRatioEProcess:
    def __init__(
        self,
        cells: Sequence[LikelihoodRatioCell],
        *,
        tolerance: float = ...,
        alpha_reference: float = ...,
        fractions: Sequence[float] = ...,
        cap: float = ...,
        bound: BoundMethod = ...,
        scope: Literal["per_cell", "pooled"] = ...,
        cell_weights: Sequence[float] = ...,
        round_length: int = ...,
    ) -> None: ...
    def update(self, cell: int, category: int) -> None: ...
    @property
    def log_wealth(self) -> float: ...
    @property
    def max_log_wealth(self) -> float: ...
    @property
    def p_value(self) -> float: ...
    @property
    def observations(self) -> int: ...
    def false_alarm_bound(self, alpha: float) -> float: ...
    def expected_growth(self, alternative: int, share: float) -> float: ...
    def component_weights(self) -> NDArray[np.float64]: ...
    def step_e_values(self) -> NDArray[np.float64]: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: dict[str, Any]) -> None: ...

@final
class ChangeDetector:
    def __init__(self, weights: ArrayLike, alpha: float) -> None: ...
    def update(self, e_values: ArrayLike) -> None: ...
    @property
    def log_statistic(self) -> float: ...
    @property
    def alarm(self) -> bool: ...
    @property
    def first_alarm(self) -> int: ...
    @property
    def observations(self) -> int: ...
    @property
    def mean_run_bound(self) -> float: ...
    @property
    def estimated_change(self) -> int: ...
    def reset(self) -> None: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: dict[str, Any]) -> None: ...

@final
class RestartEProcess:
    def __init__(self, weights: ArrayLike) -> None: ...
    def update(self, e_values: ArrayLike) -> None: ...
    @property
    def log_wealth(self) -> float: ...
    @property
    def observations(self) -> int: ...
    def state(self) -> dict[str, Any]: ...
    def restore(self, state: dict[str, Any]) -> None: ...

@final
class RunningWealth:
    def __init__(self) -> None: ...
    def record(self, next_log_wealth: float) -> None: ...
    @property
    def readings(self) -> int: ...
    @property
    def log_wealth(self) -> float: ...
    @property
    def max_log_wealth(self) -> float: ...
    @property
    def p_value(self) -> float: ...

@final
class SuccessRateBet:
    def __init__(self, promised: float) -> None: ...
    def update(self, success: bool) -> None: ...
    @property
    def wealth(self) -> RunningWealth: ...
    @property
    def p_value(self) -> float: ...

@final
class PowerEstimate:
    power: Final[float]
    low: Final[float]
    high: Final[float]
    monte_carlo_error: Final[float]
    runs: Final[int]
    rejections: Final[int]
    def to_dict(self) -> dict[str, Any]: ...

@final
class SampleSizeStep:
    n: Final[int]
    power: Final[PowerEstimate]
    def to_dict(self) -> dict[str, Any]: ...

@final
class SampleSizeResult:
    n: Final[int | None]
    power: Final[PowerEstimate]
    n_low: Final[int]
    n_high: Final[int | None]
    monotone: Final[bool]
    steps: Final[tuple[SampleSizeStep, ...]]
    def to_dict(self) -> dict[str, Any]: ...
def kolmogorov_smirnov(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    method: Method = ...,
    alternative: Alternative = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def cramer_von_mises(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    method: Method = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def anderson_darling(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    method: LimitMethod = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def anderson_darling_k_sample(
    samples: Sequence[ArrayLike],
    *,
    method: LimitMethod = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> KSampleResult: ...
def mann_whitney(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    method: Method = ...,
    alternative: Alternative = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def van_elteren(
    strata: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    method: LimitMethod = ...,
    alternative: Alternative = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def rank_uniformity(
    strata: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    method: LimitMethod = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def logprob_difference(
    strata: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    max_tokens: int = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def chi_square_test(
    cells: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    method: Method = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def likelihood_ratio_test(
    cells: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    method: Method = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def fisher_exact_greater(reference: tuple[int, int], observed: tuple[int, int]) -> float: ...
def stratified_fisher_exact_greater(strata: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> float: ...
def energy_distance(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def multivariate_energy_distance(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def mmd(
    gram: ArrayLike,
    n_reference: int,
    *,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def stratified_mmd(
    strata: Sequence[tuple[ArrayLike, int]],
    *,
    weights: Sequence[float] | None = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def paired_kernel_test(
    gram: ArrayLike,
    *,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> TwoSampleResult: ...
def mmd_effect(cells: Sequence[tuple[ArrayLike, int]], *, confidence: float = ...) -> EffectEstimate: ...
@overload
def hamming_gram(items: Sequence[str] | Sequence[bytes], length_limit: int) -> NDArray[np.float64]: ...
@overload
def hamming_gram(items: Sequence[Sequence[int]], length_limit: int) -> NDArray[np.float64]: ...
@overload
def shared_prefix_gram(items: Sequence[str] | Sequence[bytes]) -> NDArray[np.float64]: ...
@overload
def shared_prefix_gram(items: Sequence[Sequence[int]]) -> NDArray[np.float64]: ...
@overload
def spectrum_gram(texts: Sequence[str]) -> NDArray[np.float64]: ...
@overload
def spectrum_gram(texts: Sequence[bytes]) -> NDArray[np.float64]: ...
def linear_gram(features: ArrayLike) -> NDArray[np.float64]: ...
def permutation_test(
    strata: Sequence[tuple[int, int]],
    accumulate: Accumulate,
    *,
    components: int = ...,
    finish: Callable[[NDArray[np.float64]], ArrayLike] | None = ...,
    statistics: int | None = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> PermutationTestResult: ...
def evaluate_relabelings(
    strata: Sequence[tuple[int, int]],
    accumulate: Accumulate,
    *,
    components: int = ...,
    permutations: int = ...,
    seed: int = ...,
    threads: int = ...,
    stop_after: int = ...,
) -> tuple[NDArray[np.float64], bool]: ...
def permutation_p_value(row: ArrayLike) -> float: ...
def studentise(row: ArrayLike) -> NDArray[np.float64]: ...
def studentised_maximum(rows: ArrayLike) -> NDArray[np.float64]: ...
def nonparametric_combination(
    rows: ArrayLike,
    *,
    function: Literal["squared_logs", "fisher"] | None = ...,
) -> NDArray[np.float64]: ...
def rejection_threshold(row: ArrayLike, level: float) -> float: ...
def probability_of_superiority(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    confidence: float = ...,
) -> EffectEstimate: ...
def cliff_delta(reference: ArrayLike, observed: ArrayLike, *, confidence: float = ...) -> EffectEstimate: ...
def hodges_lehmann_shift(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    confidence: float = ...,
) -> EffectEstimate: ...
def hodges_lehmann_ratio(
    reference: ArrayLike,
    observed: ArrayLike,
    *,
    confidence: float = ...,
) -> EffectEstimate: ...
def jensen_shannon_effect(
    cells: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    confidence: float = ...,
    replicates: int = ...,
    seed: int = ...,
    threads: int = ...,
) -> EffectEstimate: ...
def total_variation_effect(
    cells: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    confidence: float = ...,
    replicates: int = ...,
    seed: int = ...,
    threads: int = ...,
) -> EffectEstimate: ...
def bootstrap(
    strata: Sequence[tuple[int, int]],
    statistic: Callable[[list[ResampleView]], float],
    *,
    confidence: float = ...,
    method: Literal["percentile", "bca"] = ...,
    replicates: int = ...,
    seed: int = ...,
    threads: int = ...,
) -> EffectEstimate: ...
def fisher_combination(p_values: ArrayLike) -> float: ...
def stouffer_combination(p_values: ArrayLike, weights: ArrayLike | None = ...) -> float: ...
def cauchy_combination(p_values: ArrayLike, weights: ArrayLike | None = ...) -> float: ...
def bonferroni_minimum(p_values: ArrayLike) -> float: ...
def intersection_union(p_values: ArrayLike) -> float: ...
def holm_adjust(p_values: ArrayLike, family_size: int | None = ...) -> NDArray[np.float64]: ...
def bonferroni_adjust(p_values: ArrayLike, family_size: int | None = ...) -> NDArray[np.float64]: ...
def benjamini_hochberg_adjust(p_values: ArrayLike, family_size: int | None = ...) -> NDArray[np.float64]: ...
def benjamini_yekutieli_adjust(p_values: ArrayLike, family_size: int | None = ...) -> NDArray[np.float64]: ...
def power_calibrator(p_value: float, kappa: float) -> float: ...
def log_power_calibrator(p_value: float, kappa: float) -> float: ...
def mixture_calibrator(p_value: float) -> float: ...
def log_mixture_calibrator(p_value: float) -> float: ...
def p_value_from_e_value(e_value: float) -> float: ...
def mean_e_value(e_values: ArrayLike) -> float: ...
def log_mean_e_value(log_e_values: ArrayLike) -> float: ...
def product_e_value(e_values: ArrayLike) -> float: ...
def log_product_e_value(log_e_values: ArrayLike) -> float: ...
def e_benjamini_hochberg(e_values: ArrayLike, alpha: float, family_size: int | None = ...) -> NDArray[np.int64]: ...
def average_log_wealth(log_wealths: ArrayLike) -> float: ...
def anytime_p_value(max_log_wealth: float) -> float: ...
def mean_above_margin_p_value(differences: ArrayLike, margin: float, floor: float) -> float: ...
def detectable_above_margin(margin: float, floor: float, level: float, probes: float) -> float: ...
def upper_mean_bound(
    values: ArrayLike,
    counts: ArrayLike | None = ...,
    *,
    lower: float,
    upper: float,
    method: BoundMethod = ...,
    level: float = ...,
    variance_guess: float = ...,
) -> float: ...
def clopper_pearson(successes: int, trials: int, confidence: float) -> ProportionInterval: ...
def largest_tolerated_share(
    cells: Sequence[LikelihoodRatioCell],
    alternative: int,
    tolerance: float,
) -> float: ...
def estimate_power(
    simulate: Callable[[int], float],
    *,
    alpha: float = ...,
    runs: int = ...,
    seed: int = ...,
    confidence: float = ...,
) -> PowerEstimate: ...
def required_sample_size(
    power_at: Callable[[int, int], PowerEstimate],
    *,
    target_power: float = ...,
    smallest: int = ...,
    largest: int = ...,
    seed: int = ...,
) -> SampleSizeResult: ...
def sample_power(
    claimed: ArrayLike,
    substitute: ArrayLike,
    n_observed: int,
    test: SampleTest,
    *,
    alpha: float = ...,
    runs: int = ...,
    seed: int = ...,
    confidence: float = ...,
    n_reference: int = ...,
    share: float = ...,
) -> PowerEstimate: ...
def required_test_sample_size(
    claimed: ArrayLike,
    substitute: ArrayLike,
    test: SampleTest,
    *,
    target_power: float = ...,
    smallest: int = ...,
    largest: int = ...,
    seed: int = ...,
    alpha: float = ...,
    runs: int = ...,
    confidence: float = ...,
    n_reference: int = ...,
    share: float = ...,
) -> SampleSizeResult: ...
def count_power(
    cells: Sequence[tuple[ArrayLike, ArrayLike]],
    n_observed: int,
    *,
    alpha: float = ...,
    runs: int = ...,
    seed: int = ...,
    confidence: float = ...,
    share: float = ...,
    n_reference: int = ...,
    null_runs: int = ...,
) -> PowerEstimate: ...
def required_count_sample_size(
    cells: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    target_power: float = ...,
    smallest: int = ...,
    largest: int = ...,
    seed: int = ...,
    alpha: float = ...,
    runs: int = ...,
    confidence: float = ...,
    share: float = ...,
    n_reference: int = ...,
    null_runs: int = ...,
) -> SampleSizeResult: ...
