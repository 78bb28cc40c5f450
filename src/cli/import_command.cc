// pinchbeck import: logs that people already have to a recording.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/client/log_import.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "src/audit/probe_matcher.h"
#include "src/cli/command.h"
#include "src/client/endpoint_name.h"
#include "src/client/url.h"

namespace pinchbeck::cli {
namespace {

struct ImportFlags {
  std::string from;
  std::vector<std::string> logs;
  std::string out;
  std::string fingerprint;
  std::string model;
  std::string endpoint;
  std::string session;
  LogImportOptions options;
};

struct ImportCounts {
  std::int64_t written = 0;
  std::int64_t matched = 0;
  std::int64_t failed = 0;
  std::set<std::string> probes;
  // Requests that cannot be a probe's of another origin, by obstacle.
  std::map<std::string, std::int64_t> obstacles;
  // Left out here, by reason.
  std::map<std::string, std::int64_t> skipped;
};

std::string AtMost(const std::string& text) { return Printable(text.empty() ? "(none)" : text, 80); }

class Import {
 public:
  Import(const ImportFlags& flags, RecordingWriter& writer, const internal::ProbeMatcher* matcher)
      : flags_(flags), writer_(writer), matcher_(matcher) {}

  absl::Status Add(Exchange exchange) {
    Observation& observation = exchange.observation;
    const std::string model = observation.request.model.value_or(exchange.model_in_log.value_or(""));
    if (!flags_.model.empty() && model != flags_.model) return Skip("another model was asked for");
    if (!flags_.endpoint.empty() && !IsOurs(observation.endpoint)) {
      return Skip("sent to another endpoint, or to one that the log does not name");
    }
    // One name of a probe stands for one way of asking. These would get it although they may have been asked
    // in different ways, or are copies of one answer.
    if (exchange.obstacle == RequestObstacle::kUnrecordedParameters) {
      return Skip("not known with which parameters they were asked");
    }
    if (exchange.obstacle == RequestObstacle::kSeed)
      return Skip("a seed, with which answers are no new draws");
    PINCHBECK_RETURN_IF_ERROR(CheckOrigin(model, observation.endpoint));
    if (!flags_.session.empty()) observation.session = flags_.session;
    NameProbe(exchange);
    if (counts_.probes.size() < 1'000'000) counts_.probes.insert(observation.probe);
    counts_.failed += observation.error.has_value() ? 1 : 0;
    ++counts_.written;
    // A number made up here would tell copies of one answer apart.
    if (!observation.response.id.has_value()) observation.sample = counts_.written;
    return writer_.Append(observation);
  }

  [[nodiscard]] const ImportCounts& counts() const { return counts_; }

 private:
  [[nodiscard]] bool IsOurs(const std::optional<std::string>& endpoint) const {
    return endpoint.has_value() && internal::ComparableEndpoint(*endpoint) == flags_.endpoint;
  }

  absl::Status Skip(const char* reason) {
    ++counts_.skipped[reason];
    return absl::OkStatus();
  }

  // A mixture of models is the fingerprint of none, and makes an honest endpoint look like another model.
  absl::Status CheckOrigin(const std::string& model, const std::optional<std::string>& endpoint) {
    if (!model_.has_value()) model_ = model;
    if (model != *model_) {
      return absl::InvalidArgumentError("the log asks for several models (" + AtMost(*model_) + ", " +
                                        AtMost(model) + "); import one at a time with --model");
    }
    if (!endpoint.has_value()) return absl::OkStatus();
    if (!endpoint_.has_value()) endpoint_ = endpoint;
    if (*endpoint != *endpoint_) {
      return absl::InvalidArgumentError("the log names several endpoints (" + AtMost(*endpoint_) + ", " +
                                        AtMost(*endpoint) + "); import one at a time with --endpoint");
    }
    return absl::OkStatus();
  }

  // The fingerprint's probe; else a name that requests of one identity share, so that each prompt asked in
  // one way is a probe of its own.
  void NameProbe(Exchange& exchange) {
    Observation& observation = exchange.observation;
    if (matcher_ != nullptr) {
      const internal::ProbeMatchResult match = matcher_->Match(exchange);
      if (match.probe != nullptr) {
        observation.probe = *match.probe;
        ++counts_.matched;
        return;
      }
    }
    observation.probe = internal::LogProbeName(exchange);
    if (exchange.obstacle == RequestObstacle::kNone) return;
    std::string reason(RequestObstacleName(exchange.obstacle));
    if (!exchange.obstacle_field.empty()) reason += " " + exchange.obstacle_field;
    if (counts_.obstacles.size() < 100) ++counts_.obstacles[reason];
  }

