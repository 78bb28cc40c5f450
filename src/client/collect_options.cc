#include "src/client/collect_options.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/budget.h"

namespace pinchbeck::internal {
namespace {

absl::Status CheckRate(std::string_view name, std::optional<double> per_minute) {
  if (!per_minute.has_value() || (std::isfinite(*per_minute) && *per_minute > 0.0)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(name), ": expected a number above 0, got ", *per_minute));
}

absl::Status CheckTimes(const CollectOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckRate("requests per minute", options.rate_limits.requests_per_minute));
  PINCHBECK_RETURN_IF_ERROR(CheckRate("tokens per minute", options.rate_limits.tokens_per_minute));
  if (options.spread < absl::ZeroDuration() || options.spread == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError("time to spread the requests over: expected 0 or more");
  }
  if (options.budget.max_time.has_value() && *options.budget.max_time < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("the time limit is negative");
  }
  return absl::OkStatus();
}

absl::Status CheckAmount(std::string_view name, std::optional<double> amount) {
  if (!amount.has_value() || (std::isfinite(*amount) && *amount >= 0.0)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(name), ": expected a number of at least 0, got ", *amount));
}

absl::Status CheckBudget(const CollectBudget& budget) {
  PINCHBECK_RETURN_IF_ERROR(CheckAmount("largest cost", budget.max_cost_usd));
  PINCHBECK_RETURN_IF_ERROR(CheckAmount("price of input tokens", budget.usd_per_mtok_in));
  PINCHBECK_RETURN_IF_ERROR(CheckAmount("price of output tokens", budget.usd_per_mtok_out));
  if (budget.max_cost_usd.has_value() && !CostUsd(budget, {}).has_value()) {
    return absl::InvalidArgumentError(
        "a limit on the cost needs the prices of input and output tokens (US dollars per million)");
  }
  for (const std::optional<std::int64_t>& limit : {budget.max_requests, budget.max_tokens}) {
    if (limit.has_value() && *limit < 0) {
      return absl::InvalidArgumentError(absl::StrCat("a limit of the budget is negative: ", *limit));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckEffort(const Battery& battery, const Dialect& dialect) {
  if (dialect.features().reasoning_effort) return absl::OkStatus();
  for (const Probe& probe : battery.probes) {
    if (!probe.sampling.reasoning_effort.has_value()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("probe '", probe.id, "' sets a reasoning effort, and the API ",
                     std::string(dialect.name()), " has no parameter for it; leave its group out"));
  }
  return absl::OkStatus();
}

absl::Status CheckCollectOptions(const Battery& battery, const CollectOptions& options,
                                 const Dialect& dialect) {
  if (battery.probes.empty()) return absl::InvalidArgumentError("the battery has no probes");
  if (options.samples_per_probe < 1 || options.samples_per_probe > 1'000'000) {
    return absl::InvalidArgumentError(
        absl::StrCat("samples per probe: expected 1 to 1000000, got ", options.samples_per_probe));
  }
  if (options.concurrency < 1 || options.concurrency > kMaxConcurrency) {
    return absl::InvalidArgumentError(
        absl::StrCat("concurrency: expected 1 to ", kMaxConcurrency, ", got ", options.concurrency));
  }
  if (options.retry.max_retries < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("retries: expected 0 or more, got ", options.retry.max_retries));
  }
  PINCHBECK_RETURN_IF_ERROR(CheckEffort(battery, dialect));
  PINCHBECK_RETURN_IF_ERROR(CheckTimes(options));
  return CheckBudget(options.budget);
}

}  // namespace pinchbeck::internal
