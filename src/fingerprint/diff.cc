#include "pinchbeck/fingerprint/diff.h"

#include <string>
#include <utility>

namespace pinchbeck {
namespace {

using Evaluate = SignalEvidence (*)(const SampleSet&, const SampleSet&, const SignalOptions&);
constexpr Evaluate kSignals[] = {EvaluateChoice,    EvaluateLogprob, EvaluateTokenLength, EvaluateText,
                                 EvaluateReasoning, EvaluateLatency, EvaluateTokenizer};

void AddCells(const std::string& probe, const SampleSet& a, const SampleSet& b, const SignalOptions& options,
              std::vector<CellDiff>& cells) {
  for (const Evaluate evaluate : kSignals) {
    SignalEvidence evidence = evaluate(a, b, options);
    if (evidence.measurable) cells.push_back({probe, std::move(evidence)});
  }
}

}  // namespace

absl::StatusOr<FingerprintDiff> DiffFingerprints(const Fingerprint& a, const Fingerprint& b,
                                                 const FingerprintDiffOptions& options) {
  if (options.permutations < 99) {
    return absl::InvalidArgumentError("permutations is " + std::to_string(options.permutations) +
                                      "; at least 99 are needed");
  }
  SignalOptions signal_options;
  signal_options.permutations = options.permutations;
  signal_options.seed = options.seed;
  signal_options.threads = options.threads;
  const SampleSet pooled_a = a.Pooled(), pooled_b = b.Pooled();
  FingerprintDiff diff;
  diff.condition_differences = ConditionDifferences(a, pooled_b);
  for (const auto& [id, sample] : pooled_a.probes) {
    const auto it = pooled_b.probes.find(id);
    if (it == pooled_b.probes.end()) {
      diff.only_in_a.push_back(id);
      continue;
    }
    diff.shared_probes.push_back(id);
    SampleSet cell_a, cell_b;
    cell_a.probes.emplace(id, sample);
    cell_b.probes.emplace(id, it->second);
    AddCells(id, cell_a, cell_b, signal_options, diff.cells);
  }
  for (const auto& entry : pooled_b.probes) {
    if (pooled_a.probes.count(entry.first) == 0) diff.only_in_b.push_back(entry.first);
  }
  AddCells("", pooled_a, pooled_b, signal_options, diff.totals);
  return diff;
}

}  // namespace pinchbeck
