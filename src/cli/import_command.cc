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
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "src/audit/probe_matcher.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {
namespace {

// Enough digits that two requests of one log do not meet.
constexpr std::size_t kIdentityDigits = 16;

struct ImportFlags {
  std::string from;
  std::vector<std::string> logs;
  std::string out;
  std::string fingerprint;
  std::string model;
  std::string session;
};

struct ImportCounts {
  std::int64_t written = 0;
  std::int64_t matched = 0;
  std::int64_t failed = 0;
  std::int64_t other_models = 0;
  std::set<std::string> probes;
  std::set<std::string> models;
  // Requests that cannot be a probe's, by obstacle.
  std::map<std::string, std::int64_t> obstacles;
};

class Import {
 public:
  Import(const ImportFlags& flags, RecordingWriter& writer, const internal::ProbeMatcher* matcher)
      : flags_(flags), writer_(writer), matcher_(matcher) {}

  absl::Status Add(Exchange exchange) {
    Observation& observation = exchange.observation;
    const std::string model = observation.request.model.value_or("");
    if (!flags_.model.empty() && model != flags_.model) {
      ++counts_.other_models;
      return absl::OkStatus();
    }
    if (!flags_.session.empty()) observation.session = flags_.session;
    NameProbe(exchange);
    if (!model.empty() && counts_.models.size() < 100) counts_.models.insert(model);
    if (counts_.probes.size() < 1'000'000) counts_.probes.insert(observation.probe);
    counts_.failed += observation.error.has_value() ? 1 : 0;
    observation.sample = ++counts_.written;
    return writer_.Append(observation);
  }

  [[nodiscard]] const ImportCounts& counts() const { return counts_; }

 private:
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
    observation.probe = "log/" + exchange.request_sha256.substr(0, kIdentityDigits);
    if (exchange.obstacle == RequestObstacle::kNone) return;
    std::string reason(RequestObstacleName(exchange.obstacle));
    if (!exchange.obstacle_field.empty()) reason += " " + exchange.obstacle_field;
    if (counts_.obstacles.size() < 100) ++counts_.obstacles[reason];
  }

  const ImportFlags& flags_;
  RecordingWriter& writer_;
  const internal::ProbeMatcher* matcher_;
  ImportCounts counts_;
};

void PrintSummary(const ImportFlags& flags, const ImportCounts& counts,
                  const std::map<std::string, std::int64_t>& skipped, CommandContext& context) {
  context.out << "Imported " << counts.written << " requests (" << counts.failed << " failed) of "
              << counts.probes.size() << " kinds into " << flags.out << "\n";
  if (!flags.fingerprint.empty()) {
    context.out << "  " << counts.matched << " were asked as a probe of " << flags.fingerprint << "\n";
  }
  for (const auto& [reason, count] : counts.obstacles) {
    context.out << "  " << count << " cannot be a probe: " << Printable(reason) << "\n";
  }
  for (const auto& [reason, count] : skipped) {
    context.out << "  " << count << " records left out: " << reason << "\n";
  }
  if (counts.other_models > 0) {
    context.out << "  " << counts.other_models << " records left out: another model was asked for\n";
  }
  if (counts.models.size() > 1) {
    std::string names;
    for (const std::string& model : counts.models) names += (names.empty() ? "" : ", ") + Printable(model);
    context.err << "pinchbeck: warning: the log asks for several models (" << Printable(names, 200)
                << "); import one at a time with --model\n";
  }
}

absl::Status ImportAll(const ImportFlags& flags, CommandContext& context) {
  std::optional<internal::ProbeMatcher> matcher;
  if (!flags.fingerprint.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, LoadFingerprint(flags.fingerprint));
    matcher.emplace(fingerprint);
  }
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, RecordingWriter::Open(flags.out));
  Import import(flags, writer, matcher.has_value() ? &*matcher : nullptr);
  std::map<std::string, std::int64_t> skipped;
  for (const std::string& log : flags.logs) {
    PINCHBECK_ASSIGN_OR_RETURN(const LogImportSummary summary,
                               ImportLog(*LogFormatFromName(flags.from), log,
                                         [&](Exchange exchange) { return import.Add(std::move(exchange)); }));
    for (const auto& [reason, count] : summary.skipped) skipped[reason] += count;
  }
  PINCHBECK_RETURN_IF_ERROR(writer.Close());
  PrintSummary(flags, import.counts(), skipped, context);
  if (import.counts().written > 0) return absl::OkStatus();
  return absl::InvalidArgumentError("nothing in the log could be imported");
}

absl::Status RunImport(const ImportFlags& flags, CommandContext& context) {
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
  command->add_option("--session", flags->session, "session to record instead of the log's");
  command->callback([flags, &context] {
    if (const absl::Status status = RunImport(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
