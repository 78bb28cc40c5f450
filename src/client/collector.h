// The loop behind Collect().
#ifndef PINCHBECK_SRC_CLIENT_COLLECTOR_H_
#define PINCHBECK_SRC_CLIENT_COLLECTOR_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/adaptation.h"
#include "pinchbeck/client/client.h"
#include "src/client/adapted_dialect.h"
#include "src/client/attempt.h"
#include "src/client/budget.h"
#include "src/client/findings.h"
#include "src/client/generator.h"
#include "src/client/pacer.h"
#include "src/client/refusal.h"

namespace pinchbeck::internal {

// What a probe's request looks like in an observation, without the per-request seed.
[[nodiscard]] RequestRecord MakeRequestRecord(const Endpoint& endpoint, const Probe& probe,
                                              const Dialect& dialect, const Adaptation& adaptation = {});

// One observation to make.
struct Task {
  std::size_t probe = 0;
  std::int64_t sample = 0;
};

// All pairs of probe and sample that are not completed yet, shuffled by the seed.
[[nodiscard]] std::vector<Task> MakeSchedule(const Battery& battery, const CollectOptions& options);

class Collector {
 public:
  Collector(const Endpoint& endpoint, std::string public_url, const Battery& battery,
            const CollectOptions& options, const CollectServices& services);
  [[nodiscard]] absl::StatusOr<CollectSummary> Run();

 private:
  struct Pending {
    Task task;
    int retries = 0;
    // The first attempt, taken from the schedule.
    bool fresh = false;
    // A retry that has not been sent yet, and so is not in the summary.
    bool uncounted_retry = false;
    // When a retry may start; the monotonic clock.
    absl::Duration due;
    // The failed attempt that a retry would replace.
    std::optional<AttemptResult> failed;
  };
  struct Flight {
    Pending pending;
    TokenUse most;
    TokenUse likely;
    SentParameters sent;
    // Number of adaptations when it was sent.
    int adaptations = 0;
    std::unique_ptr<Attempt> attempt;
  };

  [[nodiscard]] absl::Status StartWhatFits();
  [[nodiscard]] std::optional<Pending> TakeNext();
  void PutBack(Pending pending);
  [[nodiscard]] absl::Status StartOne(Pending pending, const TokenUse& most);
  [[nodiscard]] TokenUse MostTokens(const Task& task) const;
  [[nodiscard]] TokenUse LikelyTokens(const Task& task) const;
  [[nodiscard]] Observation NewObservation(const Task& task, std::optional<std::int64_t> seed) const;
  [[nodiscard]] std::optional<std::int64_t> RequestSeed(const Task& task) const;

  [[nodiscard]] absl::Status HandleResult(const TransferResult& transfer);
  void SettleTokens(const Flight& flight, const AttemptResult& result);
  // Whether the request was refused for a parameter, is changed, and goes out again.
  [[nodiscard]] bool AdaptAndResend(Flight& flight, const AttemptResult& result);
  void NoteTaken(const Flight& flight, const AttemptResult& result);
  // The largest number of alternatives per token that a request with a good answer asked for.
  [[nodiscard]] std::optional<std::int64_t> MostAlternativesTaken() const;
  // Whether good answers came to requests with this parameter, or with more alternatives than these.
  [[nodiscard]] bool WasTaken(RequestParameter parameter, const SentParameters& sent) const;
  // As AdaptTo(), but never below the alternatives that were taken.
  [[nodiscard]] bool AdaptUnlessTaken(RequestParameter parameter, const Refusal& refusal,
                                      const SentParameters& sent);
  void MakeRequestRecords();
  void DropCompletedTasks();
  [[nodiscard]] bool IsCompletedNow(const Task& task) const;
  [[nodiscard]] bool ScheduleRetry(Flight& flight, AttemptResult& result);
  [[nodiscard]] absl::Status Record(const AttemptResult& result);
  void CountFailure(const AttemptResult& result);
  void CheckGiveUp(const AttemptResult& result);

  void CheckStopFlag();
  void CheckTime();
  void End(StopReason reason, std::string message);
  [[nodiscard]] absl::Status RecordAbandonedRetries();
  void CancelFlights();
  [[nodiscard]] absl::Duration NextWait() const;
  void ReportProgress();

  const Endpoint& endpoint_;
  std::string public_url_;
  const Battery& battery_;
  const CollectOptions& options_;
  const CollectServices& services_;
  std::string origin_;

  Adaptation adaptation_;
  int adaptations_ = 0;
  AdaptedDialect dialect_;
  // Parameters, with their values, that requests with good answers carried.
  std::set<std::pair<RequestParameter, double>> taken_;
  FindingsLog findings_;

  std::vector<RequestRecord> request_records_;
  std::vector<std::int64_t> seen_input_tokens_;  // per probe, 0 when unknown
  std::vector<Task> schedule_;
  std::size_t next_task_ = 0;
  std::deque<Pending> retries_;
  std::map<std::int64_t, Flight> flights_;
  Ledger ledger_;
  absl::Duration start_;
  Pacer pacer_;
  // When the request that waits for a limit may leave.
  absl::Duration next_start_ = absl::InfiniteDuration();
  // When requests that may start were last looked for. What was due then waits for a limit.
  absl::Duration looked_at_;
  Generator jitter_;
  CollectSummary summary_;

  // No new request before this time, because the server asked for a pause.
  absl::Duration paused_until_;
  bool ending_ = false;
  absl::Duration cancel_at_ = absl::InfiniteDuration();
  std::int64_t failures_in_a_row_ = 0;
  std::int64_t same_fatal_in_a_row_ = 0;
  std::string fatal_class_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_COLLECTOR_H_