  const ImportFlags& flags_;
  RecordingWriter& writer_;
  const internal::ProbeMatcher* matcher_;
  std::optional<std::string> model_;
  std::optional<std::string> endpoint_;
  ImportCounts counts_;
};

void PrintSummary(const ImportFlags& flags, const ImportCounts& counts, const LogImportSummary& log,
                  CommandContext& context) {
  context.out << "Imported " << counts.written << " requests (" << counts.failed << " failed) of "
              << counts.probes.size() << " kinds into " << flags.out << "\n";
  if (!flags.fingerprint.empty()) {
    context.out << "  " << counts.matched << " were asked as a probe of " << flags.fingerprint << "\n";
  }
  for (const auto& [reason, count] : counts.obstacles) {
    context.out << "  " << count << " can be no plain probe: " << Printable(reason) << "\n";
  }
  for (const auto* skipped : {&log.skipped, &counts.skipped}) {
    for (const auto& [reason, count] : *skipped) {
      context.out << "  " << count << " records left out: " << reason << "\n";
    }
  }
  if (log.faults == 0) return;
  context.err << "pinchbeck: warning: " << log.faults << " records left out that cannot be read, such as\n";
  for (const std::string& fault : log.fault_examples) context.err << "  " << Printable(fault, 300) << "\n";
}

absl::Status NothingImported(const ImportCounts& counts) {
  std::string message = "nothing in the log could be imported";
  for (const auto& [reason, count] : counts.skipped) {
    message += "; " + std::to_string(count) + " left out: " + reason;
  }
  if (counts.skipped.contains("not known with which parameters they were asked")) {
    message += " (give --parameters-complete if every record lists all that was sent)";
  }
  return absl::InvalidArgumentError(message);
}

absl::Status ImportAll(const ImportFlags& flags, CommandContext& context) {
  std::optional<internal::ProbeMatcher> matcher;
  if (!flags.fingerprint.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, LoadFingerprint(flags.fingerprint));
    matcher.emplace(fingerprint);
    for (const std::string& warning : matcher->warnings()) {
      context.err << "pinchbeck: warning: " << flags.fingerprint << ": " << Printable(warning, 300) << "\n";
    }
  }
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, RecordingWriter::Open(flags.out));
  Import import(flags, writer, matcher.has_value() ? &*matcher : nullptr);
  PINCHBECK_ASSIGN_OR_RETURN(
      const LogImportSummary summary,
      ImportLog(
          *LogFormatFromName(flags.from), flags.logs,
          [&](Exchange exchange) { return import.Add(std::move(exchange)); }, flags.options));
  PINCHBECK_RETURN_IF_ERROR(writer.Close());
  if (import.counts().written == 0) return NothingImported(import.counts());
  PrintSummary(flags, import.counts(), summary, context);
  return absl::OkStatus();
}

absl::Status RunImport(ImportFlags flags, CommandContext& context) {
  if (!flags.endpoint.empty()) {
    const absl::StatusOr<internal::Url> url = internal::ParseUrl(flags.endpoint);
    if (!url.ok()) return internal::Annotate(url.status(), "--endpoint");
    flags.endpoint = internal::ComparableEndpoint(url->Public());
  }
  if (std::filesystem::exists(flags.out)) {
    return absl::InvalidArgumentError(flags.out + ": the file exists; give a new name with --out");
  }
  const absl::Status status = ImportAll(flags, context);
  // Half a log would look like a whole one.
  if (!status.ok()) std::remove(flags.out.c_str());
  return status;
}

}  // namespace

void AddImportCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* command = app.add_subcommand("import", "Turn logs of ordinary traffic into a recording");
  command->footer(
      "Example:\n"
      "  pinchbeck import --from litellm spend-logs.json --fingerprint gpt-x.json --out relay.jsonl\n"
      "Requests that were asked exactly as a probe of the fingerprint get its name; others get one of their "
      "own.\n"
      "Exit status: 0 done, 2 usage or input error.");
  std::vector<std::string> names;
  for (const LogFormat format : AllLogFormats()) names.emplace_back(LogFormatName(format));
  command->add_option("--from", flags->from, "format of the log")->required()->check(CLI::IsMember(names));
  command->add_option("log", flags->logs, "log files; .gz is read as gzip")->required();
  command->add_option("--out", flags->out, "recording to write (.jsonl or .jsonl.gz)")->required();
  command->add_option("--fingerprint", flags->fingerprint,
                      "fingerprint whose probes the requests are matched with");
  command->add_option("--model", flags->model, "import only requests for the model of this name");
  command->add_option("--endpoint", flags->endpoint,
                      "import only requests that the log says went to this address");
  command->add_flag("--parameters-complete", flags->options.parameters_complete,
                    "langfuse, otel: every record lists all parameters that were sent");
  command->add_flag("--usage-reported", flags->options.usage_reported,
                    "litellm, langfuse: token counts are those of the server, not of the tool's tokenizer");
  command->add_option("--session", flags->session, "session to record instead of the log's");
  command->callback([flags, &context] {
    if (const absl::Status status = RunImport(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
