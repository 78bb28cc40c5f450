#include "pinchbeck/client/client.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/budget.h"
#include "src/client/collect_options.h"
#include "src/client/collector.h"
#include "src/client/operation.h"
#include "src/client/url.h"

namespace pinchbeck {
namespace {

bool SameRequest(const RequestRecord& a, const RequestRecord& b) {
  // Recordings of older versions do not name the API.
  if (a.api.has_value() && b.api.has_value() && a.api != b.api) return false;
  return a.model == b.model && a.temperature == b.temperature && a.top_p == b.top_p && a.top_k == b.top_k &&
         a.min_p == b.min_p && a.max_tokens == b.max_tokens && a.stream == b.stream &&
         a.top_logprobs == b.top_logprobs && a.prompt_sha256 == b.prompt_sha256;
}

// What an endpoint may make a collection do without.
struct Reducible {
  std::optional<double> temperature, top_p, min_p;
  std::optional<std::int64_t> top_k, top_logprobs;
  std::optional<bool> stream;
  [[nodiscard]] bool operator==(const Reducible&) const = default;
};

Reducible ReducibleOf(const RequestRecord& record) {
  return {record.temperature, record.top_p, record.min_p, record.top_k, record.top_logprobs, record.stream};
}

// Whether `recorded` may be what is left of `planned` after refusals, and everything else is the same.
bool IsReduced(const RequestRecord& planned, const RequestRecord& recorded) {
  RequestRecord rest = planned;
  if (!recorded.temperature.has_value()) rest.temperature.reset();
  if (!recorded.top_p.has_value()) rest.top_p.reset();
  if (!recorded.top_k.has_value()) rest.top_k.reset();
  if (!recorded.min_p.has_value()) rest.min_p.reset();
  if (planned.top_logprobs.has_value() &&
      recorded.top_logprobs.value_or(0) < *planned.top_logprobs + (recorded.top_logprobs ? 0 : 1)) {
    rest.top_logprobs = recorded.top_logprobs;
  }
  if (recorded.stream == false) rest.stream = false;
  return SameRequest(rest, recorded);
}

bool IsHeaderValue(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte < 0x7F;
  });
}

}  // namespace

void CompletedSamples::AddReduced(const std::string& probe, std::int64_t sample, RequestRecord request) {
  reduced_[{probe, sample}].push_back(std::move(request));
}

bool CompletedSamples::ContainsReduced(const std::string& probe, std::int64_t sample,
                                       const RequestRecord& request) const {
  const auto it = reduced_.find({probe, sample});
  if (it == reduced_.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(), [&](const RequestRecord& recorded) {
    return ReducibleOf(recorded) == ReducibleOf(request);
  });
}

std::string_view StopReasonName(StopReason reason) {
  switch (reason) {
    case StopReason::kCompleted:
      return "completed";
    case StopReason::kBudget:
      return "budget";
    case StopReason::kInterrupted:
      return "interrupted";
    case StopReason::kGaveUp:
      return "gave_up";
    case StopReason::kPartner:
      return "partner";
  }
  return "unknown";
}

absl::StatusOr<CompletedSamples> LoadCompletedSamples(RecordingReader& reader, const Endpoint& endpoint,
                                                      const Battery& battery, const Dialect& dialect) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string url, PublicBaseUrl(endpoint.base_url));
  std::unordered_map<std::string, RequestRecord> expected;
  for (const Probe& probe : battery.probes) {
    expected.emplace(probe.id, internal::MakeRequestRecord(endpoint, probe, dialect));
  }
  CompletedSamples completed;
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(std::optional<Observation> observation, reader.Next());
    if (!observation.has_value()) return completed;
    if (observation->error.has_value() || !observation->sample.has_value()) continue;
    const auto it = expected.find(observation->probe);
    if (it != expected.end() && !SameRequest(it->second, observation->request) &&
        IsReduced(it->second, observation->request)) {
      completed.AddReduced(observation->probe, *observation->sample, observation->request);
      continue;
    }
    if (it == expected.end() || !SameRequest(it->second, observation->request)) {
      ++completed.not_matching;
      continue;
    }
    if (observation->endpoint.has_value() && *observation->endpoint != url) ++completed.from_other_endpoint;
    completed.Add(observation->probe, *observation->sample);
  }
}

CollectPlan PlanCollection(const Battery& battery, const CollectOptions& options) {
  CollectPlan plan;
  plan.probes = static_cast<std::int64_t>(battery.probes.size());
  for (const Probe& probe : battery.probes) {
    std::int64_t requests = 0;
    for (std::int64_t sample = 0; sample < options.samples_per_probe; ++sample) {
      if (!options.completed.Contains(probe.id, sample)) ++requests;
    }
    plan.requests += requests;
    plan.skipped += options.samples_per_probe - requests;
    plan.input_tokens += requests * internal::LikelyInputTokens(probe);
    plan.max_output_tokens += requests * probe.sampling.max_tokens;
  }
  plan.max_cost_usd = internal::CostUsd(options.budget, {plan.input_tokens, plan.max_output_tokens});
  return plan;
}

absl::Status ValidateEndpoint(const Endpoint& endpoint, bool allow_insecure_http) {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url, internal::ParseUrl(endpoint.base_url));
  if (endpoint.model.empty()) return absl::InvalidArgumentError("the model name is empty");
  if (!IsHeaderValue(endpoint.api_key.Reveal())) {
    return absl::InvalidArgumentError(
        "the API key holds a space, a line break or a character outside ASCII: check where it comes from");
  }
  const bool secret = !endpoint.api_key.empty() || !url.user_info.empty();
  if (secret && url.scheme == "http" && !url.IsLoopback() && !allow_insecure_http) {
    return absl::PermissionDeniedError(absl::StrCat(
        "refused to send the API key unencrypted to ", url.Origin(),
        ": use an https base URL, or run without a key, or permit plain http explicitly (--insecure-http)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PublicBaseUrl(std::string_view base_url) {
  PINCHBECK_ASSIGN_OR_RETURN(internal::Url url, internal::ParseUrl(base_url));
  url.path = internal::SplitOperation(url.path).base;
  return url.Public();
}

absl::StatusOr<CollectSummary> Collect(const Endpoint& endpoint, const Battery& battery,
                                       const CollectOptions& options, const CollectServices& services) {
  // Whether a key may go over plain http is the transport's decision.
  PINCHBECK_RETURN_IF_ERROR(ValidateEndpoint(endpoint, /*allow_insecure_http=*/true));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckCollectOptions(battery, options, services.dialect));
  PINCHBECK_ASSIGN_OR_RETURN(std::string public_url, PublicBaseUrl(endpoint.base_url));
  internal::CollectionShare share{internal::Ledger({options.budget})};
  return internal::Collector(endpoint, std::move(public_url), battery, options, services, {share, 0}).Run();
}

}  // namespace pinchbeck
