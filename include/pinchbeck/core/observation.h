// One request to an endpoint with everything that was recorded of it.
//
// The fields follow docs/design/0001-formats.md. A field that the server did not report is absent
// (`std::nullopt` or an empty vector), never zero.
#ifndef PINCHBECK_CORE_OBSERVATION_H_
#define PINCHBECK_CORE_OBSERVATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace pinchbeck {

// Version tag written into every line of a recording.
inline constexpr std::string_view kObservationSchema = "pinchbeck.observation/1";

// Log-probabilities at or below this value mean "far too unlikely to report": they are censored, never used
// as numbers.
inline constexpr double kCensoredLogprob = -9000.0;

// A token with its natural-log probability (<= 0 up to rounding).
struct TokenLogprob {
  std::string token;
  std::optional<std::int64_t> id;
  // Absent when the server reported null or -infinity.
  std::optional<double> logprob;
};

// What was reported at one output position: the sampled token and the most likely alternatives, as sent.
struct PositionLogprobs {
  TokenLogprob sampled;
  std::vector<TokenLogprob> top;
};

struct RequestRecord {
  // Name of the API that was spoken, e.g. "anthropic" (see ApiName in client/api.h).
  std::optional<std::string> api;
  std::optional<std::string> model;
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::int64_t> top_k;
  std::optional<double> min_p;
  std::optional<std::int64_t> max_tokens;
  std::optional<std::int64_t> seed;
  std::optional<bool> stream;
  std::optional<std::int64_t> top_logprobs;
  // Lower-case hexadecimal SHA-256 of the prompt (see Probe::PromptSha256).
  std::optional<std::string> prompt_sha256;
};

struct ResponseRecord {
  std::optional<std::string> id;
  std::optional<std::string> model;
  std::optional<std::string> text;
  std::optional<std::string> reasoning_text;
  // In the words of the chat completions API ("stop", "length", "tool_calls", "content_filter", "refusal"),
  // or the server's own word where none of them fits.
  std::optional<std::string> finish_reason;
  // The server's own word where it differs, or the word of the host behind a router.
  std::optional<std::string> native_finish_reason;
  // The host that a router says it used.
  std::optional<std::string> provider;
  std::optional<std::string> system_fingerprint;
  std::optional<std::vector<std::int64_t>> token_ids;
};

// Token counts as the server reported them. Reasoning tokens are included in the output tokens and cached
// input tokens in the input tokens.
struct UsageRecord {
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::optional<std::int64_t> reasoning_tokens;
  std::optional<std::int64_t> cached_input_tokens;
  // What the server says the answer cost, in its own unit (US dollars where routers report it).
  std::optional<double> cost;
};

// Seconds since the request was sent, from a monotonic clock. All values are finite and >= 0.
struct TimingRecord {
  std::optional<double> connect_s;
  std::optional<double> first_token_s;
  std::optional<double> total_s;
  // One entry per streamed event that carried content, non-decreasing.
  std::vector<double> event_s;
  // Tokens per event where known; empty or as long as event_s.
  std::vector<std::int64_t> event_tokens;
};

enum class ErrorKind { kHttp, kTimeout, kNetwork, kProtocol };

// Why a request gave no usable answer. A failed request is an observation too: counted, never used as data.
struct ErrorRecord {
  ErrorKind kind = ErrorKind::kProtocol;
  // HTTP status where there was one.
  std::optional<int> status;
  std::string message;
};

struct Observation {
  std::string probe;
  // Signals that the probe feeds; empty when the recording does not say.
  std::vector<std::string> signals;
  std::optional<std::int64_t> sample;
  std::optional<std::string> session;
  // RFC 3339 time as recorded.
  std::optional<std::string> time;
  std::optional<std::string> endpoint;
  RequestRecord request;
  ResponseRecord response;
  UsageRecord usage;
  TimingRecord timing;
  std::vector<PositionLogprobs> logprobs;
  std::optional<ErrorRecord> error;
};

// Parses one line of a recording (a JSON object, UTF-8) without building a document tree.
//
// Unknown fields are ignored; null means absent. InvalidArgument names the offending field by its path
// ("usage.input_tokens: expected an integer, got a string") or the column of a syntax error: not an object,
// `probe` missing or empty, a field of the wrong type, a number that is not finite or out of range, a
// negative time, event_s that decreases, event_tokens of another length, invalid UTF-8, another schema.
[[nodiscard]] absl::StatusOr<Observation> ParseObservation(std::string_view line);

// The observation as one line of JSON without a newline; absent fields are left out. Invalid UTF-8 in strings
// is replaced by U+FFFD.
[[nodiscard]] std::string SerializeObservation(const Observation& observation);

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_OBSERVATION_H_
