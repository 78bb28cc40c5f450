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

std::string Ledger::Check(std::size_t account, const TokenUse& next, bool with_reserved) const {
  const CollectBudget& limits = accounts_.front().prices;
  std::int64_t tokens = 0;
  double cost = 0.0;
  bool priced = true;
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    const Account& each = accounts_[i];
    TokenUse use = with_reserved ? Sum(each.spent, each.reserved) : each.spent;
    if (i == account) use = Sum(use, next);
    tokens = SaturatingSum(tokens, Total(use));
    const std::optional<double> usd = CostUsd(each.prices, use);
    priced = priced && usd.has_value();
    cost += usd.value_or(0.0);
  }
  if (limits.max_requests.has_value() && requests_ + 1 > *limits.max_requests) {
    return absl::StrFormat("%d requests", *limits.max_requests);
  }
  if (limits.max_tokens.has_value() && tokens > *limits.max_tokens) {
    return absl::StrFormat("%d tokens", *limits.max_tokens);
  }
  if (limits.max_cost_usd.has_value() && priced && cost > *limits.max_cost_usd) {
    return absl::StrFormat("%g US dollars", *limits.max_cost_usd);
  }
  return {};
}

std::string Ledger::BlockedBy(std::size_t account, const TokenUse& next) const {
  return Check(account, next, /*with_reserved=*/true);
}

bool Ledger::MayFitLater(std::size_t account, const TokenUse& next) const {
  return Check(account, next, /*with_reserved=*/false).empty();
}

void Ledger::Reserve(std::size_t account, const TokenUse& most) {
  ++requests_;
  accounts_[account].reserved = Sum(accounts_[account].reserved, most);
}

void Ledger::Settle(std::size_t account, const TokenUse& most, const TokenUse& used) {
  accounts_[account].reserved = Sum(accounts_[account].reserved, {-most.input, -most.output});
  accounts_[account].spent = Sum(accounts_[account].spent, used);
}

}  // namespace pinchbeck::internal
