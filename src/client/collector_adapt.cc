// How a collection goes on without the parameters that its endpoint refuses.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "pinchbeck/client/adaptation.h"
#include "src/client/collector.h"
#include "src/client/refusal.h"

namespace pinchbeck::internal {
namespace {

// What makes a parameter another one: a temperature or a number of alternatives may be taken and another not.
double ValueOf(RequestParameter parameter, const SentParameters& sent) {
  if (parameter == RequestParameter::kTemperature) return sent.sampling.temperature;
  if (parameter == RequestParameter::kLogprobs) {
    return static_cast<double>(sent.sampling.top_logprobs.value_or(0));
  }
  return 0.0;
}

}  // namespace

void Collector::MakeRequestRecords() {
  request_records_.clear();
  for (const Probe& probe : battery_.probes) {
    request_records_.push_back(MakeRequestRecord(endpoint_, probe, services_.dialect, adaptation_));
  }
}

bool Collector::IsCompletedNow(const Task& task) const {
  return options_.completed.ContainsReduced(battery_.probes[task.probe].id, task.sample,
                                            request_records_[task.probe]);
}

// Answers of an earlier run that was refused the same parameters count from now on.
void Collector::DropCompletedTasks() {
  std::size_t kept = next_task_;
  for (std::size_t i = next_task_; i < schedule_.size(); ++i) {
    const Task task = schedule_[i];
    good_[task.position] = IsCompletedNow(task);
    if (!good_[task.position]) schedule_[kept++] = task;
  }
  summary_.skipped_by_resume += static_cast<std::int64_t>(schedule_.size() - kept);
  schedule_.resize(kept);
  for (auto it = retries_.begin(); it != retries_.end();) {
    if (!IsCompletedNow(it->task)) {
      ++it;
      continue;
    }
    good_[it->task.position] = true;
    it = retries_.erase(it);
    ++summary_.skipped_by_resume;
  }
}

void Collector::NoteTaken(const Flight& flight, const AttemptResult& result) {
  if (result.observation.error.has_value()) return;
  findings_.AddAnswer(result.observation, flight.sent.sampling);
  for (const RequestParameter parameter : SentNames(flight.sent)) {
    taken_.emplace(parameter, ValueOf(parameter, flight.sent));
  }
}

std::optional<std::int64_t> Collector::MostAlternativesTaken() const {
  std::optional<std::int64_t> most;
  for (const auto& [parameter, value] : taken_) {
    if (parameter != RequestParameter::kLogprobs) continue;
    most = std::max(most.value_or(0), static_cast<std::int64_t>(value));
  }
  return most;
}

bool Collector::WasTaken(RequestParameter parameter, const SentParameters& sent) const {
  if (taken_.count({parameter, ValueOf(parameter, sent)}) > 0) return true;
  const std::optional<std::int64_t> most = MostAlternativesTaken();
  return parameter == RequestParameter::kLogprobs && most.has_value() &&
         sent.sampling.top_logprobs.value_or(0) <= *most;
}

bool Collector::AdaptUnlessTaken(RequestParameter parameter, const Refusal& refusal,
                                 const SentParameters& sent) {
  if (!AdaptTo(parameter, refusal, sent, adaptation_)) return false;
  // As many alternatives as were given before are asked for to the end: otherwise a relay could get rid of
  // them in the middle of a recording.
  const std::optional<std::int64_t> most = MostAlternativesTaken();
  if (parameter != RequestParameter::kLogprobs || !most.has_value()) return true;
  adaptation_.logprobs = false;
  adaptation_.max_top_logprobs = std::max(adaptation_.max_top_logprobs.value_or(*most), *most);
  return true;
}

bool Collector::AdaptAndResend(Flight& flight, const AttemptResult& result) {
  const std::optional<ErrorRecord>& error = result.observation.error;
  if (!error.has_value() || error->kind != ErrorKind::kHttp || ending_) return false;
  const Refusal refusal{error->status.value_or(0), result.outcome.error_code, result.outcome.error_param,
                        error->message};
  const std::optional<RequestParameter> parameter = RefusedParameter(refusal, flight.sent);
  if (!parameter.has_value()) return false;
  // Otherwise the requests have changed since this one was sent, and its answer says nothing new.
  if (flight.adaptations == adaptations_) {
    if (WasTaken(*parameter, flight.sent)) {
      findings_.AddLateRefusal(*parameter, error->message);
      return false;
    }
    if (!AdaptUnlessTaken(*parameter, refusal, flight.sent)) return false;
    ++adaptations_;
    findings_.AddAdaptation(*parameter, DescribeAdaptation(*parameter, flight.sent, adaptation_),
                            error->message);
    MakeRequestRecords();
    DropCompletedTasks();
  }
  if (IsCompletedNow(flight.pending.task)) {
    ++summary_.skipped_by_resume;
    good_[flight.pending.task.position] = true;
    return true;
  }
  flight.pending.due = services_.clock.Monotonic();
  retries_.push_front(std::move(flight.pending));
  return true;
}

}  // namespace pinchbeck::internal
