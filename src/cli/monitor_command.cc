// pinchbeck monitor.
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/monitor_writers.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {
namespace {

// With a file the state is written this often: what a killed run loses is read again from the file.
constexpr std::int64_t kSaveInterval = 1000;

struct MonitorFlags {
  std::string fingerprint;
  std::string recording;
  std::string state;
  std::string alternatives;
  std::vector<std::string> summary;
  double mean_run = 0;
  std::int64_t every = 0;
  bool json = false;
  MonitorOptions options;
};

// Digest of a recording's lines, each chained to those before.
class LineChain {
 public:
  void Add(std::string_view line) {
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    hash_ = (hash_ ^ '\n') * 0x100000001B3u;
    ++lines_;
  }
  [[nodiscard]] MonitorSource source() const { return {lines_, absl::StrFormat("%016x", hash_)}; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325u;
  std::int64_t lines_ = 0;
};

// Whether standard input has nothing to read right now, so that the next line is waited for.
bool InputIsIdle() {
  pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, 0) == 0;
}

class MonitorRun {
 public:
  MonitorRun(const MonitorFlags& flags, Monitor& monitor, CommandContext& context)
      : flags_(flags), monitor_(monitor), context_(context), stream_(flags.recording == "-") {}
  MonitorRun(const MonitorRun&) = delete;
  MonitorRun& operator=(const MonitorRun&) = delete;
  ~MonitorRun() {
    if (progress_) context_.err << "\r\x1b[K" << std::flush;
  }

  absl::Status Read() {
    const absl::Status status = ReadAll();
    // What was read before an error counts.
    PINCHBECK_RETURN_IF_ERROR(Save(true));
    PINCHBECK_RETURN_IF_ERROR(status);
    Print();
    return absl::OkStatus();
  }

 private:
  [[nodiscard]] std::string Path() const { return stream_ ? "/dev/stdin" : flags_.recording; }

  absl::Status ReadAll() {
    PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(Path()));
    PINCHBECK_ASSIGN_OR_RETURN(const bool behind, SkipKnownLines(&reader));
    if (!behind) {
      PINCHBECK_ASSIGN_OR_RETURN(reader, RecordingReader::Open(Path()));
      chain_ = LineChain();
    }
    while (true) {
      PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Observation> observation, reader.Next());
      if (!observation) break;
      const absl::Status status = Step(*observation, reader.line());
      if (!status.ok()) {
        return internal::Annotate(status, reader.path() + ":" + std::to_string(reader.line_number()));
      }
    }
    if (reader.truncated_tail()) {
      context_.err << "pinchbeck: warning: " << reader.path()
                   << ": the last line is incomplete and was left out\n";
    }
    return absl::OkStatus();
  }

  // Goes behind the lines that the state has seen, if this recording starts with them. True: go on here;
  // false: the recording is another one and has to be read from its start.
  absl::StatusOr<bool> SkipKnownLines(RecordingReader* reader) {
    const MonitorSource known = monitor_.source();
    if (stream_ || known.lines == 0) return true;
    for (std::int64_t i = 0; i < known.lines; ++i) {
      const absl::StatusOr<std::optional<Observation>> observation = reader->Next();
      if (!observation.ok() || !*observation) return false;
      chain_.Add(reader->line());
    }
    if (chain_.source().digest != known.digest) return false;
    context_.err << "pinchbeck: " << reader->path() << ": going on behind line " << reader->line_number()
                 << ", where the state stopped\n";
    return true;
  }

  absl::Status Step(const Observation& observation, std::string_view line) {
    const bool alarmed = monitor_.decision().alarm_at.has_value();
    PINCHBECK_RETURN_IF_ERROR(monitor_.Step(observation));
    chain_.Add(line);
    monitor_.set_source(stream_ ? MonitorSource{} : chain_.source());
    const MonitorDecision decision = monitor_.decision();
    const bool changed = decision.alarm_at.has_value() != alarmed;
    ++unsaved_;
    if (changed || unsaved_ >= kSaveInterval || (stream_ && InputIsIdle())) {
      PINCHBECK_RETURN_IF_ERROR(Save(changed));
    }
    if (changed || (flags_.every > 0 && decision.observations % flags_.every == 0)) Print();
    ShowProgress(decision.observations);
    return absl::OkStatus();
  }

  absl::Status Save(bool durable) {
    unsaved_ = 0;
    if (flags_.state.empty()) return absl::OkStatus();
    return monitor_.SaveState(flags_.state, durable);
  }

  void Print() {
    context_.out << (flags_.json ? MonitorToJson(monitor_) : MonitorToText(monitor_)) << std::flush;
  }

  void ShowProgress(std::int64_t observations) {
    constexpr std::int64_t kShownEvery = 1000;
    if (!context_.err_is_terminal || observations % kShownEvery != 0) return;
    context_.err << "\r\x1b[K" << observations << " observations" << std::flush;
    progress_ = true;
  }

  const MonitorFlags& flags_;
  Monitor& monitor_;
  CommandContext& context_;
  bool stream_;
  LineChain chain_;
  std::int64_t unsaved_ = 0;
  bool progress_ = false;
};

