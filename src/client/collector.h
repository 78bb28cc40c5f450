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
#include "src/client/schedule.h"

namespace pinchbeck::internal {

// What a probe's request looks like in an observation, without the per-request seed.
[[nodiscard]] RequestRecord MakeRequestRecord(const Endpoint& endpoint, const Probe& probe,
                                              const Dialect& dialect, const Adaptation& adaptation = {});

// What the two collectors of a pair have in common; a single one has it to itself.
struct CollectionShare {
  Ledger ledger;
  // Requests in flight, all collectors together.
  std::size_t in_flight = 0;
};

// A collector's part of the share: the number of its account.
struct SharePart {
  CollectionShare& share;
  std::size_t account = 0;
};

class Collector {
 public:
  Collector(const Endpoint& endpoint, std::string public_url, const Battery& battery,
            const CollectOptions& options, const CollectServices& services, SharePart part);
  [[nodiscard]] absl::StatusOr<CollectSummary> Run();

  // The steps of Run(), for a loop that drives two collectors over one transport.
  void CheckEnd();
  // Starts a retry that is due, or with `fresh` the next task, if the limits let it. Whether it did.
  [[nodiscard]] absl::StatusOr<bool> StartNext(bool fresh);
  // Whether tasks or retries are left to send.
  [[nodiscard]] bool HasWork() const;
  [[nodiscard]] bool IsDone() const { return flights_.empty() && !HasWork(); }
  [[nodiscard]] absl::Duration NextWait() const;
  // Results of transfers that are not this collector's are left alone.
  [[nodiscard]] absl::Status HandleResult(const TransferResult& transfer);
  void CancelIfDue();
  void CancelFlights();
  // Call once, after the last step.
  [[nodiscard]] absl::StatusOr<CollectSummary> Finish();

  // Sends nothing more; what is in flight may finish.
  void End(StopReason reason, std::string message);
  [[nodiscard]] bool is_ending() const { return ending_; }
  // The position of the next task that was not tried yet; absent when none is left or the end has come.
  [[nodiscard]] std::optional<std::size_t> NextPosition() const;
  // By position: whether a good answer is recorded, by this run or before.
  [[nodiscard]] const std::vector<bool>& good() const { return good_; }
  [[nodiscard]] const CollectSummary& summary() const { return summary_; }
  // Requests that wait for a retry.
  [[nodiscard]] int waiting() const { return static_cast<int>(retries_.size()); }

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
  [[nodiscard]] std::optional<Pending> TakeNext(bool fresh);
  void PutBack(Pending pending);
  [[nodiscard]] absl::Status StartOne(Pending pending, const TokenUse& most);
  [[nodiscard]] TokenUse MostTokens(const Task& task) const;
  [[nodiscard]] TokenUse LikelyTokens(const Task& task) const;
  [[nodiscard]] Observation NewObservation(const Task& task, std::optional<std::int64_t> seed) const;
  [[nodiscard]] std::optional<std::int64_t> RequestSeed(const Task& task) const;

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
  [[nodiscard]] absl::Status Record(const Task& task, const AttemptResult& result);
  void CountFailure(const AttemptResult& result);
  void CheckGiveUp(const AttemptResult& result);

  void CheckStopFlag();
  void CheckTime();
  [[nodiscard]] absl::Status RecordAbandonedRetries();
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
  std::vector<bool> good_;
  std::deque<Pending> retries_;
  std::map<std::int64_t, Flight> flights_;
  SharePart part_;
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
  bool stop_seen_ = false;
  absl::Duration cancel_at_ = absl::InfiniteDuration();
  std::int64_t failures_in_a_row_ = 0;
  std::int64_t same_fatal_in_a_row_ = 0;
  std::string fatal_class_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_COLLECTOR_H_
