#include "src/c/options.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::c {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostThreads = 1024;

}  // namespace

OptionReader::OptionReader(const char* text) : object_(json::object()) {
  if (text == nullptr) return;
  object_ = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (object_.is_object()) return;
  status_ = absl::InvalidArgumentError("options: expected a JSON object");
  object_ = json::object();
}

const json* OptionReader::Find(const char* key) {
  known_.emplace_back(key);
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void OptionReader::Fault(const char* key, const char* expected) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(std::string("options.") + key + ": expected " + expected);
}

OptionReader& OptionReader::Number(const char* key, double& field) {
  const json* value = Find(key);
  if (value == nullptr) return *this;
  if (value->is_number() && std::isfinite(value->get<double>())) {
    field = value->get<double>();
  } else {
    Fault(key, "a number");
  }
  return *this;
}

OptionReader& OptionReader::Number(const char* key, std::optional<double>& field) {
  double value = std::numeric_limits<double>::quiet_NaN();
  Number(key, value);
  if (!std::isnan(value)) field = value;
  return *this;
}

OptionReader& OptionReader::Count(const char* key, std::int64_t least, std::int64_t& field) {
  const json* value = Find(key);
  if (value == nullptr) return *this;
  const bool fits = value->is_number_integer() &&
                    (!value->is_number_unsigned() ||
                     value->get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  if (fits && value->get<std::int64_t>() >= least) {
    field = value->get<std::int64_t>();
  } else {
    Fault(key, least > 0 ? "an integer of at least 1" : "an integer of at least 0");
  }
  return *this;
}

OptionReader& OptionReader::Count(const char* key, std::uint64_t& field) {
  const json* value = Find(key);
  if (value == nullptr) return *this;
  if (value->is_number_unsigned()) {
    field = value->get<std::uint64_t>();
  } else {
    Fault(key, "an integer of at least 0");
  }
  return *this;
}

OptionReader& OptionReader::Flag(const char* key, bool& field) {
  const json* value = Find(key);
  if (value == nullptr) return *this;
  if (value->is_boolean()) {
    field = value->get<bool>();
  } else {
    Fault(key, "true or false");
  }
  return *this;
}

OptionReader& OptionReader::Text(const char* key, std::string& field) {
  const json* value = Find(key);
  if (value == nullptr) return *this;
  if (value->is_string()) {
    field = value->get<std::string>();
  } else {
    Fault(key, "a string");
  }
  return *this;
}

OptionReader& OptionReader::Texts(const char* key, std::vector<std::string>& field) {
  const json* value = Find(key);
  if (value == nullptr) return *this;
  const bool strings = value->is_array() && std::all_of(value->begin(), value->end(),
                                                        [](const json& entry) { return entry.is_string(); });
  if (strings) {
    field = value->get<std::vector<std::string>>();
  } else {
    Fault(key, "a list of strings");
  }
  return *this;
}

absl::Status OptionReader::Finish() const {
  if (!status_.ok()) return status_;
  for (const auto& entry : object_.items()) {
    if (std::find(known_.begin(), known_.end(), entry.key()) != known_.end()) continue;
    std::string names;
    for (const std::string& name : known_) names += (names.empty() ? "" : ", ") + name;
    return absl::InvalidArgumentError("options: a member is not known; give only " + names);
  }
  return absl::OkStatus();
}

absl::StatusOr<VerifyOptions> ReadVerifyOptions(const char* text) {
  VerifyOptions options;
  std::string claim(ClaimName(options.claim));
  std::string latency(LatencyModeName(options.latency));
  std::int64_t threads = options.threads;
  PINCHBECK_RETURN_IF_ERROR(OptionReader(text)
                                .Number("alpha", options.alpha)
                                .Text("claim", claim)
                                .Text("latency", latency)
                                .Count("seed", options.seed)
                                .Count("permutations", 1, options.permutations)
                                .Count("threads", 1, threads)
                                .Number("max_age_days", options.max_age_days)
                                .Flag("ranking_only", options.ranking_only)
                                .Finish());
  options.threads = static_cast<int>(std::min(threads, kMostThreads));
  bool claim_known = false;
  for (const Claim known : {Claim::kWeights, Claim::kServing}) {
    if (claim != ClaimName(known)) continue;
    options.claim = known;
    claim_known = true;
  }
  if (!claim_known) return absl::InvalidArgumentError("options.claim: expected weights or serving");
  bool latency_known = false;
  for (const LatencyMode known : {LatencyMode::kAdvisory, LatencyMode::kShape, LatencyMode::kStrict}) {
    if (latency != LatencyModeName(known)) continue;
    options.latency = known;
    latency_known = true;
  }
  if (!latency_known) {
    return absl::InvalidArgumentError("options.latency: expected advisory, shape or strict");
  }
  return options;
}

absl::StatusOr<MonitorOptions> ReadMonitorOptions(const char* text) {
  MonitorOptions options;
  PINCHBECK_RETURN_IF_ERROR(OptionReader(text)
                                .Number("alpha", options.alpha)
                                .Number("tolerance", options.tolerance)
                                .Number("greedy_tolerance", options.greedy_tolerance)
                                .Count("seed", options.seed)
                                .Number("mean_run", options.mean_run)
                                .Texts("signals", options.signals)
                                .Finish());
  return options;
}

absl::StatusOr<ObserverOptions> ReadObserverOptions(const char* text) {
  ObserverOptions options;
  const auto signed_of = [](std::size_t value) { return static_cast<std::int64_t>(value); };
  std::int64_t observations = signed_of(options.max_observations);
  std::int64_t bytes = signed_of(options.max_bytes);
  std::int64_t request = signed_of(options.limits.max_request_bytes);
  std::int64_t response = signed_of(options.limits.max_response_bytes);
  std::string endpoint;
  PINCHBECK_RETURN_IF_ERROR(OptionReader(text)
                                .Texts("models", options.models)
                                .Text("endpoint", endpoint)
                                .Count("max_observations", 1, observations)
                                .Count("max_bytes", 1, bytes)
                                .Count("max_request_bytes", 1, request)
                                .Count("max_response_bytes", 1, response)
                                .Finish());
  if (options.models.empty()) {
    return absl::InvalidArgumentError(
        "options.models: missing; list the names by which the application asks for the model");
  }
  if (!endpoint.empty()) options.endpoint = endpoint;
  options.max_observations = static_cast<std::size_t>(observations);
  options.max_bytes = static_cast<std::size_t>(bytes);
  options.limits.max_request_bytes = static_cast<std::size_t>(request);
  options.limits.max_response_bytes = static_cast<std::size_t>(response);
  return options;
}

}  // namespace pinchbeck::c
