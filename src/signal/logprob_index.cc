#include "src/signal/logprob_index.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace pinchbeck::internal {
namespace {

// Servings of one model differ by about this many nats where engine or precision differ; seen were 0.0005
// (kernels) to 0.55 (two providers, one prompt).
constexpr double kHonestNats = 0.3;

struct TokenMean {
  double sum = 0, squares = 0;
  std::int64_t count = 0;
  [[nodiscard]] double mean() const { return sum / static_cast<double>(count); }
};

struct Summary {
  std::map<std::string, TokenMean> tokens;
  double floor = 0;
};

Summary Summarise(const ProbeSample& sample) {
  Summary summary;
  for (const FirstTokenLogprobs& request : sample.logprobs) {
    for (const auto& [token, value] : request.entries) {
      TokenMean& mean = summary.tokens[sample.tokens[token]];
      mean.sum += value;
      mean.squares += value * value;
      ++mean.count;
      summary.floor = std::min(summary.floor, value);
    }
  }
  return summary;
}

}  // namespace

LogprobIndex::LogprobIndex(std::vector<std::uint32_t> models, const std::vector<const ProbeSample*>& samples)
    : models_(std::move(models)), floors_(static_cast<Eigen::Index>(samples.size())) {
  double squares = 0, freedom = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Summary summary = Summarise(*samples[i]);
    floors_(static_cast<Eigen::Index>(i)) = summary.floor;
    for (const auto& [token, mean] : summary.tokens) {
      const auto id = tokens_.emplace(token, entries_.size()).first->second;
      if (id == entries_.size()) entries_.emplace_back();
      entries_[id].push_back({static_cast<std::uint32_t>(i), mean.mean()});
      squares += std::max(0.0, mean.squares - mean.sum * mean.mean());
      freedom += static_cast<double>(mean.count - 1);
    }
  }
  variance_ = kHonestNats * kHonestNats + (freedom > 0 ? squares / freedom : 0);
}

Eigen::ArrayXd LogprobIndex::Score(const ProbeSample& observed) const {
  const Summary summary = Summarise(observed);
  Eigen::ArrayXd squares = Eigen::ArrayXd::Zero(floors_.size());
  Eigen::ArrayXd tokens = Eigen::ArrayXd::Zero(floors_.size());
  std::set<std::size_t> reported;
  for (const auto& [token, mean] : summary.tokens) {
    // What a model that did not report the token must at least differ by.
    Eigen::ArrayXd difference = (mean.mean() - floors_).max(0);
    tokens += 1;
    if (const auto found = tokens_.find(token); found != tokens_.end()) {
      reported.insert(found->second);
      for (const Entry& entry : entries_[found->second]) {
        difference(static_cast<Eigen::Index>(entry.row)) = mean.mean() - entry.mean;
      }
    }
    squares += difference.square();
  }
  for (std::size_t id = 0; id < entries_.size(); ++id) {
    if (reported.count(id) > 0) continue;
    for (const Entry& entry : entries_[id]) {
      const double difference = std::max(0.0, entry.mean - summary.floor);
      squares(static_cast<Eigen::Index>(entry.row)) += difference * difference;
      tokens(static_cast<Eigen::Index>(entry.row)) += 1;
    }
  }
  return -0.5 * squares / (tokens.max(1) * variance_);
}

}  // namespace pinchbeck::internal
