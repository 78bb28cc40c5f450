// Log marginal likelihoods of a whole sample under many stored models.
#ifndef PINCHBECK_SRC_SIGNAL_MODEL_INDEX_H_
#define PINCHBECK_SRC_SIGNAL_MODEL_INDEX_H_

#include <Eigen/Core>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pinchbeck/signal/sample.h"
#include "src/signal/count_index.h"
#include "src/signal/logprob_index.h"

namespace pinchbeck::internal {

struct ModelScores {
  // By model, comparable with each other: all are about the same observed data.
  Eigen::ArrayXd log_marginal;
  // Cells that each model shares with the observed sample, and those left out because conditions conflict.
  std::vector<std::int64_t> cells, conflicting;
  // The same if all possible answers and binned lengths were equally likely; absent where there are neither.
  std::optional<double> noise;
  // Observed cells that at least one model has.
  std::int64_t scored_cells = 0;
};

// A cell is one kind of data (short answers, output lengths, first-token log-probabilities) of one probe. A
// model's score adds up its cells. For a cell that it lacks it gets the mean likelihood over the models that
// have it (and, but for log-probabilities, the uniform generator): what could be expected knowing only the
// others. So stored models that share different parts of a recording can be ranked together, and a cell that
// a model lacks neither favours it nor rules it out.
class ModelIndex {
 public:
  explicit ModelIndex(const std::vector<const SampleSet*>& models);

  [[nodiscard]] std::size_t models() const { return models_; }
  // Models whose conditions of a probe conflict with the observed ones are taken to lack its cells unless
  // `any_conditions` is set.
  [[nodiscard]] ModelScores Score(const SampleSet& observed, bool any_conditions = false) const;

 private:
  struct Cell {
    enum class Kind : std::uint8_t { kChoice, kLength, kLogprob };
    Kind kind = Kind::kChoice;
    std::variant<CountIndex, LogprobIndex> index;
    // Distinct conditions, and which one each row has.
    std::vector<ProbeConditions> conditions;
    std::vector<std::uint32_t> row_conditions;
  };
  void AddCells(const std::string& probe, const std::vector<const SampleSet*>& models,
                const std::vector<std::uint32_t>& with_probe);
  static void AddConditions(const std::string& probe, const std::vector<const SampleSet*>& models,
                            const std::vector<std::uint32_t>& rows, Cell& cell);
  void AddScore(const Cell& cell, const ProbeSample& observed, bool any_conditions, ModelScores& scores,
                double& without_answers) const;

  std::size_t models_ = 0;
  std::map<std::string, std::vector<Cell>> cells_;
};

// Do the conditions agree wherever both sides recorded them?
[[nodiscard]] bool ConditionsAgree(const ProbeConditions& a, const ProbeConditions& b);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_MODEL_INDEX_H_
