// What token counts say: the tokenizer, a hidden prompt, inflated billing, several backends.
#ifndef PINCHBECK_SIGNAL_TOKENIZER_H_
#define PINCHBECK_SIGNAL_TOKENIZER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck {

// What the input-token counts look like beside the reference's.
enum class TokenizerReading : std::uint8_t {
  // Every prompt counts the same.
  kSame,
  // The same tokenizer with a constant more or fewer tokens: a hidden prompt or another template.
  kShifted,
  // The same tokenizer with counts multiplied by a factor: inflated (or rebated) billing.
  kScaled,
  // Neither: another tokenizer.
  kOtherTokenizer,
};
[[nodiscard]] std::string_view TokenizerReadingName(TokenizerReading reading);

// One way in which prompts were counted: so many tokens more than the reference, in that share of the
// answers.
struct CountingBackend {
  std::int64_t shift = 0;
  double share = 0;
};

// Observed counts as a line over the reference's: observed = intercept + slope * reference.
//
// Counts are deterministic for one backend, so this is a table of matches and no test: a match proves little,
// since a relay can count for itself, and a mismatch proves much.
struct TokenizerFit {
  // Prompts with counts on both sides, and those on the fitted line (exactly for slope 1, within one token of
  // rounding otherwise).
  std::int64_t probes = 0;
  std::int64_t matching = 0;
  // Distinct reference counts; with fewer than two the slope is not identified and taken to be 1.
  std::int64_t distinct = 0;
  double slope = 1;
  // Tokens, with a 95 % interval: of the median shift by order statistics where the slope is 1 (the range
  // below six prompts), of least squares otherwise.
  double intercept = 0, intercept_low = 0, intercept_high = 0;
  // Share of the counts' variance that a straight line explains; absent below three prompts or where either
  // side's counts are all equal.
  std::optional<double> r_squared = std::nullopt;
  // Largest distance from the line, in tokens.
  double largest_residual = 0;
  // Prompts that were counted in several ways although the reference counts them in one.
  std::int64_t unstable = 0;
  // The ways of counting, most frequent first, where prompts are unstable.
  std::vector<CountingBackend> backends = {};
  TokenizerReading reading = TokenizerReading::kSame;
};

// Fits the counts of the prompts that both sides have. Slope 1 is kept if one constant fits nine prompts in
// ten; else the slope is the median over pairs of prompts (Theil and Sen), refitted by least squares to the
// prompts within a token and a half of it, and believed if nine in ten of at least five prompts then lie
// within one token and the slope is off 1 by 3 % and by two standard errors. A prompt that was counted in
// several ways enters with its most frequent count.
//
// nullopt: no prompt has counts on both sides.
// Cost: O(k^2 log k) for k prompts, on at most 512 of them.
// Reference: Sen 1968, doi:10.1080/01621459.1968.10480934.
[[nodiscard]] std::optional<TokenizerFit> FitTokenizer(const SampleSet& reference, const SampleSet& observed);

// True where the counts prove another prompt around the same tokenizer: one constant other than zero fits
// every one of at least five prompts with three or more distinct counts, each counted in one way.
[[nodiscard]] bool ShowsOtherPrompt(const TokenizerFit& fit);

// Output tokens reported for an amount of text, relative to the reference.
struct UsageAgainstText {
  // "output tokens" as reported, or "stream events" where the reference's lengths are counted so.
  std::string unit;
  std::int64_t probes = 0;
  std::int64_t n_reference = 0, n_observed = 0;
  // Observed units per character over the reference's, with a 95 % interval over probes: above 1 more is
  // billed than the text explains.
  double factor = 1, low = 1, high = 1;
};

// Ratio estimate over the probes for which both sides have lengths and texts of the same answers:
//
//   factor = sum_p U_p / sum_p (u_p / c_p) C_p
//
// with u_p units and c_p characters of the reference's answers, U_p and C_p the observed ones. Probes are the
// sampled units of the interval (Student), so their texts' own variation is in it. Hidden reasoning that is
// billed as output raises the factor too.
//
// nullopt: fewer than five such probes.
[[nodiscard]] std::optional<UsageAgainstText> CompareUsageWithText(const SignalPlan& plan,
                                                                   const SampleSet& reference,
                                                                   const SampleSet& observed);

}  // namespace pinchbeck

#endif  // PINCHBECK_SIGNAL_TOKENIZER_H_
