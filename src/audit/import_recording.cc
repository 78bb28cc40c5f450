#include "pinchbeck/audit/import_recording.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

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

// Equal names are one endpoint. Of logs that name hosts the scheme is a guess by the port.
std::string NameOf(const internal::Url& url, bool hosts) {
  return hosts ? url.host + ":" + url.port : internal::ComparableEndpoint(url.Public());
}

class RecordingImporter {
 public:
  using Visit = std::function<absl::Status(Observation)>;

  // `endpoint` is as NameOf() gives it, or empty. `hosts`: the log names hosts and no paths.
  RecordingImporter(const RecordingImportOptions& options, std::string endpoint, bool hosts,
                    const Visit& visit)
      : options_(options), endpoint_chosen_(std::move(endpoint)), hosts_(hosts), visit_(visit) {
    if (options.fingerprint == nullptr) return;
    matcher_.emplace(*options.fingerprint);
    summary_.warnings = matcher_->warnings();
  }

  absl::Status Add(Exchange exchange) {
    Observation& observation = exchange.observation;
    const std::string model = observation.request.model.value_or(exchange.model_in_log.value_or(""));
    PINCHBECK_RETURN_IF_ERROR(CheckNames(model, exchange));
    if (!IsModelChosen(model)) {
      // Some tools overwrite the name asked for with the one in the answer.
      return Skip(exchange.model_in_log.has_value() ? "the log names another model, asked for or answered"
                                                    : "another model was asked for");
    }
    if (!endpoint_chosen_.empty() && !IsChosen(observation.endpoint)) {
      return Skip("sent to another endpoint, or to one that the log does not name");
    }
    // One name of a probe stands for one way of asking. These would get it although they may have been asked
    // in different ways, or are copies of one answer.
    if (exchange.obstacle == RequestObstacle::kUnrecordedParameters) return Skip(kUnknownParameters);
    if (exchange.obstacle == RequestObstacle::kSeed) {
      return Skip("a seed, with which answers are no new draws");
    }
    PINCHBECK_RETURN_IF_ERROR(CheckOrigin(model, observation));
    if (!options_.session.empty()) observation.session = options_.session;
    NameProbe(exchange);
    if (kinds_.size() < kMostKinds) kinds_.insert(observation.probe);
    summary_.failed += observation.error.has_value() ? 1 : 0;
    summary_.unanswered += exchange.answer_missing ? 1 : 0;
    ++summary_.observations;
    Number(observation);
    return visit_(std::move(observation));
  }

  absl::StatusOr<RecordingImportSummary> Finish(LogImportSummary log) && {
    summary_.kinds = static_cast<std::int64_t>(kinds_.size());
    for (const auto& [reason, count] : log.skipped) summary_.skipped[reason] += count;
    summary_.faults = log.faults;
    summary_.fault_examples = std::move(log.fault_examples);
    if (summary_.observations == 0) return NothingImported();
    PINCHBECK_RETURN_IF_ERROR(CheckAnswered());
    return std::move(summary_);
  }

 private:
  [[nodiscard]] bool IsChosen(const std::optional<std::string>& endpoint) const {
    if (!endpoint.has_value()) return false;
    const absl::StatusOr<internal::Url> url = internal::ParseUrl(*endpoint);
    return url.ok() && NameOf(*url, hosts_) == endpoint_chosen_;
  }

  [[nodiscard]] bool IsModelChosen(const std::string& model) const {
    const std::vector<std::string>& also = options_.also_named;
    return options_.model.empty() || model == options_.model ||
           std::find(also.begin(), also.end(), model) != also.end();
  }

  // Told apart from an equal answer, and the same whenever the same log is imported again: servers give one
  // id to many answers, and clocks of logs may show whole seconds.
  void Number(Observation& observation) {
    const std::int64_t number = ++lines_[std::hash<std::string>{}(SerializeObservation(observation))];
    if (number > 1 || !observation.response.id.has_value()) observation.sample = number;
  }

