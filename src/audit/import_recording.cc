#include "pinchbeck/audit/import_recording.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/audit/probe_matcher.h"
#include "src/client/endpoint_name.h"
#include "src/client/text_guard.h"
#include "src/client/url.h"

namespace pinchbeck {
namespace {

constexpr const char* kUnknownParameters = "not known with which parameters they were asked";
constexpr std::size_t kMostKinds = 1'000'000;
constexpr std::size_t kMostObstacles = 100;

std::string Named(const std::string& text) { return text.empty() ? "(none)" : internal::CleanLine(text, 80); }

class RecordingImporter {
 public:
  using Visit = std::function<absl::Status(Observation)>;

  // `endpoint` is comparable, or empty.
  RecordingImporter(const RecordingImportOptions& options, std::string endpoint, const Visit& visit)
      : options_(options), endpoint_chosen_(std::move(endpoint)), visit_(visit) {
    if (options.fingerprint == nullptr) return;
    matcher_.emplace(*options.fingerprint);
    summary_.warnings = matcher_->warnings();
  }

  absl::Status Add(Exchange exchange) {
    Observation& observation = exchange.observation;
    const std::string model = observation.request.model.value_or(exchange.model_in_log.value_or(""));
    if (!options_.model.empty() && model != options_.model) return Skip("another model was asked for");
    if (!endpoint_chosen_.empty() && !IsChosen(observation.endpoint)) {
      return Skip("sent to another endpoint, or to one that the log does not name");
    }
    // One name of a probe stands for one way of asking. These would get it although they may have been asked
    // in different ways, or are copies of one answer.
    if (exchange.obstacle == RequestObstacle::kUnrecordedParameters) return Skip(kUnknownParameters);
    if (exchange.obstacle == RequestObstacle::kSeed) {
      return Skip("a seed, with which answers are no new draws");
    }
    PINCHBECK_RETURN_IF_ERROR(CheckOrigin(model, observation.endpoint));
    if (!options_.session.empty()) observation.session = options_.session;
    NameProbe(exchange);
    if (kinds_.size() < kMostKinds) kinds_.insert(observation.probe);
    summary_.failed += observation.error.has_value() ? 1 : 0;
    ++summary_.observations;
    // A number made up here would tell copies of one answer apart.
    if (!observation.response.id.has_value()) observation.sample = summary_.observations;
    return visit_(std::move(observation));
  }

  absl::StatusOr<RecordingImportSummary> Finish(LogImportSummary log) && {
    summary_.kinds = static_cast<std::int64_t>(kinds_.size());
    for (const auto& [reason, count] : log.skipped) summary_.skipped[reason] += count;
    summary_.faults = log.faults;
    summary_.fault_examples = std::move(log.fault_examples);
    if (summary_.observations == 0) return NothingImported();
    return std::move(summary_);
  }

 private:
  [[nodiscard]] bool IsChosen(const std::optional<std::string>& endpoint) const {
    return endpoint.has_value() && internal::ComparableEndpoint(*endpoint) == endpoint_chosen_;
  }

  absl::Status Skip(const char* reason) {
    ++summary_.skipped[reason];
    return absl::OkStatus();
  }

  // A mixture of models is the fingerprint of none, and makes an honest endpoint look like another model.
  absl::Status CheckOrigin(const std::string& model, const std::optional<std::string>& endpoint) {
    if (!model_.has_value()) model_ = model;
    if (model != *model_) {
      return absl::InvalidArgumentError("the log asks for several models (" + Named(*model_) + ", " +
                                        Named(model) + "); import one at a time (--model)");
    }
    if (!endpoint.has_value()) return absl::OkStatus();
    if (!endpoint_.has_value()) endpoint_ = endpoint;
    if (internal::ComparableEndpoint(*endpoint) != internal::ComparableEndpoint(*endpoint_)) {
      return absl::InvalidArgumentError("the log names several endpoints (" + Named(*endpoint_) + ", " +
                                        Named(*endpoint) + "); import one at a time (--endpoint)");
    }
    return absl::OkStatus();
  }

  // The fingerprint's probe; else a name that requests of one identity share, so that each prompt asked in
  // one way is a probe of its own.
  void NameProbe(Exchange& exchange) {
    Observation& observation = exchange.observation;
    if (matcher_.has_value()) {
      const internal::ProbeMatchResult match = matcher_->Match(exchange);
      if (match.probe != nullptr) {
        observation.probe = *match.probe;
        ++summary_.matched;
        return;
      }
    }
    observation.probe = internal::LogProbeName(exchange);
    if (exchange.obstacle == RequestObstacle::kNone) return;
    std::string reason(RequestObstacleName(exchange.obstacle));
    if (!exchange.obstacle_field.empty()) reason += " " + exchange.obstacle_field;
    auto& obstacles = summary_.obstacles;
    if (obstacles.size() < kMostObstacles || obstacles.contains(reason)) ++obstacles[reason];
  }

  absl::Status NothingImported() const {
    std::string message = "nothing in the log could be imported";
    for (const auto& [reason, count] : summary_.skipped) {
      message += "; " + std::to_string(count) + " left out: " + reason;
    }
    if (summary_.skipped.contains(kUnknownParameters)) {
      message += "; if every record lists all that was sent, say so (--parameters-complete)";
    }
    return absl::InvalidArgumentError(message);
  }

  const RecordingImportOptions& options_;
  const std::string endpoint_chosen_;
  const Visit& visit_;
  std::optional<internal::ProbeMatcher> matcher_;
  std::optional<std::string> model_;
  std::optional<std::string> endpoint_;
  std::set<std::string> kinds_;
  RecordingImportSummary summary_;
};

}  // namespace

absl::StatusOr<RecordingImportSummary> ImportRecording(LogFormat format,
                                                       const std::vector<std::string>& paths,
                                                       const std::function<absl::Status(Observation)>& visit,
                                                       const RecordingImportOptions& options) {
  if (paths.empty()) return absl::InvalidArgumentError("no log given");
  std::string endpoint;
  if (!options.endpoint.empty()) {
    const absl::StatusOr<internal::Url> url = internal::ParseUrl(options.endpoint);
    if (!url.ok()) return internal::Annotate(url.status(), "endpoint");
    endpoint = internal::ComparableEndpoint(url->Public());
  }
  RecordingImporter importer(options, std::move(endpoint), visit);
  PINCHBECK_ASSIGN_OR_RETURN(
      LogImportSummary log,
      ImportLog(
          format, paths, [&](Exchange exchange) { return importer.Add(std::move(exchange)); }, options.log));
  return std::move(importer).Finish(std::move(log));
}

}  // namespace pinchbeck
