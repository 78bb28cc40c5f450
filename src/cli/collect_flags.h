// The flags of every command that talks to an endpoint, and the collection they ask for.
#ifndef PINCHBECK_SRC_CLI_COLLECT_FLAGS_H_
#define PINCHBECK_SRC_CLI_COLLECT_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/check_battery.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {

// Value of --api that leaves the choice to the address.
inline constexpr const char* kDetectApi = "auto";

struct CollectFlags {
  std::string base_url;
  // Name of an API, or kDetectApi.
  std::string api = kDetectApi;
  std::string model;
  // Name of the environment variable with the key. Absent: the one usual for the API. Empty: no key.
  std::optional<std::string> api_key_env;
  // Empty: the built-in battery.
  std::string battery_path;
  // Name of the environment variable with the battery key. Empty: published prompts.
  std::string battery_key_env;
  // Empty: all groups.
  std::vector<std::string> groups;
  std::int64_t samples = 10;
  // Longest rung of the group "context", in tokens.
  std::int64_t context_tokens = CheckBatteryOptions{}.context_tokens;
  bool resume = false;
  int concurrency = 4;
  std::uint64_t seed = 1;
  // The user chose it.
  bool seed_given = false;
  CollectBudget budget;
  // Empty: no file of prices.
  std::string prices_path;
  RateLimits rate_limits;
  // Time over which the requests are spread.
  absl::Duration spread;
  // Seconds.
  double timeout_s = 120.0;
  // Silence before the first byte or between two pieces; absent: as long as the whole request may take.
  std::optional<double> idle_timeout_s;
  double connect_timeout_s = 10.0;
  int max_retries = 2;
  // Empty: the time when the collection starts.
  std::string session;
  std::string token_limit_field = "max_tokens";
  bool insecure_http = false;
  bool yes = false;
};

struct CollectFlagNames {
  // Commands that test have a --seed of their own; they copy its value into CollectFlags::seed.
  bool with_seed = true;
  // Commands whose --model means a label leave it out and fill CollectFlags::model themselves.
  bool with_model = true;
  bool endpoint_required = true;
};

// What --api takes.
[[nodiscard]] std::vector<std::string> ApiChoices();

// Only the flags that say which endpoint is meant and how it is reached.
void AddEndpointFlags(CLI::App& app, CollectFlags& flags, const CollectFlagNames& names = {});

// Adds all flags to a subcommand. `flags` must outlive the parsing.
void AddCollectFlags(CLI::App& app, CollectFlags& flags, const CollectFlagNames& names = {});

// Everything about a finished collection that a summary may show.
struct CollectionReport {
  CollectSummary summary;
  std::string endpoint;
  std::string api;
  std::string model;
  std::string battery_name;
  std::string battery_version;
  std::string battery_sha256;
  std::string session;
  std::string out_path;
  std::uint64_t seed = 1;
  // Where the prices come from; empty without prices.
  std::string prices;
};

// The battery that the flags select; reads the battery key from the environment. Errors: as LoadBattery(),
// ReadBatteryKey(), KeyedBattery(), SelectGroups() and CheckProbes::Compose().
[[nodiscard]] absl::StatusOr<Battery> SelectedBattery(const CollectFlags& flags);
// A warning where a later run would send the same generated texts; empty elsewhere.
[[nodiscard]] std::string SeedWarning(const CollectFlags& flags);
// How often each of its probes is sent: generated groups (see CheckProbes) hold a probe for each sample.
[[nodiscard]] std::int64_t SamplesPerProbe(const CollectFlags& flags);

// Collects into a recording file. Prints the plan and warnings to `context.err`, a progress line if that is a
// terminal; does not set the exit code. Reads the key from the environment.
// InvalidArgument: flags, battery or environment; AlreadyExists: the file has content and `resume` is not
// set; PermissionDenied: see ValidateEndpoint(); Cancelled: the user declined the plan; FailedPrecondition: a
// large plan, and nobody to ask.
[[nodiscard]] absl::StatusOr<CollectionReport> CollectToFile(const CollectFlags& flags,
                                                             const std::string& out_path,
                                                             CommandContext& context);

// OK when the collection gave something and came to its end or to its budget. Otherwise an error whose
// message says what is recorded and what to do: Cancelled after Ctrl-C, Unavailable when the endpoint gave
// nothing or stopped answering.
[[nodiscard]] absl::Status CollectionStatus(const CollectionReport& report);

// Both in one, for `enroll` and `verify`.
[[nodiscard]] absl::StatusOr<CollectSummary> RunCollection(const CollectFlags& flags,
                                                           const std::string& out_path,
                                                           CommandContext& context);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COLLECT_FLAGS_H_
