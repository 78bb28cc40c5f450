#include "src/signal/model_index.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace pinchbeck::internal {
namespace {

// Lengths are binned by their logarithm: eight bins each time the length doubles.
constexpr double kBinsPerDoubling = 8;

AnswerCounts BinLengths(const std::vector<OutputLength>& lengths) {
  AnswerCounts counts;
  for (const OutputLength& length : lengths) {
    const double bin = std::floor(kBinsPerDoubling * std::log2(1 + std::max(0.0, length.length)));
    ++counts[length.capped ? "capped" : std::to_string(static_cast<std::int64_t>(bin))];
  }
  return counts;
}

template <class T>
bool FieldsAgree(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || !b || *a == *b;
}

// log of the mean of exp(values).
double LogMeanExp(const std::vector<double>& values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum / static_cast<double>(values.size()));
}

}  // namespace

bool ConditionsAgree(const ProbeConditions& a, const ProbeConditions& b) {
  return FieldsAgree(a.prompt_sha256, b.prompt_sha256) && FieldsAgree(a.temperature, b.temperature) &&
         FieldsAgree(a.top_p, b.top_p) && FieldsAgree(a.top_k, b.top_k) && FieldsAgree(a.min_p, b.min_p) &&
         FieldsAgree(a.max_tokens, b.max_tokens);
}

ModelIndex::ModelIndex(const std::vector<const SampleSet*>& models) : models_(models.size()) {
  std::map<std::string, std::vector<std::uint32_t>> probes;
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (const auto& entry : models[i]->probes) probes[entry.first].push_back(static_cast<std::uint32_t>(i));
  }
  for (const auto& [probe, with_probe] : probes) AddCells(probe, models, with_probe);
}

void ModelIndex::AddConditions(const std::string& probe, const std::vector<const SampleSet*>& models,
                               const std::vector<std::uint32_t>& rows, Cell& cell) {
  for (const std::uint32_t model : rows) {
    const ProbeConditions& conditions = models[model]->probes.at(probe).conditions;
    const auto found = std::find(cell.conditions.begin(), cell.conditions.end(), conditions);
    cell.row_conditions.push_back(static_cast<std::uint32_t>(found - cell.conditions.begin()));
    if (found == cell.conditions.end()) cell.conditions.push_back(conditions);
  }
}

void ModelIndex::AddCells(const std::string& probe, const std::vector<const SampleSet*>& models,
                          const std::vector<std::uint32_t>& with_probe) {
  std::vector<std::uint32_t> choice_rows, length_rows, logprob_rows;
  std::vector<const AnswerCounts*> choices;
  std::vector<AnswerCounts> lengths;
  std::vector<const ProbeSample*> logprobs;
  for (const std::uint32_t model : with_probe) {
    const ProbeSample& sample = models[model]->probes.at(probe);
    if (sample.choice_count() > 0) {
      choice_rows.push_back(model);
      choices.push_back(&sample.choices);
    }
    if (!sample.lengths.empty()) {
      length_rows.push_back(model);
      lengths.push_back(BinLengths(sample.lengths));
    }
    if (!sample.logprobs.empty()) {
      logprob_rows.push_back(model);
      logprobs.push_back(&sample);
    }
  }
  std::vector<Cell>& cells = cells_[probe];
  const auto add = [&](Cell::Kind kind, const std::vector<std::uint32_t>& rows,
                       std::variant<CountIndex, LogprobIndex> index) {
    cells.push_back({kind, std::move(index), {}, {}});
    AddConditions(probe, models, rows, cells.back());
  };
  if (!choices.empty()) add(Cell::Kind::kChoice, choice_rows, CountIndex(choice_rows, choices, true));
  if (!lengths.empty()) {
    std::vector<const AnswerCounts*> bins;
    bins.reserve(lengths.size());
    for (const AnswerCounts& counts : lengths) bins.push_back(&counts);
    add(Cell::Kind::kLength, length_rows, CountIndex(length_rows, bins, false));
  }
  if (!logprobs.empty()) add(Cell::Kind::kLogprob, logprob_rows, LogprobIndex(logprob_rows, logprobs));
}

void ModelIndex::AddScore(const Cell& cell, const ProbeSample& observed, bool any_conditions,
                          ModelScores& scores, double& without_answers) const {
  std::vector<bool> usable(cell.conditions.size());
  for (std::size_t c = 0; c < usable.size(); ++c) {
    usable[c] = any_conditions || ConditionsAgree(cell.conditions[c], observed.conditions);
  }
  const std::vector<std::uint32_t>& rows = std::visit(
      [](const auto& index) -> const auto& { return index.models(); }, cell.index);
  if (std::find(usable.begin(), usable.end(), true) == usable.end()) {
    for (const std::uint32_t model : rows) ++scores.conflicting[model];
    return;
  }
  Eigen::ArrayXd values;
  std::optional<double> uniform;
  if (cell.kind == Cell::Kind::kLogprob) {
    values = std::get<LogprobIndex>(cell.index).Score(observed);
  } else {
    const auto& index = std::get<CountIndex>(cell.index);
    const bool choice = cell.kind == Cell::Kind::kChoice;
    const AnswerCounts bins = choice ? AnswerCounts() : BinLengths(observed.lengths);
    const AnswerCounts& counts = choice ? observed.choices : bins;
    values = index.Score(counts);
    uniform = index.ScoreUniform(counts);
  }
  std::vector<double> known;
  std::vector<bool> has(models_, false);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!usable[cell.row_conditions[row]]) {
      ++scores.conflicting[rows[row]];
      continue;
    }
    const double value = values(static_cast<Eigen::Index>(row));
    has[rows[row]] = true;
    ++scores.cells[rows[row]];
    scores.log_marginal(rows[row]) += value;
    known.push_back(value);
  }
  ++scores.scored_cells;
  const bool all_have_it = known.size() == models_;
  if (uniform) known.push_back(*uniform);
  const double expected = LogMeanExp(known);
  if (!all_have_it) {
    for (std::size_t model = 0; model < models_; ++model) {
      if (!has[model]) scores.log_marginal(static_cast<Eigen::Index>(model)) += expected;
    }
  }
  without_answers += uniform ? 0 : expected;
  if (uniform) scores.noise = scores.noise.value_or(0) + *uniform;
}

ModelScores ModelIndex::Score(const SampleSet& observed, bool any_conditions) const {
  ModelScores scores{Eigen::ArrayXd::Zero(static_cast<Eigen::Index>(models_)),
                     std::vector<std::int64_t>(models_, 0), std::vector<std::int64_t>(models_, 0),
                     std::nullopt, 0};
  // What noise gets for cells of log-probabilities: it has none of its own.
  double without_answers = 0;
  for (const auto& [probe, sample] : observed.probes) {
    const auto found = cells_.find(probe);
    if (found == cells_.end()) continue;
    for (const Cell& cell : found->second) {
      const bool present = cell.kind == Cell::Kind::kChoice   ? !sample.choices.empty()
                           : cell.kind == Cell::Kind::kLength ? !sample.lengths.empty()
                                                              : !sample.logprobs.empty();
      if (present) AddScore(cell, sample, any_conditions, scores, without_answers);
    }
  }
  if (scores.noise) *scores.noise += without_answers;
  return scores;
}

}  // namespace pinchbeck::internal
