// A relay on loopback that answers from recordings: an endpoint with known behaviour, for tests and the demo.
#ifndef PINCHBECK_SRC_CLI_MOCK_RELAY_H_
#define PINCHBECK_SRC_CLI_MOCK_RELAY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/core/endpoint.h"

namespace pinchbeck::cli {

// How the relay departs from its recordings.
enum class MockRelayMode {
  // Answers from the recordings.
  kHonest,
  // Answers from the substitute's recordings.
  kSwap,
  // Each request is answered by the substitute with a fixed probability.
  kMix,
  // Answers are drawn again as if sampled at another temperature.
  kTemperature,
  // Honest answers with input-token counts raised as a hidden system prompt would.
  kInject,
  // The first answer of a probe is served again for all its later requests, without waiting.
  kCache,
  // The beginning of long prompts is cut off: what an answer quotes from there is lost.
  kTruncate,
  // Hosts of URLs and names of packages in answers are changed by a letter, with a fixed probability.
  kRewrite,
  // Requests that do not ask for a stream are answered by the substitute.
  kSwapWhole,
  // Answers do not depend on the reasoning effort that is asked for.
  kIgnoreEffort,
};

struct MockRelayOptions {
  // Recordings of the claimed model, plain or gzip.
  std::vector<std::string> recordings;
  // Recordings of the substitute: for kSwap, kMix and kSwapWhole, and only there.
  std::vector<std::string> substitutes;
  MockRelayMode mode = MockRelayMode::kHonest;
  // kMix: probability that the substitute answers, in [0, 1].
  double substitute_share = 0.5;
  // kTemperature: factor on the recorded temperature, above 0.
  double temperature_factor = 0.5;
  // kInject: tokens added to every reported input-token count, at least 0.
  std::int64_t injected_tokens = 37;
  // kTruncate: tokens that are kept of a prompt's end, at 4 bytes each; at least 1.
  std::int64_t kept_tokens = 2000;
  // kRewrite: probability that an answer is rewritten, in [0, 1].
  double rewritten_share = 1.0;
  // 0: any free port.
  int port = 0;
  // Fixes the order of answers and all draws.
  std::uint64_t seed = 1;
  // Factor on recorded times: 1 replays them, 0 answers at once.
  double time_scale = 1.0;
  // When not empty, requests must carry it: as a bearer token, or as x-api-key or x-goog-api-key.
  Secret api_key;
  // The name that every answer claims; absent: the name that the request asks for.
  std::optional<std::string> model;
};

// Sets mode and its parameter from "honest", "swap", "mix:Q", "temperature[:T]", "inject[:N]", "cache",
// "truncate[:N]", "rewrite[:Q]", "swap_whole" or "ignore_effort".
// InvalidArgument: anything else, with the list.
[[nodiscard]] absl::Status SetMockRelayMode(std::string_view text, MockRelayOptions* options);

// InvalidArgument names the option: out of range, a file given twice, substitutes that the mode needs or does
// not use.
[[nodiscard]] absl::Status ValidateMockRelayOptions(const MockRelayOptions& options);

// Serves, streamed or not, POST /v1/chat/completions, /v1/completions, /v1/responses, /v1/messages,
// /v1beta/models/MODEL:generateContent and /api/chat, each in the shape of its API, and GET /v1/models.
// Finish reasons and counts are put into the words of the API that is asked.
//
// A request is matched to the recorded answers of its prompt (Probe::PromptSha256) under its temperature and
// max_tokens, and in the recordings of the check group "effort" (see CheckProbes) under its reasoning effort.
// The k-th request of a probe gets the k-th answer of an order that depends on the seed alone, so
// that concurrent clients see the same answers however they interleave. Every recorded answer is served at
// most once in the relay's life (but for kTemperature and kCache); after that the probe answers 503. A prompt
// that is not recorded answers 404. Recorded failures are skipped. What was not recorded (usage,
// log-probabilities) is left out of the answer, never invented.
//
// kTemperature draws an answer with a probability proportional to (its relative frequency among the probe's
// recorded answers)^(1/factor), for probes recorded at a temperature above 0 with answers that repeat; all
// other probes are answered as in kHonest. kTruncate replaces the numbers of an answer that stand in the cut
// part of the prompt and nowhere else in it. kRewrite and kTruncate leave counts and log-probabilities as
// recorded. kIgnoreEffort deals out the answers of all efforts of a problem in one random order.
class MockRelay {
 public:
  // Reads the recordings. InvalidArgument: parameters out of range, no usable answers, substitutes that the
  // mode needs or does not use; errors of the files name file and line.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<MockRelay>> Create(const MockRelayOptions& options);
  MockRelay(const MockRelay&) = delete;
  MockRelay& operator=(const MockRelay&) = delete;
  ~MockRelay();

  // Listens on 127.0.0.1 and returns the port. Unavailable: the port is taken.
  [[nodiscard]] absl::StatusOr<int> Start();
  // Ends answers in progress and waits for the threads; harmless when not started.
  void Stop();

  // Completions answered with a recorded answer so far.
  [[nodiscard]] std::int64_t answers_served() const;
  // What was left out while reading, e.g. an incomplete last line.
  [[nodiscard]] const std::vector<std::string>& warnings() const;

 private:
  class Impl;
  explicit MockRelay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_MOCK_RELAY_H_
