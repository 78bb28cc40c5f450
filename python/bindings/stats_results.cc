// The result classes that several tests share.
#include "pinchbeck/stats/anderson_darling_k_sample.h"
#include "pinchbeck/stats/effect_estimate.h"
#include "pinchbeck/stats/two_sample.h"
#include "python/bindings/result.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_options.h"

namespace pinchbeck::python {

void BindStatsResults(py::module_& stats) {
  using stats::EffectEstimate;
  using stats::KSampleResult;
  using stats::TwoSampleResult;
  ResultClass<TwoSampleResult>(stats, "TwoSampleResult", "What a two-sample test found.")
      .Field("statistic", &TwoSampleResult::statistic, "The test's statistic.")
      .Field("p_value", &TwoSampleResult::p_value, "The p-value of its null hypothesis.")
      .Field("effect", &TwoSampleResult::effect, "Size in the test's own unit; 0 when the samples agree.")
      .Field("n_reference", &TwoSampleResult::n_reference, "Values of the reference sample.")
      .Field("n_observed", &TwoSampleResult::n_observed, "Values of the observed sample.")
      .Field("calibration", &TwoSampleResult::calibration, "'exact', 'permutation' or 'asymptotic'.")
      .Field("method", &TwoSampleResult::method, "The statistic and how its p-value was found, in words.");
  ResultClass<KSampleResult>(stats, "KSampleResult", "What a test of several samples found.")
      .Field("statistic", &KSampleResult::statistic, "The test's statistic.")
      .Field("p_value", &KSampleResult::p_value, "The p-value of its null hypothesis.")
      .Field("effect", &KSampleResult::effect, "Size in the test's own unit; 0 when the samples agree.")
      .Field("sizes", &KSampleResult::sizes, "Values of each sample.")
      .Field("calibration", &KSampleResult::calibration, "'exact', 'permutation' or 'asymptotic'.")
      .Field("method", &KSampleResult::method, "The statistic and how its p-value was found, in words.");
  ResultClass<EffectEstimate>(stats, "EffectEstimate", "An effect with a two-sided confidence interval.")
      .Field("value", &EffectEstimate::value, "The estimate.")
      .Field("low", &EffectEstimate::low, "Lower end; infinite where the sizes allow none.")
      .Field("high", &EffectEstimate::high, "Upper end; infinite where the sizes allow none.")
      .Field("confidence", &EffectEstimate::confidence, "Chance that the interval covers.")
      .Field("method", &EffectEstimate::method, "How the interval was found, in words.");
}

}  // namespace pinchbeck::python
