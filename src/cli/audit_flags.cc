#include "src/cli/audit_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <thread>

#include "pinchbeck/report/report_writers.h"

namespace pinchbeck::cli {

void AddAuditFlags(CLI::App& app, AuditFlags& flags) {
  app.add_option("--claim", flags.claim,
                 "weights: are these the claimed weights under any honest serving?  serving: has this "
                 "serving changed?")
      ->check(CLI::IsMember({"weights", "serving"}))
      ->capture_default_str();
  app.add_option("--latency", flags.latency,
                 "advisory: reported, not counted.  shape: counted, gaps between events and time per input "
                 "token, which the network's position leaves alone.  strict: counted, all times; only where "
                 "both sides were recorded from the same network position")
      ->check(CLI::IsMember({"advisory", "shape", "strict"}))
      ->capture_default_str();
  app.add_option("--alpha", flags.alpha, "chance of a false `differs`")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "seed of the permutation tests")->capture_default_str();
  app.add_option("--permutations", flags.permutations, "relabelings per test, at least")
      ->check(CLI::Range(std::int64_t{99}, std::int64_t{10000000}))
      ->capture_default_str();
  app.add_option("--threads", flags.threads,
                 "threads; 0: one per processor. The result does not depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_flag("--ranking-only", flags.ranking_only,
               "go on although the conditions differ; the verdict is then `inconclusive`");
  app.add_flag("--json", flags.json, "print the report as one JSON object");
  AddReportFileFlags(app, flags.files);
}

void AppendAuditFlags(const AuditFlags& flags, ShellCommand& command) {
  command.Option("--claim", flags.claim)
      .Option("--latency", flags.latency == AuditFlags{}.latency ? "" : flags.latency)
      .Option("--alpha", ShortestDecimal(flags.alpha))
      .Option("--seed", std::to_string(flags.seed))
      .Option("--permutations", std::to_string(flags.permutations))
      .Flag("--ranking-only", flags.ranking_only);
}

VerifyOptions ToVerifyOptions(const AuditFlags& flags) {
  VerifyOptions options;
  options.claim = flags.claim == "serving" ? Claim::kServing : Claim::kWeights;
  options.latency = flags.latency == "shape"    ? LatencyMode::kShape
                    : flags.latency == "strict" ? LatencyMode::kStrict
                                                : LatencyMode::kAdvisory;
  options.alpha = flags.alpha;
  options.seed = flags.seed;
  options.permutations = flags.permutations;
  options.threads =
      flags.threads > 0 ? flags.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  options.ranking_only = flags.ranking_only;
  return options;
}

void PrintReport(const Report& report, bool json, CommandContext& context) {
  context.out << (json ? ReportToJson(report) : ReportToText(report)) << std::flush;
  switch (report.verdict) {
    case Verdict::kConsistent:
      context.exit_code = kExitConsistent;
      break;
    case Verdict::kDiffers:
      context.exit_code = kExitDiffers;
      break;
    case Verdict::kInconclusive:
      context.exit_code = kExitInconclusive;
      break;
    case Verdict::kNotMeasurable:
      context.exit_code = kExitNotMeasurable;
      break;
  }
}

}  // namespace pinchbeck::cli
