#include "src/cli/collect_flags.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "pinchbeck/client/api.h"

namespace pinchbeck::cli {
namespace {

constexpr const char* kGroup = "Collecting";

std::vector<std::string> ApiChoices() {
  std::vector<std::string> names = {kDetectApi};
  for (const Api api : AllApis()) names.emplace_back(ApiName(api));
  return names;
}

template <typename T>
void AddOptional(CLI::App& app, const std::string& name, std::optional<T>& field, const std::string& help,
                 const CLI::Validator& validator) {
  app.add_option_function<T>(
         name, [&field](const T& value) { field = value; }, help)
      ->check(validator)
      ->group(kGroup);
}

void AddBudgetFlags(CLI::App& app, CollectBudget& budget) {
  AddOptional(app, "--max-requests", budget.max_requests, "Stop before sending more requests than this",
              CLI::NonNegativeNumber);
  AddOptional(app, "--max-tokens", budget.max_tokens, "Stop before using more tokens (input and output)",
              CLI::NonNegativeNumber);
  AddOptional(app, "--max-cost", budget.max_cost_usd,
              "Stop before spending more US dollars; needs --price-in and --price-out",
              CLI::NonNegativeNumber);
  AddOptional(app, "--price-in", budget.usd_per_mtok_in, "US dollars per million input tokens",
              CLI::NonNegativeNumber);
  AddOptional(app, "--price-out", budget.usd_per_mtok_out, "US dollars per million output tokens",
              CLI::NonNegativeNumber);
}

void AddSendingFlags(CLI::App& app, CollectFlags& flags) {
  app.add_option("--concurrency", flags.concurrency, "Requests in flight at the same time")
      ->capture_default_str()
      ->check(CLI::Range(1, kMaxConcurrency))
      ->group(kGroup);
  app.add_option("--timeout", flags.timeout_s, "Seconds for one request")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 86400.0))
      ->group(kGroup);
  app.add_option("--connect-timeout", flags.connect_timeout_s, "Seconds for making a connection")
      ->capture_default_str()
      ->check(CLI::Range(0.001, 3600.0))
      ->group(kGroup);
  app.add_option("--max-retries", flags.max_retries, "Retries of a request that failed for a passing reason")
      ->capture_default_str()
      ->check(CLI::Range(0, 100))
      ->group(kGroup);
  app.add_option("--session", flags.session, "Label of this collection (default: the time it starts)")
      ->group(kGroup);
  app.add_option("--token-limit-field", flags.token_limit_field,
                 "Name of the output limit in chat completions; newer reasoning models want "
                 "max_completion_tokens")
      ->capture_default_str()
      ->check(CLI::IsMember({"max_tokens", "max_completion_tokens"}))
      ->group(kGroup);
  app.add_flag("--insecure-http", flags.insecure_http, "Permit sending the key over plain http")
      ->group(kGroup);
  app.add_flag("--yes", flags.yes, "Do not ask before a large collection")->group(kGroup);
}

}  // namespace

void AddCollectFlags(CLI::App& app, CollectFlags& flags, const CollectFlagNames& names) {
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
  app.add_option("--battery", flags.battery_path, "File of probes instead of the built-in ones")
      ->group(kGroup);
  app.add_option("--groups", flags.groups, "Groups of probes, separated by commas (default: all)")
      ->delimiter(',')
      ->group(kGroup);
  app.add_option("--samples", flags.samples, "Answers per probe")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}))
      ->group(kGroup);
  app.add_flag("--resume", flags.resume, "Continue a recording: skip the answers it already holds")
      ->group(kGroup);
  if (names.with_seed) {
    app.add_option("--seed", flags.seed, "Decides the order of the requests")
        ->capture_default_str()
        ->group(kGroup);
  }
  AddBudgetFlags(app, flags.budget);
  AddSendingFlags(app, flags);
}

absl::StatusOr<Battery> SelectedBattery(const CollectFlags& flags) {
  absl::StatusOr<Battery> battery = flags.battery_path.empty() ? absl::StatusOr<Battery>(BuiltinBattery())
                                                               : LoadBattery(flags.battery_path);
  if (!battery.ok() || flags.groups.empty()) return battery;
  return SelectGroups(*battery, flags.groups);
}

}  // namespace pinchbeck::cli
