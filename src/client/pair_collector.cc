#include "src/client/pair_collector.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/client/generator.h"

namespace pinchbeck::internal {
namespace {

// Keeps the order within pairs independent of the order of the pairs.
constexpr std::uint64_t kFirstStream = 0x3C6EF372FE94F82BULL;

CollectServices ServicesOf(const PairSide& side, const PairServices& services) {
  // Progress is reported for both sides together.
  return {side.dialect, services.transport, services.clock, side.sink, nullptr, services.stop};
}

std::vector<std::size_t> DrawFirst(const Battery& battery, const CollectOptions& options) {
  Generator generator(options.seed ^ kFirstStream);
  std::vector<std::size_t> first(battery.probes.size() * static_cast<std::size_t>(options.samples_per_probe));
  for (std::size_t& side : first) side = generator.NextBelow(2);
  return first;
}

StopReason SharedReason(StopReason reason) {
  return reason == StopReason::kGaveUp ? StopReason::kPartner : reason;
}

// What ends a side that has work left, in words that do not need the other's name.
std::string SharedMessage(const CollectSummary& ended) {
  if (ended.stop_reason != StopReason::kGaveUp) return ended.message;
  return "the other endpoint of the pair stopped answering (" + ended.message + ")";
}

void AddTo(const CollectSummary& side, CollectSummary& sum) {
  sum.planned += side.planned;
  sum.skipped_by_resume += side.skipped_by_resume;
  sum.requests += side.requests;
  sum.done += side.done;
  sum.ok += side.ok;
  sum.failed += side.failed;
  sum.retried += side.retried;
  sum.input_tokens += side.input_tokens;
  sum.output_tokens += side.output_tokens;
  if (side.cost_usd.has_value()) sum.cost_usd = sum.cost_usd.value_or(0.0) + *side.cost_usd;
}

}  // namespace

PairCollector::PairCollector(const PairedSide& a, const PairedSide& b, const Battery& battery,
                             const PairServices& services)
    : services_(services),
      options_(a.options),
      share_{Ledger({a.options.budget, b.options.budget})},
      side_services_{ServicesOf(a.side, services), ServicesOf(b.side, services)},
      sides_{Collector(a.side.endpoint, a.public_url, battery, a.options, side_services_[0], {share_, 0}),
             Collector(b.side.endpoint, b.public_url, battery, b.options, side_services_[1], {share_, 1})},
      first_(DrawFirst(battery, a.options)) {}

absl::StatusOr<PairSummary> PairCollector::Run() {
  const absl::Status status = Loop();
  for (Collector& side : sides_) side.CancelFlights();
  PINCHBECK_RETURN_IF_ERROR(status);
  PairSummary summary;
  // Failures that were to be tried again are recorded first.
  PINCHBECK_ASSIGN_OR_RETURN(summary.a, sides_[0].Finish());
  PINCHBECK_ASSIGN_OR_RETURN(summary.b, sides_[1].Finish());
  summary.pairs = static_cast<std::int64_t>(first_.size());
  for (std::size_t i = 0; i < first_.size(); ++i) {
    if (sides_[0].good()[i] && sides_[1].good()[i]) ++summary.complete_pairs;
  }
  return summary;
}

absl::Status PairCollector::Loop() {
  while (true) {
    for (Collector& side : sides_) side.CheckEnd();
    ShareEnd();
    PINCHBECK_RETURN_IF_ERROR(StartWhatFits());
    ShareEnd();
    if (sides_[0].IsDone() && sides_[1].IsDone()) return absl::OkStatus();
    PINCHBECK_RETURN_IF_ERROR(HandleResults());
    ShareEnd();
    for (Collector& side : sides_) side.CancelIfDue();
  }
}

absl::Status PairCollector::StartWhatFits() {
  const auto most = static_cast<std::size_t>(options_.concurrency);
  bool started = true;
  while (started) {
    started = false;
    for (std::size_t i = 0; i < kSides && share_.in_flight < most; ++i) {
      PINCHBECK_ASSIGN_OR_RETURN(const bool sent, sides_[i].StartNext(/*fresh=*/Turn() == i));
      started = started || sent;
    }
  }
  return absl::OkStatus();
}

std::optional<std::size_t> PairCollector::Turn() const {
  std::optional<std::size_t> turn;
  std::size_t earliest = 0;
  for (std::size_t i = 0; i < kSides; ++i) {
    const std::optional<std::size_t> position = sides_[i].NextPosition();
    if (!position.has_value()) continue;
    const std::size_t place = 2 * *position + (first_[*position] == i ? 0 : 1);
    if (turn.has_value() && place > earliest) continue;
    turn = i;
    earliest = place;
  }
  return turn;
}

absl::Status PairCollector::HandleResults() {
  const absl::Duration wait = std::min(sides_[0].NextWait(), sides_[1].NextWait());
  for (const TransferResult& result : services_.transport.Poll(wait)) {
    // Each knows its own transfers.
    for (Collector& side : sides_) PINCHBECK_RETURN_IF_ERROR(side.HandleResult(result));
    ReportProgress();
  }
  return absl::OkStatus();
}

void PairCollector::ShareEnd() {
  for (std::size_t i = 0; i < kSides; ++i) {
    Collector& other = sides_[1 - i];
    if (!sides_[i].is_ending() || other.is_ending() || !other.HasWork()) continue;
    other.End(SharedReason(sides_[i].summary().stop_reason), SharedMessage(sides_[i].summary()));
  }
}

void PairCollector::ReportProgress() const {
  if (services_.progress == nullptr) return;
  CollectSummary sum;
  int waiting = 0;
  for (const Collector& side : sides_) {
    AddTo(side.summary(), sum);
    waiting += side.waiting();
  }
  services_.progress->OnProgress({sum, static_cast<int>(share_.in_flight), waiting});
}

}  // namespace pinchbeck::internal
