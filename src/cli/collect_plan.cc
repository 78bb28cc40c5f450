#include "src/cli/collect_plan.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "pinchbeck/client/prices.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/url.h"

namespace pinchbeck::cli {
namespace {

constexpr std::int64_t kLargeRequests = 2000;
constexpr std::int64_t kLargeTokens = 1'000'000;
constexpr double kLargeCostUsd = 5.0;
// Prices change a few times a year.
constexpr int kOldPriceDays = 180;

std::string DayText(absl::CivilDay day) { return absl::FormatCivilTime(day); }

void WarnOfAge(const PriceList& list, const std::string& path, absl::Time now, CommandContext& context) {
  const absl::CivilDay today(absl::ToCivilDay(now, absl::UTCTimeZone()));
  if (list.date > today + 1) {
    context.err << "pinchbeck: warning: " << path << ": its date, " << DayText(list.date)
                << ", lies in the future\n";
  } else if (today - list.date > kOldPriceDays) {
    context.err << "pinchbeck: warning: " << path << ": the prices are of " << DayText(list.date)
                << " and may have changed\n";
  }
}

bool IsThisMachine(const std::string& base_url) {
  const absl::StatusOr<internal::Url> url = internal::ParseUrl(base_url);
  return url.ok() && url->IsLoopback();
}

// The part of the plan that the limits let through.
CollectPlan Limited(const CollectPlan& plan, const CollectBudget& budget) {
  CollectPlan limited = plan;
  double share = 1.0;
  if (budget.max_requests.has_value() && plan.requests > *budget.max_requests) {
    limited.requests = *budget.max_requests;
    share = static_cast<double>(limited.requests) / static_cast<double>(plan.requests);
  }
  limited.input_tokens = static_cast<std::int64_t>(static_cast<double>(plan.input_tokens) * share);
  limited.max_output_tokens = static_cast<std::int64_t>(static_cast<double>(plan.max_output_tokens) * share);
  if (budget.max_tokens.has_value() &&
      limited.input_tokens + limited.max_output_tokens > *budget.max_tokens) {
    limited.input_tokens = 0;
    limited.max_output_tokens = *budget.max_tokens;
  }
  if (limited.max_cost_usd.has_value()) {
    *limited.max_cost_usd *= share;
    if (budget.max_cost_usd.has_value()) {
      limited.max_cost_usd = std::min(*limited.max_cost_usd, *budget.max_cost_usd);
    }
  }
  return limited;
}

// All plans together. One without prices at this machine costs nothing.
CollectPlan Sum(const std::vector<PlannedEndpoint>& planned) {
  CollectPlan sum;
  double cost = 0.0;
  bool any = false;
  bool priced = true;
  for (const PlannedEndpoint& each : planned) {
    if (!each.plan.max_cost_usd.has_value() && IsThisMachine(each.base_url)) continue;
    any = true;
    sum.requests += each.plan.requests;
    sum.input_tokens += each.plan.input_tokens;
    sum.max_output_tokens += each.plan.max_output_tokens;
    priced = priced && each.plan.max_cost_usd.has_value();
    cost += each.plan.max_cost_usd.value_or(0.0);
  }
  if (any && priced) sum.max_cost_usd = cost;
  return sum;
}

// Empty for a plan that needs no question.
std::string WhyLarge(const CollectPlan& plan) {
  if (plan.max_cost_usd.has_value()) {
    if (*plan.max_cost_usd <= kLargeCostUsd) return "";
    return absl::StrFormat("it may cost %.2f US dollars", *plan.max_cost_usd);
  }
  const std::int64_t tokens = plan.input_tokens + plan.max_output_tokens;
  if (plan.requests > kLargeRequests)
    return absl::StrFormat("it is %d requests at unknown prices", plan.requests);
  if (tokens > kLargeTokens) return absl::StrFormat("it may use %d tokens at unknown prices", tokens);
  return "";
}

}  // namespace

absl::StatusOr<SelectedPrices> SelectPrices(const CollectFlags& flags, const std::string& public_url,
                                            absl::Time now, CommandContext& context) {
  SelectedPrices selected{flags.budget, ""};
  CollectBudget& budget = selected.budget;
  const bool both_given = budget.usd_per_mtok_in.has_value() && budget.usd_per_mtok_out.has_value();
  if (both_given) selected.source = "--price-in and --price-out";
  if (!flags.prices_path.empty() && !both_given) {
    PINCHBECK_ASSIGN_OR_RETURN(const PriceList list, LoadPrices(flags.prices_path));
    if (const ModelPrice* price = list.Find(flags.model, public_url)) {
      if (!budget.usd_per_mtok_in.has_value()) budget.usd_per_mtok_in = price->usd_per_mtok_in;
      if (!budget.usd_per_mtok_out.has_value()) budget.usd_per_mtok_out = price->usd_per_mtok_out;
      selected.source = absl::StrCat(flags.prices_path, " of ", DayText(list.date), " (", list.source, ")");
      WarnOfAge(list, flags.prices_path, now, context);
    } else {
      context.err << "pinchbeck: warning: " << flags.prices_path << ": no price for the model " << flags.model
                  << "; the estimate is in tokens\n";
    }
  }
  if (budget.usd_per_mtok_in.has_value() != budget.usd_per_mtok_out.has_value()) {
    return absl::InvalidArgumentError("give both --price-in and --price-out, or neither");
  }
  if (budget.max_cost_usd.has_value() && !budget.usd_per_mtok_in.has_value()) {
    return absl::InvalidArgumentError(
        "--max-cost needs prices: --price-in and --price-out, or --prices FILE with an entry for the model " +
        flags.model);
  }
  return selected;
}

std::string PlanText(const CollectPlan& plan, const CollectFlags& flags, const SelectedPrices& prices) {
  std::string text = absl::StrFormat("%d probes x %d samples = %d requests", plan.probes,
                                     SamplesPerProbe(flags), plan.requests + plan.skipped);
  if (plan.skipped > 0)
    text += absl::StrFormat(", %d already recorded, %d to send", plan.skipped, plan.requests);
  text += absl::StrFormat("; about %d input tokens, at most %d output tokens", plan.input_tokens,
                          plan.max_output_tokens);
  if (plan.max_cost_usd.has_value()) {
    text += absl::StrFormat("; at most about %.4f USD by %s", *plan.max_cost_usd, prices.source);
  }
  if (flags.spread > absl::ZeroDuration()) text += "; spread over " + absl::FormatDuration(flags.spread);
  return text;
}

std::string TotalText(const CollectPlan& a, const CollectPlan& b) {
  std::string text = absl::StrFormat(
      "both endpoints together: %d requests; about %d input tokens, at most %d output tokens",
      a.requests + b.requests, a.input_tokens + b.input_tokens, a.max_output_tokens + b.max_output_tokens);
  if (a.max_cost_usd.has_value() && b.max_cost_usd.has_value()) {
    text += absl::StrFormat("; at most about %.4f USD", *a.max_cost_usd + *b.max_cost_usd);
  }
  return text;
}

absl::Status ConfirmPlan(const CollectPlan& plan, const CollectFlags& flags, const SelectedPrices& prices,
                         CommandContext& context) {
  return ConfirmPlans({{plan, flags.base_url, prices}}, flags, context);
}

absl::Status ConfirmPlans(const std::vector<PlannedEndpoint>& planned, const CollectFlags& flags,
                          CommandContext& context) {
  const std::string reason = WhyLarge(Limited(Sum(planned), planned.front().prices.budget));
  if (reason.empty() || flags.yes) return absl::OkStatus();
  if (!context.err_is_terminal || isatty(STDIN_FILENO) == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("nothing was sent: the collection is large (", reason,
                     ") and there is no terminal to ask at; give --yes to send it, or a limit such as "
                     "--max-requests, --max-tokens or --max-cost"));
  }
  context.err << "The collection is large: " << reason << ". Send it? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return absl::OkStatus();
  return absl::CancelledError("nothing was sent");
}

}  // namespace pinchbeck::cli
