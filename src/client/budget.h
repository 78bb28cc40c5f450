// Keeps a collection within its limits, counting what is in flight at its worst.
#ifndef PINCHBECK_SRC_CLIENT_BUDGET_H_
#define PINCHBECK_SRC_CLIENT_BUDGET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/client/client.h"
#include "pinchbeck/core/probe.h"

namespace pinchbeck::internal {

struct TokenUse {
  std::int64_t input = 0;
  std::int64_t output = 0;
};

// A server's word counts up to this much for one answer: no answer is as long, and a larger number is a
// mistake or a lie that must not make a sum wrap around.
inline constexpr std::int64_t kMostCountedTokens = std::int64_t{1} << 40;

// A reported count within [0, kMostCountedTokens].
[[nodiscard]] std::int64_t CountedTokens(std::int64_t reported);
// The sum, or the end of the range where it lies beyond.
[[nodiscard]] std::int64_t SaturatingSum(std::int64_t a, std::int64_t b);
[[nodiscard]] std::int64_t Total(const TokenUse& use);

// Tokens of a prompt guessed from its length: a likely value, and one that only an endpoint passes that adds
// a prompt of its own, since every tokenizer in use makes at most one token of a byte.
[[nodiscard]] std::int64_t LikelyInputTokens(const Probe& probe);
[[nodiscard]] std::int64_t CautiousInputTokens(const Probe& probe);

// Absent without both prices.
[[nodiscard]] std::optional<double> CostUsd(const CollectBudget& budget, const TokenUse& use);

// The limits of a collection and what was used of them. Each endpoint has an account with prices of its own;
// the limits hold for all accounts together.
class Ledger {
 public:
  // One account for each budget. The limits are those of the first; the others give their prices.
  explicit Ledger(const std::vector<CollectBudget>& budgets) {
    for (const CollectBudget& budget : budgets) accounts_.push_back({budget, {}, {}});
  }

  // Which limit a further request of at most this size could pass; empty when none.
  [[nodiscard]] std::string BlockedBy(std::size_t account, const TokenUse& next) const;
  // Whether it would fit if everything in flight turned out to use nothing.
  [[nodiscard]] bool MayFitLater(std::size_t account, const TokenUse& next) const;

  // A request is sent: its worst case is set aside until Settle() replaces it by what it used.
  void Reserve(std::size_t account, const TokenUse& most);
  void Settle(std::size_t account, const TokenUse& most, const TokenUse& used);

  // What one account has spent; absent without its prices.
  [[nodiscard]] std::optional<double> spent_usd(std::size_t account) const {
    return CostUsd(accounts_[account].prices, accounts_[account].spent);
  }

 private:
  struct Account {
    CollectBudget prices;
    TokenUse spent, reserved;
  };
  [[nodiscard]] std::string Check(std::size_t account, const TokenUse& next, bool with_reserved) const;

  std::vector<Account> accounts_;
  std::int64_t requests_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_BUDGET_H_
