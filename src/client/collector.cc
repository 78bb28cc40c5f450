#include "src/client/collector.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/url.h"

namespace pinchbeck::internal {
namespace {

// How often the stop flag is looked at while nothing arrives.
constexpr absl::Duration kMaxWait = absl::Milliseconds(100);

// Keeps the jitter independent of the order, which uses the plain seed.
constexpr std::uint64_t kJitterStream = 0x6A09E667F3BCC908ULL;

std::string SentenceOf(const AttemptResult& result) {
  const ErrorRecord& error = *result.observation.error;
  std::string text;
  if (error.kind == ErrorKind::kHttp && error.status.has_value())
    text = absl::StrCat("HTTP ", *error.status, ", ");
  text += error.message;
  if (!result.advice.empty()) text += "; " + result.advice;
  return text;
}

PacerOptions PacerOptionsOf(const CollectOptions& options, std::size_t tasks) {
  return {options.rate_limits, options.spread, tasks, options.seed, options.retry.max_server_delay};
}

bool SameKind(const ErrorRecord& a, const ErrorRecord& b) { return a.kind == b.kind && a.status == b.status; }

}  // namespace

RequestRecord MakeRequestRecord(const Endpoint& endpoint, const Probe& probe, const Dialect& dialect,
                                const Adaptation& adaptation) {
  const SamplingParameters sampling =
      AdaptedSampling(SupportedSampling(probe.sampling, dialect.features()), adaptation);
  RequestRecord record;
  record.api = std::string(dialect.name());
  record.model = endpoint.model;
  if (!OmitsTemperature(sampling, adaptation)) record.temperature = sampling.temperature;
  record.top_p = sampling.top_p;
  record.top_k = sampling.top_k;
  record.min_p = sampling.min_p;
  record.max_tokens = sampling.max_tokens;
  record.stream = sampling.stream;
  record.top_logprobs = sampling.top_logprobs;
  record.prompt_sha256 = dialect.PromptSha256(probe);
  return record;
}

Collector::Collector(const Endpoint& endpoint, std::string public_url, const Battery& battery,
                     const CollectOptions& options, const CollectServices& services, SharePart part)
    : endpoint_(endpoint),
      public_url_(std::move(public_url)),
      battery_(battery),
      options_(options),
      services_(services),
      dialect_(services.dialect, adaptation_),
      seen_input_tokens_(battery.probes.size(), 0),
      schedule_(MakeSchedule(battery, options)),
      good_(battery.probes.size() * static_cast<std::size_t>(options.samples_per_probe), true),
      part_(part),
      start_(services.clock.Monotonic()),
      pacer_(PacerOptionsOf(options, schedule_.size()), start_),
      jitter_(options.seed ^ kJitterStream) {
  if (const absl::StatusOr<Url> url = ParseUrl(endpoint_.base_url); url.ok()) origin_ = url->Origin();
  MakeRequestRecords();
  for (const Task& task : schedule_) good_[task.position] = false;
  summary_.planned = static_cast<std::int64_t>(battery_.probes.size()) * options_.samples_per_probe;
  summary_.skipped_by_resume = summary_.planned - static_cast<std::int64_t>(schedule_.size());
}

absl::StatusOr<CollectSummary> Collector::Run() {
  absl::Status status;
  while (status.ok()) {
    CheckEnd();
    status = StartWhatFits();
    if (!status.ok() || IsDone()) break;
    for (const TransferResult& result : services_.transport.Poll(NextWait())) {
      status = HandleResult(result);
      if (!status.ok()) break;
    }
    CancelIfDue();
  }
  CancelFlights();
  PINCHBECK_RETURN_IF_ERROR(status);
  return Finish();
}

absl::StatusOr<CollectSummary> Collector::Finish() {
  PINCHBECK_RETURN_IF_ERROR(RecordAbandonedRetries());
  summary_.cost_usd = part_.share.ledger.spent_usd(part_.account);
  summary_.findings = findings_.Findings();
  return std::move(summary_);
}

bool Collector::HasWork() const { return !ending_ && (next_task_ < schedule_.size() || !retries_.empty()); }

std::optional<std::size_t> Collector::NextPosition() const {
  if (ending_ || next_task_ == schedule_.size()) return std::nullopt;
  return schedule_[next_task_].position;
}

absl::Status Collector::StartWhatFits() {
  bool started = true;
  while (started && part_.share.in_flight < static_cast<std::size_t>(options_.concurrency)) {
    PINCHBECK_ASSIGN_OR_RETURN(started, StartNext(/*fresh=*/true));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Collector::StartNext(bool fresh) {
  next_start_ = absl::InfiniteDuration();
  const absl::Duration now = services_.clock.Monotonic();
  looked_at_ = now;
  if (ending_ || now < paused_until_) return false;
  std::optional<Pending> next = TakeNext(fresh);
  if (!next.has_value()) return false;
  const absl::Duration start = pacer_.NextStart(LikelyTokens(next->task), next->fresh, now);
  if (start > now) {
    next_start_ = start;
    PutBack(*std::move(next));
    return false;
  }
  const TokenUse most = MostTokens(next->task);
  const CollectionShare& share = part_.share;
  const std::string limit = share.ledger.BlockedBy(part_.account, most);
  if (limit.empty()) {
    PINCHBECK_RETURN_IF_ERROR(StartOne(std::move(*next), most));
    return true;
  }
  // Requests in flight may use less than was set aside for them.
  const bool wait = share.in_flight > 0 && share.ledger.MayFitLater(part_.account, most);
  PutBack(*std::move(next));
  if (!wait) End(StopReason::kBudget, "the next request could pass the limit of " + limit);
  return false;
}

std::optional<Collector::Pending> Collector::TakeNext(bool fresh) {
  const absl::Duration now = services_.clock.Monotonic();
  const auto due =
      std::find_if(retries_.begin(), retries_.end(), [&](const Pending& p) { return p.due <= now; });
  if (due != retries_.end()) {
    Pending pending = std::move(*due);
    retries_.erase(due);
    return pending;
  }
  if (!fresh || next_task_ == schedule_.size()) return std::nullopt;
  Pending pending;
  pending.task = schedule_[next_task_++];
  pending.fresh = true;
  return pending;
}

void Collector::PutBack(Pending pending) {
  if (pending.fresh) {
    --next_task_;
  } else {
    retries_.push_front(std::move(pending));
  }
}

TokenUse Collector::MostTokens(const Task& task) const {
  const Probe& probe = battery_.probes[task.probe];
  const std::int64_t seen = seen_input_tokens_[task.probe];
  return {seen > 0 ? seen : CautiousInputTokens(probe), probe.sampling.max_tokens};
}

TokenUse Collector::LikelyTokens(const Task& task) const {
  const Probe& probe = battery_.probes[task.probe];
  const std::int64_t seen = seen_input_tokens_[task.probe];
  const std::int64_t limit = probe.sampling.max_tokens;
  // The server's word may lengthen the pauses between requests, but only in proportion to their size.
  const std::int64_t most = SaturatingSum(CautiousInputTokens(probe), SaturatingSum(limit, limit));
  return {seen > 0 ? std::min(seen, most) : LikelyInputTokens(probe), limit};
}

std::optional<std::int64_t> Collector::RequestSeed(const Task& task) const {
  if (!options_.send_request_seed || adaptation_.seed || !services_.dialect.features().seed)
    return std::nullopt;
  const auto index = task.probe * static_cast<std::uint64_t>(options_.samples_per_probe) +
                     static_cast<std::uint64_t>(task.sample);
  Generator generator(options_.seed);
  return static_cast<std::int64_t>(Generator(generator.Next() + index).Next() >> 33);
}

Observation Collector::NewObservation(const Task& task, std::optional<std::int64_t> seed) const {
  const Probe& probe = battery_.probes[task.probe];
  Observation observation;
  observation.probe = probe.id;
  observation.signals = probe.signals;
  observation.sample = task.sample;
  if (!options_.session.empty()) observation.session = options_.session;
  observation.time = absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", services_.clock.Now(), absl::UTCTimeZone());
  observation.endpoint = public_url_;
  observation.request = request_records_[task.probe];
  observation.request.seed = seed;
  return observation;
}

absl::Status Collector::StartOne(Pending pending, const TokenUse& most) {
  const Probe& probe = battery_.probes[pending.task.probe];
  const std::optional<std::int64_t> seed = RequestSeed(pending.task);
  TransferRequest request;
  PINCHBECK_ASSIGN_OR_RETURN(request.http, dialect_.BuildRequest(endpoint_, probe, seed));
  PINCHBECK_ASSIGN_OR_RETURN(const Url url, ParseUrl(request.http.url));
  if (url.Origin() != origin_) {
    return absl::InvalidArgumentError(absl::StrCat("the API ", std::string(dialect_.name()),
                                                   " builds a request to another host than the base URL's; "
                                                   "nothing was sent there"));
  }
  request.api_key = endpoint_.api_key;
  request.timeouts = options_.timeouts;
  Flight flight;
  flight.attempt = std::make_unique<Attempt>(NewObservation(pending.task, seed),
                                             dialect_.MakeDecoder(probe.sampling.stream));
  flight.likely = LikelyTokens(pending.task);
  flight.adaptations = adaptations_;
  flight.sent = ReadSentParameters(
      dialect_.name(), AdaptedSampling(SupportedSampling(probe.sampling, dialect_.features()), adaptation_),
      request.http.body);
  PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t id, services_.transport.Start(request, *flight.attempt));
  if (std::exchange(pending.uncounted_retry, false)) ++summary_.retried;
  part_.share.ledger.Reserve(part_.account, most);
  ++part_.share.in_flight;
  pacer_.OnStart(flight.likely, pending.fresh, services_.clock.Monotonic());
  pending.fresh = false;
  ++summary_.requests;
  flight.most = most;
  flight.pending = std::move(pending);
  flights_.emplace(id, std::move(flight));
  return absl::OkStatus();
}

absl::Status Collector::HandleResult(const TransferResult& transfer) {
  const auto it = flights_.find(transfer.id);
  if (it == flights_.end()) return absl::OkStatus();
  Flight flight = std::move(it->second);
  flights_.erase(it);
  --part_.share.in_flight;
  AttemptResult result = flight.attempt->Finish(transfer, endpoint_.api_key);
  SettleTokens(flight, result);
  NoteTaken(flight, result);
  if (!AdaptAndResend(flight, result) && !ScheduleRetry(flight, result))
    PINCHBECK_RETURN_IF_ERROR(Record(flight.pending.task, result));
  ReportProgress();
  return absl::OkStatus();
}

// What an answer without usage cost is not known: an unfinished or good one counts as the most it could be,
// an error status as nothing.
void Collector::SettleTokens(const Flight& flight, const AttemptResult& result) {
  const UsageRecord& usage = result.observation.usage;
  const bool free = result.free_of_charge;
  const TokenUse said{CountedTokens(usage.input_tokens.value_or(0)),
                      CountedTokens(usage.output_tokens.value_or(0))};
  TokenUse used = said;
  if (!usage.input_tokens.has_value() && !free) used.input = flight.most.input;
  if (!usage.output_tokens.has_value() && !free) used.output = flight.most.output;
  part_.share.ledger.Settle(part_.account, flight.most, used);
  pacer_.OnEnd(flight.likely, used, result.outcome.head, services_.clock.Now(), services_.clock.Monotonic());
  summary_.cost_usd = part_.share.ledger.spent_usd(part_.account);
  summary_.input_tokens = SaturatingSum(summary_.input_tokens, said.input);
  summary_.output_tokens = SaturatingSum(summary_.output_tokens, said.output);
  if (!result.observation.error.has_value() && !usage.output_tokens.has_value()) ++summary_.without_usage;
  std::int64_t& seen = seen_input_tokens_[flight.pending.task.probe];
  seen = std::max(seen, said.input);
}

bool Collector::ScheduleRetry(Flight& flight, AttemptResult& result) {
  if (!result.observation.error.has_value() || ending_) return false;
  const RetryAdvice advice = AdviseRetry(result.outcome, flight.pending.retries, services_.clock.Now(),
                                         jitter_.NextUnit(), options_.retry);
  if (!advice.retry) return false;
  Pending pending = std::move(flight.pending);
  pending.due = services_.clock.Monotonic() + advice.delay;
  // A server that limits the rate means all requests, not just this one.
  if (result.outcome.status == 429) paused_until_ = std::max(paused_until_, pending.due);
  ++pending.retries;
  pending.uncounted_retry = true;
  pending.failed = std::move(result);
  retries_.push_back(std::move(pending));
  return true;
}

absl::Status Collector::Record(const Task& task, const AttemptResult& result) {
  PINCHBECK_RETURN_IF_ERROR(services_.sink.Append(result.observation));
  ++summary_.done;
  if (result.repaired) ++summary_.repaired;
  if (result.observation.error.has_value()) {
    CountFailure(result);
    CheckGiveUp(result);
  } else {
    ++summary_.ok;
    good_[task.position] = true;
    failures_in_a_row_ = 0;
    same_fatal_in_a_row_ = 0;
  }
  return absl::OkStatus();
}

void Collector::CountFailure(const AttemptResult& result) {
  ++summary_.failed;
  const ErrorRecord& error = *result.observation.error;
  for (FailureCount& failure : summary_.failures) {
    if (SameKind(failure.example, error)) {
      ++failure.count;
      return;
    }
  }
  ErrorRecord example = error;
  if (!result.advice.empty()) example.message += "; " + result.advice;
  summary_.failures.push_back({std::move(example), 1});
}

void Collector::CheckGiveUp(const AttemptResult& result) {
  ++failures_in_a_row_;
  same_fatal_in_a_row_ = result.fatal_class == fatal_class_ ? same_fatal_in_a_row_ + 1 : 1;
  fatal_class_ = result.fatal_class;
  const GiveUpRule& rule = options_.give_up;
  const bool nothing_yet = summary_.ok == 0;
  const bool fatal = nothing_yet && !fatal_class_.empty() && same_fatal_in_a_row_ >= rule.same_fatal_failures;
  const int most = nothing_yet ? rule.failures_before_success : rule.failures_in_a_row;
  if (ending_ || (!fatal && failures_in_a_row_ < most)) return;
  End(StopReason::kGaveUp,
      absl::StrCat("stopped after ", failures_in_a_row_, " failed requests in a row: ", SentenceOf(result)));
  cancel_at_ = services_.clock.Monotonic();
}

void Collector::CheckEnd() {
  CheckStopFlag();
  CheckTime();
}

void Collector::CheckStopFlag() {
  // The other side of a pair may have ended this one for the same reason, which sets no time to cancel.
  if (stop_seen_ || services_.stop == nullptr || services_.stop->load() == 0) return;
  stop_seen_ = true;
  End(StopReason::kInterrupted, "interrupted");
  cancel_at_ = std::min(cancel_at_, services_.clock.Monotonic() + options_.stop_grace);
}

void Collector::CheckTime() {
  const std::optional<absl::Duration>& limit = options_.budget.max_time;
  if (ending_ || !limit.has_value() || services_.clock.Monotonic() - start_ < *limit) return;
  if (next_task_ == schedule_.size() && retries_.empty()) return;
  End(StopReason::kBudget, "the limit of " + absl::FormatDuration(*limit) + " has passed");
}

void Collector::End(StopReason reason, std::string message) {
  ending_ = true;
  summary_.stop_reason = reason;
  summary_.message = std::move(message);
}

// Failures that would have been retried are recorded as failures.
absl::Status Collector::RecordAbandonedRetries() {
  while (!retries_.empty()) {
    const Pending pending = std::move(retries_.front());
    retries_.pop_front();
    if (pending.failed.has_value()) PINCHBECK_RETURN_IF_ERROR(Record(pending.task, *pending.failed));
  }
  return absl::OkStatus();
}

void Collector::CancelFlights() {
  for (const auto& [id, flight] : flights_) services_.transport.Cancel(id);
  part_.share.in_flight -= flights_.size();
  flights_.clear();
}

void Collector::CancelIfDue() {
  if (services_.clock.Monotonic() >= cancel_at_) CancelFlights();
}

absl::Duration Collector::NextWait() const {
  const absl::Duration now = services_.clock.Monotonic();
  absl::Duration wake = now + kMaxWait;
  if (!ending_ && part_.share.in_flight < static_cast<std::size_t>(options_.concurrency)) {
    for (const Pending& pending : retries_) {
      const absl::Duration due = std::max(pending.due, paused_until_);
      if (due > looked_at_) wake = std::min(wake, due);
    }
    wake = std::min(wake, next_start_);
  }
  return std::clamp(std::min(wake, cancel_at_) - now, absl::Milliseconds(1), kMaxWait);
}

void Collector::ReportProgress() {
  if (services_.progress == nullptr) return;
  services_.progress->OnProgress(
      {summary_, static_cast<int>(flights_.size()), static_cast<int>(retries_.size())});
}

}  // namespace pinchbeck::internal