absl::Status RunMonitor(MonitorFlags& flags, CommandContext& context) {
  if (flags.mean_run > 0) flags.options.mean_run = flags.mean_run;
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, LoadFingerprint(flags.fingerprint));
  std::vector<Fingerprint> alternatives;
  if (!flags.alternatives.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(alternatives, LoadFingerprints(flags.alternatives));
  }
  for (const Fingerprint& alternative : alternatives) flags.options.alternatives.push_back(&alternative);
  PINCHBECK_ASSIGN_OR_RETURN(Monitor monitor, Monitor::Create(fingerprint, flags.options));
  for (const std::string& warning : monitor.warnings()) {
    context.err << "pinchbeck: warning: " << warning << "\n";
  }
  if (!flags.state.empty() && std::filesystem::exists(flags.state)) {
    PINCHBECK_RETURN_IF_ERROR(monitor.LoadState(flags.state));
  }
  PINCHBECK_RETURN_IF_ERROR(MonitorRun(flags, monitor, context).Read());
  const MonitorDecision decision = monitor.decision();
  if (decision.alarm_at) {
    context.exit_code = kExitDiffers;
  } else if (decision.used == 0) {
    context.err << "pinchbeck: no observation could be compared with the fingerprint\n";
    context.exit_code = kExitNotMeasurable;
  }
  return absl::OkStatus();
}

absl::Status RunSummary(const MonitorFlags& flags, CommandContext& context) {
  std::vector<NamedDecision> endpoints;
  for (const std::string& path : flags.summary) {
    PINCHBECK_ASSIGN_OR_RETURN(NamedDecision endpoint, ReadMonitorDecision(path));
    endpoints.push_back(std::move(endpoint));
  }
  const double alpha = flags.options.alpha;
  PINCHBECK_ASSIGN_OR_RETURN(const CombinedDecision combined, CombineMonitors(endpoints, alpha));
  context.out << (flags.json ? CombinedToJson(endpoints, combined, alpha)
                             : CombinedToText(endpoints, combined, alpha))
              << std::flush;
  if (!combined.differs.empty()) context.exit_code = kExitDiffers;
  return absl::OkStatus();
}

void AddFlags(CLI::App& command, MonitorFlags& flags) {
  MonitorOptions& options = flags.options;
  command.add_option("--fingerprint", flags.fingerprint, "fingerprint of the claimed model");
  command.add_option("--recording", flags.recording, "recording to read, or - for standard input");
  command.add_option("--state", flags.state, "file that carries the state from run to run");
  command.add_option("--alternatives", flags.alternatives, "folder of fingerprints of possible substitutes");
  command.add_option("--alpha", options.alpha, "chance of ever raising a false alarm")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  command
      .add_option("--tolerance", options.tolerance,
                  "total variation distance from the reference that is harmless in every probe; 0: none")
      ->check(CLI::Range(0.0, 0.999999))
      ->capture_default_str();
  command
      .add_option("--greedy-tolerance", options.greedy_tolerance,
                  "least tolerance for probes at temperature 0 whose reference answers vary")
      ->check(CLI::Range(0.0, 0.999999))
      ->capture_default_str();
  command
      .add_option("--mean-run", flags.mean_run,
                  "raise an alarm also when the e-detector reaches this mean number of observations to a "
                  "false one")
      ->check(CLI::Range(1.0, 1e300));
  command.add_option("--signals", options.signals, "out of choice, token_length, logprob")
      ->delimiter(',')
      ->check(CLI::IsMember({"choice", "token_length", "logprob"}))
      ->capture_default_str();
  command.add_option("--seed", options.seed, "seed of the tie-breaking")->capture_default_str();
  command.add_option("--every", flags.every, "print a decision after every so many observations")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 50));
  command.add_option("--summary", flags.summary,
                     "state files of several endpoints: decide about them together (false discovery rate)");
  command.add_flag("--json", flags.json, "print one JSON object a decision");
}

}  // namespace

void AddMonitorCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<MonitorFlags>();
  CLI::App* command = app.add_subcommand("monitor", "Watch an endpoint; the test may be read at any time");
  command->footer(
      "Example:\n"
      "  pinchbeck monitor --fingerprint gpt-x.json --recording today.jsonl --state relay.state.json\n"
      "  tail -f answers.jsonl | pinchbeck monitor --fingerprint gpt-x.json --recording - --json\n"
      "  pinchbeck monitor --summary relay-a.state.json relay-b.state.json\n"
      "\nExit status: 0 no alarm so far, 1 after an alarm, 2 usage or input error, 4 nothing comparable.");
  AddFlags(*command, *flags);
  command->callback([flags, &context] {
    const bool single = !flags->fingerprint.empty() && !flags->recording.empty();
    const bool any = !flags->fingerprint.empty() || !flags->recording.empty() || !flags->state.empty();
    if (flags->summary.empty() ? !single : any) {
      ReportError(absl::InvalidArgumentError(
                      "give --fingerprint FILE and --recording FILE, or --summary STATE... alone"),
                  context);
      return;
    }
    const absl::Status status =
        flags->summary.empty() ? RunMonitor(*flags, context) : RunSummary(*flags, context);
    if (!status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
