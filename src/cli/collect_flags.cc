#include "src/cli/collect_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/core/check_battery.h"
#include "pinchbeck/core/keyed_battery.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/collect_key.h"

namespace pinchbeck::cli {
namespace {

constexpr const char* kGroup = "Collecting";

template <typename T>
void AddOptional(CLI::App& app, const std::string& name, std::optional<T>& field, const std::string& help,
                 const CLI::Validator& validator) {
  app.add_option_function<T>(
         name, [&field](const T& value) { field = value; }, help)
      ->check(validator)
      ->group(kGroup);
}

// "90", "90s", "30m", "6h", "1h30m"; a plain number means seconds.
std::optional<absl::Duration> ParseTime(const std::string& text) {
  double seconds = 0.0;
  absl::Duration duration;
  if (absl::SimpleAtod(text, &seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    return std::nullopt;
  }
  if (duration < absl::ZeroDuration() || duration > absl::Hours(24 * 366)) return std::nullopt;
  return duration;
}

void AddTime(CLI::App& app, const std::string& name, const std::string& help,
             const std::function<void(absl::Duration)>& set) {
  app.add_option_function<std::string>(
         name, [set](const std::string& text) { set(*ParseTime(text)); }, help)
      ->type_name("TIME")
      ->check([](const std::string& text) {
        return ParseTime(text).has_value() ? std::string()
                                           : "expected a time such as 90s, 30m or 6h, got " + text;
      })
      ->group(kGroup);
}

void AddBudgetFlags(CLI::App& app, CollectFlags& flags) {
  CollectBudget& budget = flags.budget;
  AddOptional(app, "--max-requests", budget.max_requests, "Stop before sending more requests than this",
              CLI::NonNegativeNumber);
  AddOptional(app, "--max-tokens", budget.max_tokens, "Stop before using more tokens (input and output)",
              CLI::NonNegativeNumber);
  AddOptional(app, "--max-cost", budget.max_cost_usd,
              "Stop before spending more US dollars; needs prices (--prices, or --price-in and --price-out)",
              CLI::NonNegativeNumber);
  AddOptional(app, "--price-in", budget.usd_per_mtok_in, "US dollars per million input tokens",
              CLI::NonNegativeNumber);
  AddOptional(app, "--price-out", budget.usd_per_mtok_out, "US dollars per million output tokens",
              CLI::NonNegativeNumber);
  app.add_option("--prices", flags.prices_path, "File of prices with its date; no price is built in")
      ->group(kGroup);
  AddTime(app, "--max-time", "Start no request after this time, such as 90s, 30m or 6h",
          [&budget](absl::Duration time) { budget.max_time = time; });
}

void AddRateFlags(CLI::App& app, CollectFlags& flags) {
  RateLimits& limits = flags.rate_limits;
  AddOptional(app, "--rpm", limits.requests_per_minute, "Requests per minute at most, evenly spaced",
              CLI::PositiveNumber);
  AddOptional(app, "--tpm", limits.tokens_per_minute, "Tokens (input and output) per minute at most",
              CLI::PositiveNumber);
  AddTime(app, "--spread", "Spread the requests over this time, such as 6h, at random moments",
          [&flags](absl::Duration time) { flags.spread = time; });
}

void AddConnectionFlags(CLI::App& app, CollectFlags& flags) {
  app.add_option("--timeout", flags.timeout_s, "Seconds for one request")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 86400.0))
      ->group(kGroup);
  AddOptional(app, "--idle-timeout", flags.idle_timeout_s,
              "Seconds of silence before an answer or inside it (default: --timeout)",
              CLI::Range(0.001, 86400.0));
  app.add_option("--connect-timeout", flags.connect_timeout_s, "Seconds for making a connection")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 3600.0))
      ->group(kGroup);
  app.add_option("--token-limit-field", flags.token_limit_field,
                 "Name of the output limit in chat completions; newer reasoning models want "
                 "max_completion_tokens")
      ->capture_default_str()
      ->check(CLI::IsMember({"max_tokens", "max_completion_tokens"}))
      ->group(kGroup);
  app.add_flag("--insecure-http", flags.insecure_http, "Permit sending the key over plain http")
      ->group(kGroup);
}

void AddSendingFlags(CLI::App& app, CollectFlags& flags) {
  app.add_option("--concurrency", flags.concurrency, "Requests in flight at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxConcurrency))
      ->group(kGroup);
  app.add_option("--max-retries", flags.max_retries, "Retries of a request that failed for a passing reason")
      ->capture_default_str()
      ->check(CLI::Range(0, 100))
      ->group(kGroup);
  app.add_option("--session", flags.session, "Label of this collection (default: the time it starts)")
      ->group(kGroup);
  app.add_flag("--yes", flags.yes, "Send a large collection without asking")->group(kGroup);
}

}  // namespace

