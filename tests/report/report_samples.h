// Made-up reports for the tests of their writers: every verdict, every signal, every optional part.
#ifndef PINCHBECK_TESTS_REPORT_REPORT_SAMPLES_H_
#define PINCHBECK_TESTS_REPORT_REPORT_SAMPLES_H_

#include <array>
#include <string>
#include <vector>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/report/report_run.h"

namespace pinchbeck {

inline constexpr std::array kAllVerdicts = {Verdict::kConsistent, Verdict::kDiffers, Verdict::kInconclusive,
                                            Verdict::kNotMeasurable};

inline SignalReport SampleSignal(const std::string& name, SignalStatus status) {
  SignalReport report;
  report.status = status;
  SignalEvidence& evidence = report.evidence;
  evidence.signal = name;
  evidence.counted = name != "tokenizer" && name != "latency" && name != "declaration";
  evidence.measurable = status != SignalStatus::kNotMeasurable;
  if (!evidence.measurable) {
    evidence.reason = "no probe with such data on both sides";
    return report;
  }
  const bool differs = status == SignalStatus::kDiffers;
  evidence.p_value = differs ? 0.0001 : 0.4;
  if (evidence.counted) report.adjusted_p_value = differs ? 0.0004 : 0.8;
  evidence.effect = differs ? 0.21 : 0.01;
  evidence.effect_low = differs ? 0.18 : -0.01;
  evidence.effect_high = differs ? 0.24 : 0.03;
  evidence.effect_unit = "bits";
  evidence.effect_gate = 0.05;
  evidence.detectable_effect = 0.03;
  evidence.n_reference = 1000;
  evidence.n_observed = 200;
  evidence.probes = 5;
  evidence.method = "some test; permutation within probes";
  evidence.notes = {"a note"};
  return report;
}

inline QuantityCurves SampleCurves(double factor) {
  QuantityCurves curves;
  for (std::size_t q = 0; q <= kShownQuantiles; ++q) {
    curves.reference.push_back(10 + static_cast<double>(q));
    curves.observed.push_back(factor * (10 + static_cast<double>(q)));
  }
  curves.n_reference = 300;
  curves.n_observed = 200;
  curves.probes = 25;
  return curves;
}

// Strings from outside are `text`, where it is given.
inline ReportDisplay SampleDisplay(const std::string& text = "probe") {
  ReportDisplay display;
  display.choices = {{text, {{text, 50, 5}, {"", 30, 20}}, {"", 20, 15}, 7, 100, 40}};
  display.choice_probes = 5;
  display.logprobs = {{text, text, -0.5, -0.6}, {text, "b", -2, -3.5}};
  display.n_logprobs = 2;
  display.length = SampleCurves(0.9);
  display.reasoning = SampleCurves(0.5);
  display.length_unit = "output tokens";
  display.first_token = SampleCurves(0.01);
  display.total_per_token = SampleCurves(40);
  display.input_tokens = {{text, "", 20, 57}, {text, "", 31, 68}};
  display.reference_first = "2026-10-01T08:00:00Z";
  display.reference_last = "2026-10-02T08:00:00Z";
  display.observed_first = display.observed_last = "2026-11-20T08:00:00Z";
  return display;
}

inline std::string ReasonFor(Verdict verdict) {
  if (verdict == Verdict::kInconclusive) return "too_few_observations";
  return verdict == Verdict::kNotMeasurable ? "nothing_comparable" : "";
}

inline Report SampleReport(Verdict verdict, const std::string& text = "flagship-1") {
  Report report;
  report.verdict = verdict;
  report.model = text;
  report.permutations = 9999;
  if (!ReasonFor(verdict).empty()) report.reason = ReasonFor(verdict);
  report.warnings = {"something to know about " + text};
  if (verdict == Verdict::kNotMeasurable) {
    for (const char* name : {"choice", "logprob", "text"})
      report.signals.push_back(SampleSignal(name, SignalStatus::kNotMeasurable));
    return report;
  }
  report.p_value = verdict == Verdict::kDiffers ? 0.0004 : 0.8;
  report.n_reference = 4420;
  report.n_observed = 1090;
  report.n_failed = 3;
  const SignalStatus main = verdict == Verdict::kDiffers      ? SignalStatus::kDiffers
                            : verdict == Verdict::kConsistent ? SignalStatus::kConsistent
                                                              : SignalStatus::kInconclusive;
  for (const char* name : {"choice", "logprob", "text", "token_length", "reasoning"})
    report.signals.push_back(SampleSignal(name, main));
  report.signals[2].status = SignalStatus::kConsistent;
  for (const char* name : {"tokenizer", "latency"})
    report.signals.push_back(SampleSignal(name, SignalStatus::kInconclusive));
  report.signals.push_back(SampleSignal("declaration", SignalStatus::kConsistent));
  report.signals.back().evidence.notes = {"model: differs (" + text + ")"};
  report.display = SampleDisplay(text);
  report.power = {{text, std::nullopt, "", 0.95, 200}, {"choice", 0.1, "bits", 0.9, 200}};
  report.not_ruled_out = {{text, 0.3}};
  report.largest_shares = {{text, 0.12}, {"other", 1}};
  report.tokenizer = TokenizerFit{.probes = 12, .matching = 12, .intercept = 37};
  report.tokenizer->reading = TokenizerReading::kShifted;
  report.usage = UsageAgainstText{"output tokens", 8, 40, 80, 1.5, 1.4, 1.6};
  if (verdict == Verdict::kDiffers) {
    report.attribution = Attribution{text, 0.98, 0.4};
    report.mixture = Mixture{text, 0.9, 0.8, 1.0};
    report.other_share_low = 0.31;
    report.configuration = Configuration{.kind = "temperature",
                                         .explains = false,
                                         .temperature_factor = 0.7,
                                         .temperature_low = 0.6,
                                         .temperature_high = 0.8,
                                         .p_value = 0.004,
                                         .note = "another temperature fits no better"};
  }
  if (verdict == Verdict::kInconclusive) report.n_observed_needed = 12000;
  return report;
}

inline ReportRun SampleRun(const std::string& path = "flagship-1.json") {
  ReportRun run;
  run.command = "pinchbeck verify --fingerprint '" + path + "' --recording relay.jsonl --seed 1";
  run.inputs = {{"fingerprint", path, std::string(64, 'a'), 1234567}, {"recording", path, std::nullopt, 0}};
  run.caveat = "The answers were not kept.";
  return run;
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_REPORT_REPORT_SAMPLES_H_
