#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/cli/command.h"
#include "src/cli/mock_relay.h"

namespace pinchbeck::cli {
namespace {

constexpr char kFooter[] =
    "Modes:\n"
    "  honest           answers from --recording\n"
    "  swap             answers from --substitute under the claimed name\n"
    "  mix:Q            each request is answered by the substitute with probability Q\n"
    "  temperature[:T]  short answers are drawn again as if sampled at T times the recorded temperature\n"
    "                   (frequency^(1/T), default T 0.5); probes whose answers never repeat stay as "
    "recorded\n"
    "  inject[:N]       adds N (default 37) to the input-token counts, as a hidden system prompt would\n"
    "  cache            repeats the first answer of each probe at once\n"
    "  truncate[:N]     cuts prompts down to their last N (default 2000) tokens: numbers that the answer "
    "quotes\n"
    "                   from before are wrong\n"
    "  rewrite[:Q]      changes a letter in hosts of URLs and names of packages, in answers with probability "
    "Q\n"
    "                   (default 1)\n"
    "  swap_whole       requests that do not ask for a stream are answered from --substitute\n"
    "  ignore_effort    answers of the check group effort come whatever reasoning effort is asked for\n"
    "A prompt is found by its hash under the request's temperature and max_tokens. Every recorded answer is\n"
    "served once at most (but for temperature and cache); then the probe answers 503.\n"
    "Besides chat completions the relay speaks the other APIs of `collect --api` on the same port.\n"
    "\n"
    "Example:\n"
    "  pinchbeck mock-relay --recording claimed.jsonl.gz --substitute small.jsonl.gz --mode mix:0.3 --port "
    "8080\n"
    "  pinchbeck verify --fingerprint claimed.json --base-url http://127.0.0.1:8080/v1 --model "
    "claimed-model\n";

struct MockRelayFlags {
  MockRelayOptions options;
  std::string mode = "honest";
  std::string model;
  std::string api_key_variable;
};

absl::Status FillOptions(MockRelayFlags* flags) {
  absl::Status status = SetMockRelayMode(flags->mode, &flags->options);
  if (!status.ok()) return status;
  if (!flags->model.empty()) flags->options.model = flags->model;
  if (flags->api_key_variable.empty()) return absl::OkStatus();
  const char* key = std::getenv(flags->api_key_variable.c_str());
  if (key == nullptr || *key == '\0') {
    return absl::InvalidArgumentError(absl::StrCat("--api-key-env: the environment variable ",
                                                   flags->api_key_variable, " is not set or empty"));
  }
  flags->options.api_key = Secret(key);
  return absl::OkStatus();
}

// Keeps SIGINT and SIGTERM from this thread, and from threads started meanwhile, and waits for one of them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &previous_);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() { pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }
  void Wait() {
    int received = 0;
    while (sigwait(&signals_, &received) != 0) {
    }
  }

 private:
  sigset_t signals_;
  sigset_t previous_;
};

void RunMockRelay(MockRelayFlags* flags, CommandContext& context) {
  if (const absl::Status status = FillOptions(flags); !status.ok()) return ReportError(status, context);
  const absl::StatusOr<std::unique_ptr<MockRelay>> relay = MockRelay::Create(flags->options);
  if (!relay.ok()) return ReportError(relay.status(), context);
  for (const std::string& warning : (*relay)->warnings()) {
    context.err << "pinchbeck: warning: " << warning << "\n";
  }
  StopSignals signals;
  const absl::StatusOr<int> port = (*relay)->Start();
  if (!port.ok()) return ReportError(port.status(), context);
  context.out << "listening on http://127.0.0.1:" << *port << "/v1" << std::endl;
  signals.Wait();
  (*relay)->Stop();
  context.err << "pinchbeck: served " << (*relay)->answers_served() << " answers\n";
  context.exit_code = kExitConsistent;
}

}  // namespace

void AddMockRelayCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<MockRelayFlags>();
  MockRelayOptions& options = flags->options;
  CLI::App* command = app.add_subcommand("mock-relay", "Serve recordings as an endpoint on loopback");
  command->add_option("--recording", options.recordings, "Recordings of the claimed model")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--substitute", options.substitutes,
                   "Recordings of the substitute (modes swap, mix and swap_whole)")
      ->type_name("FILE");
  command->add_option("--mode", flags->mode, "What the relay does; see below")
      ->type_name("MODE")
      ->capture_default_str();
  command->add_option("--port", options.port, "Port on 127.0.0.1; 0: any free one")->capture_default_str();
  command->add_option("--seed", options.seed, "Fixes the order of answers and all draws")
      ->capture_default_str();
  command->add_option("--speed", options.time_scale, "Factor on recorded times: 1 as recorded, 0 no waiting")
      ->capture_default_str();
  command->add_option("--model", flags->model, "Name that answers claim; default: the name asked for")
      ->type_name("NAME");
  command
      ->add_option("--api-key-env", flags->api_key_variable,
                   "Environment variable with the key that requests must carry")
      ->type_name("VAR");
  command->footer(kFooter);
  command->callback([flags, &context] { RunMockRelay(flags.get(), context); });
}

}  // namespace pinchbeck::cli
