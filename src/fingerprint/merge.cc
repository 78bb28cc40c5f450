#include "pinchbeck/fingerprint/merge.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/fingerprint/limits.h"
#include "src/fingerprint/parts.h"

namespace pinchbeck {
namespace {

// Fingerprints have no file name here, so messages count them from 1.
std::string Nth(std::size_t i) { return "fingerprint " + std::to_string(i + 1); }

absl::Status Differ(std::size_t i, const std::string& what, const std::string& advice) {
  return absl::InvalidArgumentError(Nth(i) + " has another " + what + " than one before it; " + advice);
}

absl::Status CheckAlike(std::size_t i, const Fingerprint& first, const Fingerprint& other,
                        const FingerprintMergeOptions& options) {
  if (options.model.empty() && other.model != first.model) {
    return Differ(i, "label", "fingerprints of one model are merged: give the result's label if they are");
  }
  if (first.battery_sha256 && other.battery_sha256 && *first.battery_sha256 != *other.battery_sha256) {
    return Differ(i, "battery", "merge fingerprints of one battery");
  }
  if (first.endpoint_kind && other.endpoint_kind && *first.endpoint_kind != *other.endpoint_kind) {
    return Differ(i, "kind of endpoint", "merge fingerprints that were recorded through one API");
  }
  if (other.provenance) {
    return absl::InvalidArgumentError(Nth(i) + " has a provenance (" + other.provenance->source +
                                      "), which a merged fingerprint could not state; enrol the recordings");
  }
  return absl::OkStatus();
}

absl::Status AddPlan(std::size_t i, const SignalPlan& plan, SignalPlan& merged) {
  for (const auto& [probe, probe_plan] : plan) {
    const auto [it, added] = merged.emplace(probe, probe_plan);
    if (!added && !(it->second == probe_plan)) {
      return absl::InvalidArgumentError(
          Nth(i) + " reads the answers to probe \"" + probe +
          "\" in another way than one before it; enrol the recordings together");
    }
  }
  return absl::OkStatus();
}

// What the fingerprints before this one hold.
struct Taken {
  std::set<std::pair<std::string, std::string>> parts;
  std::set<std::string> sessions;
  // Parts without their names, as text.
  std::set<std::string> contents;
};

// The part as text without its names; the times stay, since the same answers were given at the same time.
std::string ContentOf(const FingerprintPart& part) {
  Fingerprint alone;
  alone.parts.push_back(part);
  alone.parts.front().variant.clear();
  alone.parts.front().session.clear();
  return SerializeFingerprint(alone);
}

std::string SessionInWords(const std::string& session) {
  return session.empty() ? "unnamed sessions" : "the session \"" + session + "\"";
}

absl::Status CheckNewPart(std::size_t i, const FingerprintPart& part, const std::string& content,
                          const FingerprintMergeOptions& options, const Taken& taken) {
  const std::string advice =
      "enrol the recordings together, where duplicates are seen, or merge as variants if they are other "
      "honest "
      "servings";
  if (taken.parts.contains({part.variant, part.session})) {
    return absl::InvalidArgumentError(Nth(i) + " and one before it both hold " +
                                      SessionInWords(part.session) + " of the variant \"" + part.variant +
                                      "\", perhaps the same answers; " + advice);
  }
  if (!options.variant_per_fingerprint && taken.sessions.contains(part.session)) {
    return absl::InvalidArgumentError(Nth(i) + " and one before it both hold " +
                                      SessionInWords(part.session) +
                                      ", though in other variants, perhaps the same answers; " + advice);
  }
  if (taken.contents.contains(content)) {
    return absl::InvalidArgumentError(Nth(i) + " holds the same answers as one before it in " +
                                      SessionInWords(part.session) + " of the variant \"" + part.variant +
                                      "\"; give them once, or enrol the recordings together");
  }
  return absl::OkStatus();
}

// Parts of the i-th fingerprint, under the names that they have in the result.
absl::Status AddParts(std::size_t i, const Fingerprint& fingerprint, const FingerprintMergeOptions& options,
                      Taken& taken, Fingerprint& merged) {
  Taken own;
  for (FingerprintPart part : fingerprint.parts) {
    if (options.variant_per_fingerprint) part.variant += " (" + std::to_string(i + 1) + ")";
    std::string content = ContentOf(part);
    PINCHBECK_RETURN_IF_ERROR(CheckNewPart(i, part, content, options, taken));
    own.parts.emplace(part.variant, part.session);
    if (!part.session.empty()) own.sessions.insert(part.session);
    own.contents.insert(std::move(content));
    merged.parts.push_back(std::move(part));
  }
  taken.parts.merge(own.parts);
  taken.sessions.merge(own.sessions);
  taken.contents.merge(own.contents);
  return absl::OkStatus();
}

void AddDescription(const Fingerprint& fingerprint, Fingerprint& merged) {
  if (!merged.battery_sha256) merged.battery_sha256 = fingerprint.battery_sha256;
  if (!merged.endpoint_kind) merged.endpoint_kind = fingerprint.endpoint_kind;
  for (const std::string& model : fingerprint.requested_models) {
    auto& known = merged.requested_models;
    if (std::find(known.begin(), known.end(), model) == known.end()) known.push_back(model);
  }
  for (const auto& [probe, texts] : fingerprint.texts) {
    std::copy(texts.begin(), texts.end(), std::back_inserter(merged.texts[probe]));
  }
}

absl::Status CheckDistinct(std::span<const Fingerprint* const> fingerprints) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    if (!seen.insert(SerializeFingerprint(*fingerprints[i])).second) {
      return absl::InvalidArgumentError(Nth(i) + " is equal to one before it; give each once");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Fingerprint> MergeFingerprints(std::span<const Fingerprint* const> fingerprints,
                                              const FingerprintMergeOptions& options) {
  if (fingerprints.empty()) return absl::InvalidArgumentError("no fingerprint given");
  PINCHBECK_RETURN_IF_ERROR(CheckDistinct(fingerprints));
  Fingerprint merged;
  merged.model = options.model.empty() ? fingerprints.front()->model : options.model;
  merged.created = options.created;
  Taken taken;
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    const Fingerprint& fingerprint = *fingerprints[i];
    // Against what is known so far, so that a field that the first does not have is compared as well.
    PINCHBECK_RETURN_IF_ERROR(CheckAlike(i, merged, fingerprint, options));
    PINCHBECK_RETURN_IF_ERROR(AddPlan(i, fingerprint.plan, merged.plan));
    PINCHBECK_RETURN_IF_ERROR(AddParts(i, fingerprint, options, taken, merged));
    AddDescription(fingerprint, merged);
  }
  if (merged.parts.size() > internal::kMaxParts) {
    return absl::InvalidArgumentError("more than " + std::to_string(internal::kMaxParts) +
                                      " sessions and variants together; merge fewer fingerprints");
  }
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSameConditions(merged.parts));
  internal::MeasureSpreads(options.seed, merged);
  return merged;
}

}  // namespace pinchbeck
