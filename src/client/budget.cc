#include "src/client/budget.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"

namespace pinchbeck::internal {
namespace {

std::int64_t PromptBytes(const Probe& probe) {
  std::size_t bytes = 0;
  for (const ChatMessage& message : probe.messages) bytes += message.content.size();
  return static_cast<std::int64_t>(bytes);
}

TokenUse Sum(const TokenUse& a, const TokenUse& b) {
  return {SaturatingSum(a.input, b.input), SaturatingSum(a.output, b.output)};
}

}  // namespace

std::int64_t CountedTokens(std::int64_t reported) {
  return std::clamp<std::int64_t>(reported, 0, kMostCountedTokens);
}

std::int64_t SaturatingSum(std::int64_t a, std::int64_t b) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? Limits::max() : Limits::min();
}

std::int64_t Total(const TokenUse& use) { return SaturatingSum(use.input, use.output); }

std::int64_t LikelyInputTokens(const Probe& probe) {
  return PromptBytes(probe) / 4 + 6 * static_cast<std::int64_t>(probe.messages.size());
}

std::int64_t CautiousInputTokens(const Probe& probe) {
  return PromptBytes(probe) + 16 * static_cast<std::int64_t>(probe.messages.size());
}

std::optional<double> CostUsd(const CollectBudget& budget, const TokenUse& use) {
  if (!budget.usd_per_mtok_in.has_value() || !budget.usd_per_mtok_out.has_value()) return std::nullopt;
  return (static_cast<double>(use.input) * *budget.usd_per_mtok_in +
          static_cast<double>(use.output) * *budget.usd_per_mtok_out) *
         1e-6;
}

std::string Ledger::Check(const TokenUse& total) const {
  if (budget_.max_requests.has_value() && requests_ + 1 > *budget_.max_requests) {
    return absl::StrFormat("%d requests", *budget_.max_requests);
  }
  if (budget_.max_tokens.has_value() && Total(total) > *budget_.max_tokens) {
    return absl::StrFormat("%d tokens", *budget_.max_tokens);
  }
  const std::optional<double> cost = CostUsd(budget_, total);
  if (budget_.max_cost_usd.has_value() && cost.has_value() && *cost > *budget_.max_cost_usd) {
    return absl::StrFormat("%g US dollars", *budget_.max_cost_usd);
  }
  return {};
}

std::string Ledger::BlockedBy(const TokenUse& next) const { return Check(Sum(Sum(spent_, reserved_), next)); }

bool Ledger::MayFitLater(const TokenUse& next) const { return Check(Sum(spent_, next)).empty(); }

void Ledger::Reserve(const TokenUse& most) {
  ++requests_;
  reserved_ = Sum(reserved_, most);
}

void Ledger::Settle(const TokenUse& most, const TokenUse& used) {
  reserved_ = Sum(reserved_, {-most.input, -most.output});
  spent_ = Sum(spent_, used);
}

}  // namespace pinchbeck::internal
