// pinchbeck import: logs that people already have to a recording.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "pinchbeck/audit/import_recording.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {
namespace {

struct ImportFlags {
  std::string from;
  std::vector<std::string> logs;
  std::string out;
  std::string fingerprint;
  RecordingImportOptions options;
};

void PrintSummary(const ImportFlags& flags, const RecordingImportSummary& summary, CommandContext& context) {
  context.out << "Imported " << summary.observations << " requests (" << summary.failed << " failed) of "
              << summary.kinds << " kinds into " << flags.out << "\n";
  if (!flags.fingerprint.empty()) {
    context.out << "  " << summary.matched << " were asked as a probe of " << flags.fingerprint << "\n";
  }
  if (summary.unanswered > 0) {
    context.out << "  " << summary.unanswered
                << " count as failed because the log does not hold the whole answer\n";
  }
  for (const auto& [reason, count] : summary.obstacles) {
    context.out << "  " << count << " can be no plain probe: " << Printable(reason) << "\n";
  }
  for (const auto& [reason, count] : summary.skipped) {
    context.out << "  " << count << " records left out: " << reason << "\n";
  }
  for (const std::string& warning : summary.warnings) {
    context.err << "pinchbeck: warning: " << flags.fingerprint << ": " << Printable(warning, 300) << "\n";
  }
  if (summary.faults == 0) return;
  context.err << "pinchbeck: warning: " << summary.faults
              << " records left out that cannot be read, such as\n";
  for (const std::string& fault : summary.fault_examples) {
    context.err << "  " << Printable(fault, 300) << "\n";
  }
}

absl::Status ImportAll(const ImportFlags& flags, CommandContext& context) {
  RecordingImportOptions options = flags.options;
  std::optional<Fingerprint> fingerprint;
  if (!flags.fingerprint.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(fingerprint, LoadFingerprint(flags.fingerprint));
    options.fingerprint = &*fingerprint;
  }
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, RecordingWriter::Open(flags.out));
  PINCHBECK_ASSIGN_OR_RETURN(
      const RecordingImportSummary summary,
      ImportRecording(
          *LogFormatFromName(flags.from), flags.logs,
          [&](const Observation& observation) { return writer.Append(observation); }, options));
  PINCHBECK_RETURN_IF_ERROR(writer.Close());
  PrintSummary(flags, summary, context);
  return absl::OkStatus();
}

absl::Status RunImport(const ImportFlags& flags, CommandContext& context) {
  std::error_code fault;
  const bool exists = std::filesystem::exists(flags.out, fault);
  if (fault) {
    return absl::InvalidArgumentError(flags.out + ": " + fault.message() + "; give another name with --out");
  }
  if (exists) {
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
  CLI::Option* model =
      command->add_option("--model", flags->options.model, "import only requests for the model of this name");
  command
      ->add_option("--also-named", flags->options.also_named,
                   "another name of the model, where the log gives the name in the answer; may be repeated")
      ->allow_extra_args(false)
      ->needs(model);
  command->add_option("--endpoint", flags->options.endpoint,
                      "import only requests that the log says went to this address");
  command->add_flag("--parameters-complete", flags->options.log.parameters_complete,
                    "langfuse, otel: every record lists all parameters that were sent");
  command->add_flag(
      "--usage-reported", flags->options.log.usage_reported,
      "litellm, langfuse, otel: token counts are those of the server, not of the tool's tokenizer");
  command->add_option("--session", flags->options.session, "session to record instead of the log's");
  command->callback([flags, &context] {
    if (const absl::Status status = RunImport(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
