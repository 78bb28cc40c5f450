#include "src/audit/plan_cost.h"

#include <algorithm>

namespace pinchbeck::internal {
namespace {

// Caps up to this are usually reached, so they stand for the output where nothing was counted.
constexpr std::int64_t kShortCap = 16;

using Read = std::optional<double> (*)(const ProbeSample&, const ProbePlan&);

std::optional<double> MeanInput(const ProbeSample& sample, const ProbePlan& /*plan*/) {
  double total = 0, count = 0;
  for (const auto& [tokens, times] : sample.input_tokens) {
    total += static_cast<double>(tokens) * static_cast<double>(times);
    count += static_cast<double>(times);
  }
  return count > 0 ? std::optional(total / count) : std::nullopt;
}

std::optional<double> MeanOutput(const ProbeSample& sample, const ProbePlan& plan) {
  // Characters are not tokens.
  if (sample.lengths.empty() || plan.length_source == LengthSource::kCharacters) return std::nullopt;
  double total = 0;
  for (const OutputLength& length : sample.lengths) total += length.length;
  return total / static_cast<double>(sample.lengths.size());
}

std::optional<double> ShortCap(const ProbeSample& sample, const ProbePlan& /*plan*/) {
  const std::optional<std::int64_t>& cap = sample.conditions.max_tokens;
  if (!cap || *cap > kShortCap) return std::nullopt;
  return static_cast<double>(*cap);
}

std::optional<double> First(const std::string& probe, const Fingerprint& claimed,
                            const Fingerprint& substitute, Read read) {
  for (const Fingerprint* side : {&claimed, &substitute}) {
    const SampleSet pooled = side->Pooled();
    const auto it = pooled.probes.find(probe);
    if (it == pooled.probes.end()) continue;
    if (const std::optional<double> value = read(it->second, side->plan.at(probe))) return value;
  }
  return std::nullopt;
}

}  // namespace

RequestTokens TokensOfRequest(const std::string& probe, const Fingerprint& claimed,
                              const Fingerprint& substitute, const PlanOptions& options) {
  RequestTokens tokens;
  tokens.input = First(probe, claimed, substitute, MeanInput);
  tokens.output = First(probe, claimed, substitute, MeanOutput);
  if (!tokens.input) tokens.input = options.input_tokens;
  if (!tokens.output) tokens.output = options.output_tokens;
  if (!tokens.output) tokens.output = First(probe, claimed, substitute, ShortCap);
  return tokens;
}

double CostOfRequest(const PlanCell& cell, bool by_tokens) {
  return by_tokens ? std::max(1.0, *cell.input_tokens + *cell.output_tokens) : 1.0;
}

void SetCost(const std::vector<PlanCell>& cells, std::int64_t answers, const PlanOptions& options,
             PlanDesign& design) {
  const double n = static_cast<double>(answers);
  design.requests = answers * static_cast<std::int64_t>(design.probes.size());
  design.input_tokens = design.output_tokens = 0;
  for (const std::string& probe : design.probes) {
    const auto cell =
        std::find_if(cells.begin(), cells.end(), [&](const PlanCell& c) { return c.probe == probe; });
    const auto add = [&](std::optional<double>& sum, const std::optional<double>& tokens) {
      if (sum && tokens) {
        *sum += n * *tokens;
      } else {
        sum.reset();
      }
    };
    add(design.input_tokens, cell->input_tokens);
    add(design.output_tokens, cell->output_tokens);
  }
  constexpr double kMillion = 1e6;
  if (options.price_per_mtok_in && options.price_per_mtok_out && design.input_tokens &&
      design.output_tokens) {
    design.cost = (*options.price_per_mtok_in * *design.input_tokens +
                   *options.price_per_mtok_out * *design.output_tokens) /
                  kMillion;
  }
}

}  // namespace pinchbeck::internal
