// One e-process of a monitor with what reads it: the mixture over start times and the e-detector.
#ifndef PINCHBECK_SRC_AUDIT_MONITOR_STREAM_H_
#define PINCHBECK_SRC_AUDIT_MONITOR_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/stats/change_detection.h"
#include "pinchbeck/stats/conformal_e_process.h"
#include "pinchbeck/stats/likelihood_ratio_e_process.h"
#include "pinchbeck/stats/restart_e_process.h"
#include "src/audit/monitor_design.h"

namespace pinchbeck::internal {

// What one response says to the streams.
struct MonitorFeatures {
  std::int64_t position = 0;
  const std::string* probe = nullptr;
  // Identifies the session; the same for all responses where none is known.
  std::uint64_t session = 0;
  std::optional<std::string> time;
  std::optional<std::uint32_t> answer;
  std::optional<double> length;
  // A sample that holds the log-probabilities of this response only, or null.
  const ProbeSample* logprobs = nullptr;
};

enum class MonitorUse : std::uint8_t { kNothing, kRepeat, kUsed };

// Where a change may have begun.
struct MonitorStart {
  std::int64_t position = 0;
  std::optional<std::string> time;
  friend bool operator==(const MonitorStart&, const MonitorStart&) = default;
};

// Everything of a stream that changes. Plain data.
struct MonitorStreamState {
  stats::ConformalState conformal;
  stats::LikelihoodRatioState ratio;
  stats::RestartState restart;
  stats::ChangeDetectorState detector;
  // Per cell: the answer categories that the endpoint added, and the latest sessions, oldest first.
  std::vector<std::vector<std::uint32_t>> founded;
  std::vector<std::vector<std::uint64_t>> sessions;
  // By number of the stream's observation.
  std::map<std::int64_t, MonitorStart> starts;
};

struct MonitorStreamOptions {
  // The stream's share of the monitor's alpha, and alpha itself.
  double share = 1;
  double alpha = 0.01;
  std::uint64_t seed = 1;
};

class MonitorStream {
 public:
  // Sessions remembered for each probe, for recordings in which sessions overlap.
  static constexpr std::size_t kSessions = 8;
  // Part of a tolerated stream's share of alpha that pays for the bounds on the reference.
  static constexpr double kReferencePart = 0.2;

  [[nodiscard]] static absl::StatusOr<MonitorStream> Create(MonitorStreamDesign design,
                                                            const MonitorStreamOptions& options);

  [[nodiscard]] absl::StatusOr<MonitorUse> Step(const MonitorFeatures& features);

  // log(share * wealth): an alarm at log(1/alpha) costs no more than the stream's share of alpha.
  [[nodiscard]] double LogEValue() const { return log_weight_ + restart_.log_wealth(); }
  // log(share * Shiryaev-Roberts sum); minus infinity before the first observation.
  [[nodiscard]] double LogDetector() const { return log_weight_ + detector_.log_statistic(); }
  // The observation with which the change most likely began; nothing before the first one.
  [[nodiscard]] std::optional<MonitorStart> EstimatedChange() const;

  [[nodiscard]] const MonitorStreamDesign& design() const { return design_; }
  [[nodiscard]] MonitorStreamState state() const;
  // InvalidArgument: a state that this stream cannot have reached after `position` observations; the stream
  // is unchanged then.
  [[nodiscard]] absl::Status Restore(const MonitorStreamState& state, std::int64_t position);

 private:
  using Process = std::variant<stats::ConformalEProcess, stats::LikelihoodRatioEProcess>;
  struct Cell {
    // Category of the process by answer category.
    std::unordered_map<std::uint32_t, std::size_t> index;
    std::vector<std::uint32_t> founded;
    std::vector<std::uint64_t> sessions;
  };

  MonitorStream(MonitorStreamDesign design, Process process, stats::RestartEProcess restart,
                stats::ChangeDetector detector, double log_weight);

  [[nodiscard]] bool conformal() const { return process_.index() == 0; }
  [[nodiscard]] std::optional<double> Score(const MonitorCell& cell, const MonitorFeatures& features) const;
  [[nodiscard]] absl::Status Bet(std::size_t cell, const MonitorFeatures& features, double score);
  [[nodiscard]] absl::Status UpdateChoice(std::size_t cell, std::uint32_t answer);
  void RememberStart(const MonitorFeatures& features);
  void ForgetStarts();
  [[nodiscard]] absl::Status CheckCells(const MonitorStreamState& state) const;
  [[nodiscard]] absl::Status CheckStarts(const MonitorStreamState& state, std::int64_t position) const;

  MonitorStreamDesign design_;
  std::unordered_map<std::string, std::size_t> cell_of_;
  std::vector<Cell> cells_;
  Process process_;
  stats::RestartEProcess restart_;
  stats::ChangeDetector detector_;
  double log_weight_;
  std::map<std::int64_t, MonitorStart> starts_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_MONITOR_STREAM_H_
