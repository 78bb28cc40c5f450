// Keeps a collection within its limits, counting what is in flight at its worst.
#ifndef PINCHBECK_SRC_CLIENT_BUDGET_H_
#define PINCHBECK_SRC_CLIENT_BUDGET_H_

#include <cstdint>
#include <optional>
#include <string>

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

class Ledger {
 public:
  explicit Ledger(const CollectBudget& budget) : budget_(budget) {}

  // Which limit a further request of at most this size could pass; empty when none.
  [[nodiscard]] std::string BlockedBy(const TokenUse& next) const;
  // Whether it would fit if everything in flight turned out to use nothing.
  [[nodiscard]] bool MayFitLater(const TokenUse& next) const;

  // A request is sent: its worst case is set aside until Settle() replaces it by what it used.
  void Reserve(const TokenUse& most);
  void Settle(const TokenUse& most, const TokenUse& used);

  [[nodiscard]] std::int64_t requests() const { return requests_; }
  [[nodiscard]] std::optional<double> spent_usd() const { return CostUsd(budget_, spent_); }

 private:
  [[nodiscard]] std::string Check(const TokenUse& total) const;

  CollectBudget budget_;
  std::int64_t requests_ = 0;
  TokenUse spent_;
  TokenUse reserved_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_BUDGET_H_
