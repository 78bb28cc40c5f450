#include "pinchbeck/audit/report_display.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "src/signal/latency_features.h"
#include "src/signal/logprob_cells.h"

namespace pinchbeck {
namespace {

// Calls use(id, reference probe, observed probe) for the probes that both sides have.
template <class Use>
void ForSharedProbes(const SampleSet& reference, const SampleSet& observed, Use use) {
  for (const auto& [id, probe] : reference.probes) {
    if (const auto it = observed.probes.find(id); it != observed.probes.end()) use(id, probe, it->second);
  }
}

double Share(std::int64_t count, std::int64_t total) {
  return static_cast<double>(count) / static_cast<double>(total);
}

struct ComparedProbe {
  double total_variation = 0;
  ChoiceCounts counts;
};

ComparedProbe CountAnswers(const std::string& id, const ProbeSample& reference, const ProbeSample& observed) {
  std::map<std::string, AnswerCount> by_answer;
  for (const auto& [answer, count] : reference.choices) by_answer[answer].reference = count;
  for (const auto& [answer, count] : observed.choices) by_answer[answer].observed = count;
  ComparedProbe result;
  ChoiceCounts& counts = result.counts;
  counts.probe = id;
  counts.n_reference = reference.choice_count();
  counts.n_observed = observed.choice_count();
  std::vector<std::pair<double, AnswerCount>> ordered;
  for (auto& [answer, count] : by_answer) {
    count.answer = answer;
    ordered.emplace_back(
        Share(count.reference, counts.n_reference) + Share(count.observed, counts.n_observed), count);
  }
  // By answer where frequencies tie, so that the order does not depend on the sorting.
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& [frequency, count] : ordered) {
    if (counts.shown.size() < kShownAnswers) {
      counts.shown.push_back(std::move(count));
      continue;
    }
    counts.other.reference += count.reference;
    counts.other.observed += count.observed;
    ++counts.n_other;
  }
  // Rare answers together: one by one they differ in any two samples.
  const auto difference = [&](const AnswerCount& count) {
    return std::abs(Share(count.reference, counts.n_reference) - Share(count.observed, counts.n_observed)) /
           2;
  };
  result.total_variation = difference(counts.other);
  for (const AnswerCount& count : counts.shown) result.total_variation += difference(count);
  return result;
}

void ShowChoices(const SampleSet& reference, const SampleSet& observed, ReportDisplay& display) {
  std::vector<ComparedProbe> compared;
  ForSharedProbes(reference, observed, [&](const auto& id, const auto& mine, const auto& theirs) {
    if (mine.choices.empty() || theirs.choices.empty()) return;
    compared.push_back(CountAnswers(id, mine, theirs));
  });
  display.choice_probes = static_cast<std::int64_t>(compared.size());
  std::stable_sort(compared.begin(), compared.end(),
                   [](const auto& a, const auto& b) { return a.total_variation > b.total_variation; });
  if (compared.size() > kShownChoiceProbes) compared.resize(kShownChoiceProbes);
  for (ComparedProbe& probe : compared) display.choices.push_back(std::move(probe.counts));
}

struct Weighted {
  double value = 0, weight = 0;
};

// Quantiles by the inverse of the weighted empirical distribution function.
std::vector<double> Quantiles(std::vector<Weighted> values) {
  std::sort(values.begin(), values.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  double total = 0;
  for (const Weighted& item : values) total += item.weight;
  std::vector<double> quantiles;
  std::size_t i = 0;
  double below = values.front().weight;
  for (std::size_t q = 0; q <= kShownQuantiles; ++q) {
    const double level = total * static_cast<double>(q) / static_cast<double>(kShownQuantiles);
    while (i + 1 < values.size() && below < level * (1 - 1e-12)) below += values[++i].weight;
    quantiles.push_back(values[i].value);
  }
  quantiles.back() = values.back().value;
  return quantiles;
}

// Values of one side's answers to a probe, each weighing 1 / n.
void AddValues(const std::vector<double>& values, std::vector<Weighted>& all) {
  for (const double value : values) all.push_back({value, 1 / static_cast<double>(values.size())});
}

// `values(probe)` lists the finite values of one side's answers to a probe.
template <class Values>
QuantityCurves Curves(const SampleSet& reference, const SampleSet& observed, Values values) {
  std::vector<Weighted> mine, theirs;
  QuantityCurves curves;
  ForSharedProbes(reference, observed, [&](const auto&, const auto& probe, const auto& other) {
    const std::vector<double> x = values(probe), y = values(other);
    if (x.empty() || y.empty()) return;
    AddValues(x, mine);
    AddValues(y, theirs);
    ++curves.probes;
  });
  if (mine.empty()) return curves;
  curves.n_reference = static_cast<std::int64_t>(mine.size());
  curves.n_observed = static_cast<std::int64_t>(theirs.size());
  curves.reference = Quantiles(std::move(mine));
  curves.observed = Quantiles(std::move(theirs));
  return curves;
}

std::vector<double> Lengths(const std::vector<OutputLength>& lengths) {
  std::vector<double> values;
  for (const OutputLength& length : lengths) {
    if (std::isfinite(length.length)) values.push_back(length.length);
  }
  return values;
}

std::vector<double> Times(const ProbeSample& probe, internal::LatencyFeature feature) {
  std::vector<double> values;
  for (const Latency& latency : probe.latencies) {
    const auto value = internal::ValuesOf(latency)[feature];
    if (value && std::isfinite(*value)) values.push_back(std::exp(*value));
  }
  return values;
}

// Means of a block of items (rows) in one column, over the known entries; false where one side has none.
bool MeansOfColumn(const Eigen::MatrixXd& values, const Eigen::MatrixXd* known, Eigen::Index column,
                   const stats::Stratum& stratum, PairedPoint& point) {
  double sums[2] = {0, 0}, counts[2] = {0, 0};
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    const double weight = known == nullptr ? 1 : (*known)(row, column);
    const int side = row < static_cast<Eigen::Index>(stratum.n_reference) ? 0 : 1;
    sums[side] += weight * values(row, column);
    counts[side] += weight;
  }
  if (!(counts[0] > 0) || !(counts[1] > 0)) return false;
  point.reference = sums[0] / counts[0];
  point.observed = sums[1] / counts[1];
  return std::isfinite(point.reference) && std::isfinite(point.observed);
}

void ShowLogprobs(const SampleSet& reference, const SampleSet& observed, ReportDisplay& display) {
  std::vector<PairedPoint>& points = display.logprobs;
  for (const internal::LogprobCell& cell : internal::BuildLogprobCells(reference, observed)) {
    for (Eigen::Index c = 0; c < cell.listed.cols(); ++c) {
      PairedPoint point{cell.probe, cell.tokens[static_cast<std::size_t>(c)]};
      if (MeansOfColumn(cell.listed, nullptr, c, cell.stratum, point)) points.push_back(std::move(point));
    }
    const std::vector<std::string>& names = cell.path.empty() ? cell.sampled_tokens : cell.path;
    const std::size_t skipped = cell.path.empty() ? 0 : cell.first_position;
    for (Eigen::Index c = 0; c < cell.partial.cols(); ++c) {
      const std::size_t name = static_cast<std::size_t>(c) + skipped;
      PairedPoint point{cell.probe, name < names.size() ? names[name] : std::string()};
      if (MeansOfColumn(cell.partial, &cell.known, c, cell.stratum, point))
        points.push_back(std::move(point));
    }
  }
  display.n_logprobs = static_cast<std::int64_t>(points.size());
  std::stable_sort(points.begin(), points.end(), [](const PairedPoint& a, const PairedPoint& b) {
    return a.reference + a.observed > b.reference + b.observed;
  });
  if (points.size() > kShownPoints) points.resize(kShownPoints);
}

std::int64_t MostFrequent(const std::map<std::int64_t, std::int64_t>& counts) {
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

void ShowInputTokens(const SampleSet& reference, const SampleSet& observed, ReportDisplay& display) {
  ForSharedProbes(reference, observed, [&](const auto& id, const auto& mine, const auto& theirs) {
    if (mine.input_tokens.empty() || theirs.input_tokens.empty()) return;
    if (display.input_tokens.size() >= kShownPoints) return;
    display.input_tokens.push_back({id, "", static_cast<double>(MostFrequent(mine.input_tokens)),
                                    static_cast<double>(MostFrequent(theirs.input_tokens))});
  });
}

// Longer than any plot shows, so that long answers and names do not fill a report. Not within a character.
void Shorten(std::string& text) {
  constexpr std::size_t kMostBytes = 400;
  if (text.size() <= kMostBytes) return;
  std::size_t end = kMostBytes;
  while (end + 3 > kMostBytes && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
}

void ShortenNames(ReportDisplay& display) {
  for (ChoiceCounts& counts : display.choices) {
    Shorten(counts.probe);
    for (AnswerCount& count : counts.shown) Shorten(count.answer);
  }
  for (std::vector<PairedPoint>* points : {&display.logprobs, &display.input_tokens}) {
    for (PairedPoint& point : *points) {
      Shorten(point.probe);
      Shorten(point.label);
    }
  }
}

}  // namespace

ReportDisplay DisplaySamples(const SampleSet& reference, const SampleSet& observed) {
  ReportDisplay display;
  ShowChoices(reference, observed, display);
  ShowLogprobs(reference, observed, display);
  ShowInputTokens(reference, observed, display);
  ShortenNames(display);
  display.length =
      Curves(reference, observed, [](const ProbeSample& probe) { return Lengths(probe.lengths); });
  display.reasoning =
      Curves(reference, observed, [](const ProbeSample& probe) { return Lengths(probe.reasoning); });
  display.first_token = Curves(reference, observed,
                               [](const ProbeSample& probe) { return Times(probe, internal::kFirstToken); });
  display.total_per_token = Curves(
      reference, observed, [](const ProbeSample& probe) { return Times(probe, internal::kTotalPerToken); });
  return display;
}

}  // namespace pinchbeck
