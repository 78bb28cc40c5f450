// pinchbeck demo: enrol two models, verify an honest relay, a swapped one and a mixture, all on loopback.
#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "pinchbeck/audit/verify.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "src/cli/audit_flags.h"
#include "src/cli/collect_flags.h"
#include "src/cli/command.h"
#include "src/cli/demo_data.h"
#include "src/cli/mock_relay.h"
#include "src/cli/temporary_folder.h"

namespace pinchbeck::cli {
namespace {

constexpr const char* kClaimedModel = "flagship-1";
constexpr const char* kSiblingModel = "sibling-small";
// Streams are replayed as recorded; enough of them at once keep the demo short.
constexpr int kConcurrency = 48;

// Answers asked of each probe, by group of the battery; never more than the recordings hold.
struct SampleCounts {
  std::int64_t choice, text, logprob;
};
constexpr SampleCounts kReferenceSamples = {200, 12, 4};
constexpr SampleCounts kSiblingSamples = {100, 10, 4};

// Everything the steps of the demo share.
struct Demo {
  TemporaryFolder folder;
  AuditFlags audit;
  CommandContext& context;

  [[nodiscard]] std::string File(std::string_view name) const { return folder.File(std::string(name)); }
};

absl::Status WriteFile(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return absl::UnavailableError(path + ": cannot be written");
  return absl::OkStatus();
}

// One relay's life: ask each group of the battery through the real HTTP client, a recording a group.
absl::StatusOr<std::vector<std::string>> CollectFrom(const Demo& demo, const MockRelayOptions& relay_options,
                                                     const SampleCounts& samples, const std::string& name) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<MockRelay> relay, MockRelay::Create(relay_options));
  PINCHBECK_ASSIGN_OR_RETURN(const int port, relay->Start());
  const struct {
    const char* group;
    std::int64_t samples;
  } groups[] = {{"choice", samples.choice}, {"logprob", samples.logprob}, {"text", samples.text}};
  std::vector<std::string> recordings;
  for (const auto& group : groups) {
    CollectFlags flags;
    flags.base_url = "http://127.0.0.1:" + std::to_string(port) + "/v1";
    flags.model = kClaimedModel;
    flags.api_key_env = "";
    flags.battery_path = demo.File(kDemoBattery);
    flags.groups = {group.group};
    flags.samples = group.samples;
    flags.concurrency = kConcurrency;
    flags.session = name;
    flags.max_retries = 0;
    flags.yes = true;
    recordings.push_back(demo.folder.File(name + "." + group.group + ".jsonl"));
    // The plan and progress of a dozen small collections would bury the reports.
    std::ostringstream messages;
    CommandContext quiet{demo.context.out, messages};
    const absl::StatusOr<CollectionReport> collected = CollectToFile(flags, recordings.back(), quiet);
    const absl::Status status = collected.ok() ? CollectionStatus(*collected) : collected.status();
    if (!status.ok()) {
      demo.context.err << messages.str();
      return status;
    }
  }
  return recordings;
}

absl::StatusOr<Fingerprint> EnrollFrom(const Demo& demo, std::string_view data, const std::string& model,
                                       const SampleCounts& samples) {
  MockRelayOptions relay;
  relay.recordings = {demo.File(data)};
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<std::string> recordings,
                             CollectFrom(demo, relay, samples, model));
  EnrollOptions options;
  options.model = model;
  options.endpoint_kind = "openai-chat";
  PINCHBECK_ASSIGN_OR_RETURN(EnrollResult result, Enroll(recordings, options));
  // Through the file and back, as a user would.
  const std::string path = demo.folder.File(model + ".json");
  PINCHBECK_RETURN_IF_ERROR(SaveFingerprint(result.fingerprint, path));
  PINCHBECK_ASSIGN_OR_RETURN(Fingerprint fingerprint, LoadFingerprint(path));
  demo.context.out << "Enrolled " << model << " over HTTP: " << fingerprint.Pooled().usable << " answers.\n"
                   << std::flush;
  return fingerprint;
}

struct Check {
  const char* title;
  const char* name;
  SampleCounts samples;
  MockRelayOptions relay;
  Verdict expected;
};

absl::Status RunCheck(const Demo& demo, const Check& check, const Fingerprint& claimed,
                      const Fingerprint& sibling, bool& as_expected) {
  demo.context.out << "\n=== " << check.title << " ===\n" << std::flush;
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<std::string> recordings,
                             CollectFrom(demo, check.relay, check.samples, check.name));
  VerifyOptions options = ToVerifyOptions(demo.audit);
  options.alternatives = {&claimed, &sibling};
  PINCHBECK_ASSIGN_OR_RETURN(const Report report, VerifyRecordings(claimed, recordings, options));
  demo.context.out << ReportToText(report) << std::flush;
  as_expected = as_expected && report.verdict == check.expected;
  return absl::OkStatus();
}

absl::Status Run(const AuditFlags& audit, CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::Create());
  Demo demo{std::move(folder), audit, context};
  for (const std::string_view name : DemoFileNames()) {
    PINCHBECK_RETURN_IF_ERROR(WriteFile(demo.File(name), DemoFile(name)));
  }
  context.out
      << "A relay on this machine claims to serve \"" << kClaimedModel
      << "\". Its answers are recordings of small\n"
      << "models on a real inference server; every recorded answer is served once. No network, no key.\n\n"
      << std::flush;
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint claimed,
                             EnrollFrom(demo, kDemoReference, kClaimedModel, kReferenceSamples));
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint sibling,
                             EnrollFrom(demo, kDemoAlternative, kSiblingModel, kSiblingSamples));
  MockRelayOptions honest, swapped, mixed;
  honest.recordings = {demo.File(kDemoHonestRelay)};
  swapped.recordings = {demo.File(kDemoSwapRelay)};
  mixed.recordings = {demo.File(kDemoMixRelayClaimed)};
  mixed.substitutes = {demo.File(kDemoMixRelaySubstitute)};
  mixed.mode = MockRelayMode::kMix;
  mixed.substitute_share = 0.5;
  const Check checks[] = {
      {"1. An honest relay: another run of the same model",
       "honest",
       {80, 8, 3},
       honest,
       Verdict::kConsistent},
      {"2. A relay that serves the small sibling instead", "swapped", {40, 8, 3}, swapped, Verdict::kDiffers},
      {"3. A relay that sends half of the requests to the sibling",
       "mixed",
       {80, 6, 3},
       mixed,
       Verdict::kDiffers}};
  bool as_expected = true;
  for (const Check& check : checks) {
    PINCHBECK_RETURN_IF_ERROR(RunCheck(demo, check, claimed, sibling, as_expected));
  }
  if (!as_expected) return absl::InternalError("the demo did not come out as recorded; please report this");
  context.out << "\nAll three came out as they should: consistent, differs, differs.\n";
  return absl::OkStatus();
}

}  // namespace

void AddDemoCommand(CLI::App& app, CommandContext& context) {
  auto audit = std::make_shared<AuditFlags>();
  CLI::App* command =
      app.add_subcommand("demo", "See an honest relay pass and a substituted one caught, offline");
  command->footer("Example:\n  pinchbeck demo");
  command->add_option("--seed", audit->seed, "seed of the permutation tests")->capture_default_str();
  command->callback([audit, &context] {
    if (absl::Status status = Run(*audit, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
