// From a fingerprint to the cells that a monitor bets on.
#ifndef PINCHBECK_SRC_AUDIT_MONITOR_DESIGN_H_
#define PINCHBECK_SRC_AUDIT_MONITOR_DESIGN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/stats/conformal_cell.h"
#include "pinchbeck/stats/likelihood_ratio_tables.h"

namespace pinchbeck::internal {

enum class MonitorSignal : std::uint8_t { kChoice, kTokenLength, kLogprob };

// Category of an answer. Every answer, of whatever origin, is hashed to one of 65,536 categories, so that
// memory is bounded and categories do not depend on the reference; two answers in one category are taken as
// equal.
inline constexpr std::uint32_t kAnswerCategories = 1u << 16;
[[nodiscard]] std::uint32_t AnswerCategory(std::string_view answer);

// The score of one vector of first-token log-probabilities: that of `token`, or the smallest listed value
// where it is missing, in steps of kLogprobStep nats.
inline constexpr double kLogprobStep = 0.05;
[[nodiscard]] double LogprobScore(const ProbeSample& sample, const FirstTokenLogprobs& vector,
                                  const std::string& token);

struct MonitorCell {
  std::string probe;
  // Repeats within a session count as one observation.
  bool once_per_session = false;
  // Choice: the answer category (AnswerCategory) of each category of the cell.
  std::vector<std::uint32_t> answers;
  // Log-probabilities: the token that is scored.
  std::string token;
  // Tolerated scores: upper edges of all bins but the last.
  std::vector<double> edges;
  // One of these is in use, as the stream says.
  stats::ConformalCell conformal;
  stats::LikelihoodRatioCell ratio;
};

// Cells that share one e-process.
struct MonitorStreamDesign {
  MonitorSignal signal = MonitorSignal::kChoice;
  // 0: conformal e-process.
  double tolerance = 0;
  // Conformal: part of the reference is held out, to learn what the endpoint says too often.
  bool held_out = false;
  std::vector<MonitorCell> cells;
};

// A stored alternative that can be compared.
struct MonitorAlternative {
  std::string model;
  const SignalPlan* plan = nullptr;
  SampleSet sample;
};

// Stored alternatives other than the claimed model, taken under the same conditions and with a shared probe.
[[nodiscard]] std::vector<MonitorAlternative> UsableMonitorAlternatives(const Fingerprint& fingerprint,
                                                                        const SampleSet& pooled,
                                                                        const MonitorOptions& options,
                                                                        std::vector<std::string>* warnings);

// Whether some probe at temperature 0 got different answers within one session of the reference.
[[nodiscard]] bool GreedyAnswersVary(const Fingerprint& fingerprint);

// The streams that compare with `reference` (the pool or one variant); streams without a cell are left out.
[[nodiscard]] std::vector<MonitorStreamDesign> DesignMonitorStreams(
    const Fingerprint& fingerprint, const SampleSet& reference,
    const std::vector<MonitorAlternative>& alternatives, const MonitorOptions& options,
    std::vector<std::string>* warnings);

// Built-in alternatives at the start of every tolerated cell's list.
inline constexpr std::size_t kBuiltInAlternatives = 3;

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_MONITOR_DESIGN_H_
