// Collecting: sends the probes of a battery to an endpoint and records every answer.
#ifndef PINCHBECK_CLIENT_CLIENT_H_
#define PINCHBECK_CLIENT_CLIENT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/clock.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/rate_limit.h"
#include "pinchbeck/client/retry.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording.h"

namespace pinchbeck {

// Receives observations the moment they are finished.
class RecordingSink {
 public:
  virtual ~RecordingSink() = default;
  [[nodiscard]] virtual absl::Status Append(const Observation& observation) = 0;
};

// A sink that appends to a recording file. The writer must outlive it.
class RecordingFileSink final : public RecordingSink {
 public:
  explicit RecordingFileSink(RecordingWriter& writer) : writer_(writer) {}
  [[nodiscard]] absl::Status Append(const Observation& observation) override {
    return writer_.Append(observation);
  }

 private:
  RecordingWriter& writer_;
};

// Set to anything but 0 (from another thread or a signal handler) to end a collection early.
using StopFlag = std::atomic<int>;

// The (probe, sample) pairs that a recording already holds.
class CompletedSamples {
 public:
  void Add(std::string probe, std::int64_t sample) { pairs_.emplace(std::move(probe), sample); }
  [[nodiscard]] bool Contains(const std::string& probe, std::int64_t sample) const {
    return pairs_.count({probe, sample}) > 0;
  }
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }

  // A good answer to a request that did without parameters that would be sent now. It counts once the
  // endpoint has refused the same parameters again.
  void AddReduced(const std::string& probe, std::int64_t sample, RequestRecord request);
  [[nodiscard]] bool ContainsReduced(const std::string& probe, std::int64_t sample,
                                     const RequestRecord& request) const;

  // Good answers of the recording that came from another base URL, or belong to other prompts, parameters or
  // models and so do not count.
  std::int64_t from_other_endpoint = 0;
  std::int64_t not_matching = 0;

 private:
  using Pair = std::pair<std::string, std::int64_t>;
  std::set<Pair> pairs_;
  std::map<Pair, std::vector<RequestRecord>> reduced_;
};

// Reads what an interrupted collection has already recorded. A pair counts when the answer is no error and
// has the prompt, the sampling parameters, the API and the model name that this endpoint, battery and dialect
// would send now. Answers whose requests lack some of the parameters are kept apart (AddReduced).
// Errors: as RecordingReader::Next().
[[nodiscard]] absl::StatusOr<CompletedSamples> LoadCompletedSamples(RecordingReader& reader,
                                                                    const Endpoint& endpoint,
                                                                    const Battery& battery,
                                                                    const Dialect& dialect);

// Limits on what one collection may use; absent means no limit. A request is sent only if the limits hold
// even when its answer uses all the tokens it may.
struct CollectBudget {
  // Requests sent, retries included.
  std::optional<std::int64_t> max_requests;
  // Input and output tokens together.
  std::optional<std::int64_t> max_tokens;
  // Needs both prices.
  std::optional<double> max_cost_usd;
  // US dollars per million tokens.
  std::optional<double> usd_per_mtok_in;
  std::optional<double> usd_per_mtok_out;
  // After it no request starts. Those in flight may finish, each within its own time limit: dropping the slow
  // ones would make the recorded answers look faster and shorter than they are.
  std::optional<absl::Duration> max_time;
};

// When to stop although requests are left, because the endpoint gives nothing.
struct GiveUpRule {
  // Before the first good answer: requests in a row that failed for one reason that will not pass by itself
  // (refused key, unknown address, no connection, no credit), and failures of any kind.
  int same_fatal_failures = 3;
  int failures_before_success = 10;
  // After it: failures in a row.
  int failures_in_a_row = 25;
};

// Requests that one collection may have in flight, each on a connection of its own.
inline constexpr int kMaxConcurrency = 1024;

struct CollectOptions {
  std::int64_t samples_per_probe = 10;
  // Requests in flight at the same time, 1 to kMaxConcurrency.
  int concurrency = 4;
  // Decides the order of the requests and the jitter of retries.
  std::uint64_t seed = 1;
  // Sends a `seed` of its own with each request.
  bool send_request_seed = false;
  // Label that tells the observations of one collection from those of another.
  std::string session;
  CollectBudget budget;
  RateLimits rate_limits;
  // Spreads the requests over this time, one in each of equal parts of it, at a random moment that the seed
  // decides; zero: as fast as concurrency and limits allow.
  absl::Duration spread;
  RetryPolicy retry;
  TransferTimeouts timeouts;
  GiveUpRule give_up;
  // How long requests in flight may go on after the stop flag was set.
  absl::Duration stop_grace = absl::Seconds(2);
  CompletedSamples completed;
};

