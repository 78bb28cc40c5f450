#include "src/audit/stream_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/contingency.h"

namespace pinchbeck::internal {
namespace {

// Counts of the distinct answers of both ways, choice by choice.
struct Tables {
  // Two lists for each choice: whole, streamed.
  std::vector<std::vector<std::int64_t>> counts;
  std::int64_t whole = 0, streamed = 0;

  [[nodiscard]] std::vector<stats::CountSample> Cells() const {
    std::vector<stats::CountSample> cells;
    for (std::size_t i = 0; i + 1 < counts.size(); i += 2) cells.push_back({counts[i], counts[i + 1]});
    return cells;
  }
};

Tables Tabulate(const StreamAnswers& answers) {
  Tables tables;
  for (const auto& [choice, whole] : answers.whole) {
    const auto streamed = answers.streamed.find(choice);
    if (streamed == answers.streamed.end()) continue;
    std::map<std::string_view, std::pair<std::int64_t, std::int64_t>> table;
    for (const std::string& answer : whole) ++table[answer].first;
    for (const std::string& answer : streamed->second) ++table[answer].second;
    std::vector<std::int64_t> first, second;
    for (const auto& entry : table) {
      first.push_back(entry.second.first);
      second.push_back(entry.second.second);
    }
    tables.counts.push_back(std::move(first));
    tables.counts.push_back(std::move(second));
    tables.whole += static_cast<std::int64_t>(whole.size());
    tables.streamed += static_cast<std::int64_t>(streamed->second.size());
  }
  return tables;
}

// The same with some tenths of each choice's streamed answers replaced by one that never came whole: what a
// substitute with answers of its own would have given.
StreamAnswers Replaced(StreamAnswers answers, std::size_t tenths) {
  for (auto& entry : answers.streamed) {
    const std::size_t count = (tenths * entry.second.size() + 9) / 10;
    // Answers are trimmed, so that none of them is a line break.
    std::fill_n(entry.second.begin(), count, std::string("\n"));
  }
  return answers;
}

absl::StatusOr<stats::TwoSampleResult> Compare(const Tables& tables, const ChecksOptions& options) {
  stats::ContingencyOptions test;
  test.method = stats::ContingencyMethod::kPermutation;
  test.permutation.permutations = options.permutations;
  test.permutation.seed = options.seed;
  return stats::LikelihoodRatioTest(tables.Cells(), test);
}

// The least of 10 %, 20 %, ... of the streams that would have been found; nullopt: not even all.
absl::StatusOr<std::optional<std::size_t>> LeastShareFound(const StreamAnswers& answers,
                                                           const ChecksOptions& options) {
  std::optional<std::size_t> found;
  for (std::size_t tenths = 10; tenths >= 1; --tenths) {
    PINCHBECK_ASSIGN_OR_RETURN(const stats::TwoSampleResult test,
                               Compare(Tabulate(Replaced(answers, tenths)), options));
    if (test.p_value > options.alpha) break;
    found = 10 * tenths;
  }
  return found;
}

}  // namespace

absl::StatusOr<Tested> TestStream(const StreamAnswers& answers, const ChecksOptions& options) {
  const Tables tables = Tabulate(answers);
  if (tables.counts.empty())
    return NotMeasured("stream", "no choice was answered both whole and as a stream");
  Tested tested;
  CheckResult& result = tested.result;
  result.check = "stream";
  result.null_hypothesis = "streamed answers are distributed like those that come whole, choice by choice";
  PINCHBECK_ASSIGN_OR_RETURN(const stats::TwoSampleResult test, Compare(tables, options));
  PINCHBECK_ASSIGN_OR_RETURN(const stats::TwoSampleResult worst,
                             Compare(Tabulate(Replaced(answers, 10)), options));
  result.p_value = test.p_value;
  result.method = "likelihood ratio (G), answers relabeled within choices";
  result.effect = test.effect;
  result.effect_unit = "Cramer's V";
  tested.worst_p_value = worst.p_value;
  result.notes.push_back(absl::StrFormat("%d answers came whole, %d as streams, to %d choices", tables.whole,
                                         tables.streamed, tables.counts.size() / 2));
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<std::size_t> least, LeastShareFound(answers, options));
  if (least.has_value()) {
    result.notes.push_back(absl::StrFormat(
        "alone it would have found a substitute for %d %% of the streams that gives one answer "
        "of its own; smaller shares, and substitutes with similar answers, are not ruled out",
        *least));
  }
  if (answers.asked_otherwise > 0) {
    result.notes.push_back(
        absl::StrFormat("%d answers do not count: their requests were sent the other way, because the "
                        "endpoint refused this one",
                        answers.asked_otherwise));
  }
  return tested;
}

}  // namespace pinchbeck::internal