  // Where the name may be the answer's, a choice by name is a choice by what was answered: an endpoint would
  // take answers out by naming another model in them.
  absl::Status CheckNames(const std::string& model, const Exchange& exchange) {
    if (options_.model.empty() || !exchange.model_in_log.has_value()) return absl::OkStatus();
    if (exchange.obstacle == RequestObstacle::kUnrecordedParameters) return absl::OkStatus();
    auto& mine = IsModelChosen(model) ? chosen_kinds_ : other_kinds_;
    const auto& others = IsModelChosen(model) ? other_kinds_ : chosen_kinds_;
    const std::string kind = exchange.request_sha256.substr(0, 32);
    const auto found = others.find(kind);
    if (found == others.end()) {
      if (mine.size() < kMostKinds) mine.emplace(kind, Named(model));
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        "requests of one kind are logged under several names (" + found->second + ", " + Named(model) +
        "), and this log may give the name in the answer; give a log of requests for one model, or, if these "
        "are names of one and the same model, all of them (--also-named)");
  }

  absl::Status Skip(const char* reason) {
    ++summary_.skipped[reason];
    return absl::OkStatus();
  }

  // A mixture of models is the fingerprint of none, and makes an honest endpoint look like another model.
  absl::Status CheckOrigin(const std::string& model, const Observation& observation) {
    if (!model_.has_value()) model_ = model;
    if (options_.model.empty() && model != *model_) {
      return absl::InvalidArgumentError("the log asks for several models (" + Named(*model_) + ", " +
                                        Named(model) + "); import one at a time (--model)");
    }
    const std::optional<std::string>& endpoint = observation.endpoint;
    // A request that failed may have reached none, and is no data.
    if (!endpoint.has_value() && observation.error.has_value()) return absl::OkStatus();
    unnamed_ = unnamed_ || !endpoint.has_value();
    if (endpoint.has_value() && !endpoint_.has_value()) endpoint_ = endpoint;
    if (unnamed_ && endpoint_.has_value()) {
      return absl::InvalidArgumentError("the log names an endpoint (" + Named(*endpoint_) +
                                        ") for some requests and none for others; choose one (--endpoint)");
    }
    if (!endpoint.has_value()) return absl::OkStatus();
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

  // ImportLog() asks this of the log; of the model chosen it must hold too. What is missing may be missing
  // for what it says.
  absl::Status CheckAnswered() const {
    const std::int64_t whole = summary_.observations - summary_.unanswered;
    if (summary_.unanswered <= whole) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "the log holds no whole answer to " + std::to_string(summary_.unanswered) + " of the " +
        std::to_string(summary_.observations) + " requests chosen, so that the others would be a selection");
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
  const bool hosts_;
  const Visit& visit_;
  std::optional<internal::ProbeMatcher> matcher_;
  std::optional<std::string> model_;
  std::optional<std::string> endpoint_;
  bool unnamed_ = false;
  std::set<std::string> kinds_;
  // The name under which a kind was seen first, by digest.
  std::unordered_map<std::string, std::string> chosen_kinds_;
  std::unordered_map<std::string, std::string> other_kinds_;
  // How often a line came, by hash.
  std::unordered_map<std::size_t, std::int64_t> lines_;
  RecordingImportSummary summary_;
};

}  // namespace

absl::StatusOr<RecordingImportSummary> ImportRecording(LogFormat format,
                                                       const std::vector<std::string>& paths,
                                                       const std::function<absl::Status(Observation)>& visit,
                                                       const RecordingImportOptions& options) {
  if (paths.empty()) return absl::InvalidArgumentError("no log given");
  const bool hosts = format == LogFormat::kOtel;
  std::string endpoint;
  if (!options.endpoint.empty()) {
    const absl::StatusOr<internal::Url> url = internal::ParseUrl(options.endpoint);
    if (!url.ok()) return internal::Annotate(url.status(), "endpoint");
    endpoint = NameOf(*url, hosts);
  }
  RecordingImporter importer(options, std::move(endpoint), hosts, visit);
  PINCHBECK_ASSIGN_OR_RETURN(
      LogImportSummary log,
      ImportLog(
          format, paths, [&](Exchange exchange) { return importer.Add(std::move(exchange)); }, options.log));
  return std::move(importer).Finish(std::move(log));
}

}  // namespace pinchbeck