// kPartner: the other endpoint of a paired collection stopped answering (see pair.h).
enum class StopReason { kCompleted, kBudget, kInterrupted, kGaveUp, kPartner };

// "completed", "budget", "interrupted", "gave_up" or "partner".
[[nodiscard]] std::string_view StopReasonName(StopReason reason);

// Failures that look alike, with the message of the first one.
struct FailureCount {
  ErrorRecord example;
  std::int64_t count = 0;
};

// Something that was asked for and not given.
struct CollectFinding {
  // "logprobs_absent", "logprobs_fewer", "stream_absent", "usage_absent", "token_limit_passed": counted over
  // good answers. "PARAMETER_refused": requests go without it since; "PARAMETER_refused_at_times": the
  // endpoint takes it in some requests only. PARAMETER is logprobs, temperature, top_p, top_k, min_p, seed,
  // stream, stream_usage or token_limit.
  std::string name;
  std::int64_t count = 0;
  // Answers that could have had it.
  std::optional<std::int64_t> of;
  // In words; text of the server in quotation marks.
  std::string detail;
};

struct CollectSummary {
  // Probes times samples, those that are skipped included.
  std::int64_t planned = 0;
  std::int64_t skipped_by_resume = 0;
  // Requests sent, retries included.
  std::int64_t requests = 0;
  // Observations recorded: ok + failed.
  std::int64_t done = 0;
  std::int64_t ok = 0;
  std::int64_t failed = 0;
  std::int64_t retried = 0;
  // As reported by the server; answers that reported no usage are counted apart.
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t without_usage = 0;
  // Answers that were valid JSON only after repair.
  std::int64_t repaired = 0;
  // Absent without prices. Estimated where the server reported no usage.
  std::optional<double> cost_usd;
  std::vector<FailureCount> failures;
  std::vector<CollectFinding> findings;
  StopReason stop_reason = StopReason::kCompleted;
  // Why the collection ended early, and what to do; empty when it did not.
  std::string message;
};

struct CollectProgress {
  const CollectSummary& summary;
  int in_flight = 0;
  // Requests that wait for a retry.
  int waiting = 0;
};

class ProgressObserver {
 public:
  virtual ~ProgressObserver() = default;
  // Called after each change of the numbers.
  virtual void OnProgress(const CollectProgress& progress) = 0;
};

// What a collection works with. All must outlive the call.
struct CollectServices {
  const Dialect& dialect;
  Transport& transport;
  Clock& clock;
  RecordingSink& sink;
  ProgressObserver* progress = nullptr;
  const StopFlag* stop = nullptr;
};

// The size of a collection before anything is sent.
struct CollectPlan {
  std::int64_t probes = 0;
  // Requests to send; those that a recording already holds are left out.
  std::int64_t requests = 0;
  std::int64_t skipped = 0;
  // Estimated from the length of the prompts.
  std::int64_t input_tokens = 0;
  std::int64_t max_output_tokens = 0;
  // Absent without prices.
  std::optional<double> max_cost_usd;
};
[[nodiscard]] CollectPlan PlanCollection(const Battery& battery, const CollectOptions& options);

// InvalidArgument: the base URL is not an http(s) URL, the model is empty, or the key cannot be a header
// value (the message does not show it). PermissionDenied: a key (or a user name in the URL) would travel over
// plain http to another machine and `allow_insecure_http` is not set.
[[nodiscard]] absl::Status ValidateEndpoint(const Endpoint& endpoint, bool allow_insecure_http);

// The base URL as it is recorded: without user name, password, query, trailing slash and operation path.
// InvalidArgument: not an http(s) URL with a host.
[[nodiscard]] absl::StatusOr<std::string> PublicBaseUrl(std::string_view base_url);

// Sends every probe `samples_per_probe` times, in an order shuffled by the seed, and appends an observation
// for every request that has finished, good or failed, at once. A retry is another attempt at the same
// observation: only the last attempt is recorded, and waiting never enters the timing. The key is taken out
// of everything that is recorded.
//
// When the endpoint refuses a parameter (status 400 or 422 with an error that names it) before any answer to
// a request with it was good, this request and all later ones do without it, and a finding says so. A
// parameter that was taken before and is refused later stays in the requests: the refusals are failures.
//
// Returns a summary also when the collection ended early (budget, stop flag, giving up): see `stop_reason`.
// InvalidArgument: options out of range or an unusable endpoint; a dialect whose request goes to another
// origin than the endpoint's base URL, to which nothing is sent. PermissionDenied: see ValidateEndpoint. The
// sink's error: recording failed; requests in flight are dropped.
[[nodiscard]] absl::StatusOr<CollectSummary> Collect(const Endpoint& endpoint, const Battery& battery,
                                                     const CollectOptions& options,
                                                     const CollectServices& services);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_CLIENT_H_