std::vector<std::string> ApiChoices() {
  std::vector<std::string> names = {kDetectApi};
  for (const Api api : AllApis()) names.emplace_back(ApiName(api));
  return names;
}

void AddEndpointFlags(CLI::App& app, CollectFlags& flags, const CollectFlagNames& names) {
  CLI::Option* url =
      app.add_option("--base-url", flags.base_url,
                     "Base URL of the endpoint with its version, e.g. https://relay.example/v1");
  url->group(kGroup);
  if (names.endpoint_required) url->required();
  if (names.with_model) {
    CLI::Option* model = app.add_option("--model", flags.model, "Model name to ask for");
    model->group(kGroup);
    if (names.endpoint_required) model->required();
  }
  app.add_option("--api", flags.api, "API that the endpoint speaks; auto tells it by the address")
      ->capture_default_str()
      ->check(CLI::IsMember(ApiChoices()))
      ->group(kGroup);
  app.add_option_function<std::string>(
         "--api-key-env", [&flags](const std::string& name) { flags.api_key_env = name; },
         "Environment variable with the key (default: the API's usual one, such as OPENAI_API_KEY, if set; "
         "\"\" for no key)")
      ->group(kGroup);
  AddConnectionFlags(app, flags);
}

void AddCollectFlags(CLI::App& app, CollectFlags& flags, const CollectFlagNames& names) {
  AddEndpointFlags(app, flags, names);
  CLI::Option* battery =
      app.add_option("--battery", flags.battery_path, "File of probes instead of the built-in ones");
  battery->group(kGroup);
  app.add_option("--battery-key-env", flags.battery_key_env,
                 "Environment variable with a secret from which the prompts are made, so that they cannot be "
                 "recognised; the same at enrolment and verification")
      ->type_name("VAR")
      ->excludes(battery)
      ->group(kGroup);
  app.add_option("--groups", flags.groups,
                 "Groups of probes, separated by commas (default: all of the battery); cache, context, echo, "
                 "stream and "
                 "effort are generated for `checks`")
      ->delimiter(',')
      ->group(kGroup);
  app.add_option("--samples", flags.samples, "Answers per probe")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->group(kGroup);
  app.add_option("--context-tokens", flags.context_tokens,
                 "Longest text of the group context, in tokens; four more have half each")
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--resume", flags.resume, "Continue a recording: skip the answers it already holds")
      ->group(kGroup);
  if (names.with_seed) {
    app.add_option("--seed", flags.seed,
                   "Decides the order of the requests, and the texts of generated groups")
        ->each([&flags](const std::string&) { flags.seed_given = true; })
        ->capture_default_str()
        ->group(kGroup);
  }
  AddBudgetFlags(app, flags);
  AddRateFlags(app, flags);
  AddSendingFlags(app, flags);
}

namespace {

absl::StatusOr<Battery> WholeBattery(const CollectFlags& flags) {
  if (!flags.battery_key_env.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(const Secret key, ReadBatteryKey(flags.battery_key_env));
    return KeyedBattery(key);
  }
  if (!flags.battery_path.empty()) return LoadBattery(flags.battery_path);
  return BuiltinBattery();
}

bool AsksForChecks(const CollectFlags& flags) {
  return std::any_of(flags.groups.begin(), flags.groups.end(), IsCheckGroup);
}

absl::StatusOr<Battery> GeneratedBattery(const CollectFlags& flags) {
  if (!flags.battery_path.empty()) {
    return absl::InvalidArgumentError(
        "--battery: the groups cache, context, echo, stream and effort are generated, not read");
  }
  Secret key;
  if (!flags.battery_key_env.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(key, ReadBatteryKey(flags.battery_key_env));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const CheckProbes probes, CheckProbes::Make(key));
  return probes.Compose({flags.groups, flags.samples, flags.seed, flags.context_tokens});
}

}  // namespace

std::string SeedWarning(const CollectFlags& flags) {
  if (flags.seed_given || !AsksForChecks(flags)) return "";
  return absl::StrCat(
      "without --seed every run sends the same texts, which a relay may have seen before; give "
      "each audit a number of its own, and its reference the same one (here: ",
      flags.seed, ")");
}

std::int64_t SamplesPerProbe(const CollectFlags& flags) { return AsksForChecks(flags) ? 1 : flags.samples; }

absl::StatusOr<Battery> SelectedBattery(const CollectFlags& flags) {
  if (AsksForChecks(flags)) return GeneratedBattery(flags);
  absl::StatusOr<Battery> battery = WholeBattery(flags);
  if (!battery.ok() || flags.groups.empty()) return battery;
  return SelectGroups(*battery, flags.groups);
}

}  // namespace pinchbeck::cli
