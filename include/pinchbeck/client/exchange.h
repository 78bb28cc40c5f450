// A request and its answer as an application sent and received them, read into an observation.
//
// For traffic that somebody else makes: nothing is sent, and no clock is read. The answer goes through the
// readers that `collect` uses, so that a hostile one ends in a filled observation or in `observation.error`.
#ifndef PINCHBECK_CLIENT_EXCHANGE_H_
#define PINCHBECK_CLIENT_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck {

// A larger body is an error. While a body is read it takes a few times its bytes of memory, and a hostile one
// (lists of tiny JSON objects) up to about 64 times; afterwards only what an observation holds.
struct ExchangeLimits {
  std::size_t max_request_bytes = std::size_t{4} << 20;
  std::size_t max_response_bytes = std::size_t{4} << 20;
};

struct ExchangeRequest {
  // kOpenAiChat or kAnthropic.
  Api api = Api::kOpenAiChat;
  // The JSON body as sent. Of the prompt only its digest is kept; headers are never needed.
  std::string_view body;
  // Base URL; user name, password and query are not kept.
  std::optional<std::string> endpoint = std::nullopt;
  std::optional<std::string> session = std::nullopt;
  // RFC 3339, when the request was sent.
  std::optional<std::string> time = std::nullopt;
};

struct ExchangeEnd {
  // HTTP status; 200 where the caller's client hides it.
  int status = 200;
  // False when the connection broke or the caller stopped reading.
  bool complete = true;
  // Seconds from sending the request to the end of the answer; absent where nobody measured.
  std::optional<double> total_s = std::nullopt;
  // Seconds to the first token, where chunks with arrival times were not given.
  std::optional<double> first_token_s = std::nullopt;
  // A key that the server knows and might repeat: taken out of what is kept, and itself not kept.
  std::string_view redact = {};
};

// Why a request says nothing about a probe, although its prompt and sampling parameters may equal the
// probe's.
enum class RequestObstacle : std::uint8_t {
  kNone,
  // The prompt is not plain text in known roles (images, tool calls, several text parts), so that it has no
  // digest.
  kPromptNotText,
  // At a temperature above 0 a seed makes answers repeat that are compared as if they were drawn anew.
  kSeed,
  // A parameter that changes answers and that probes do not have (penalties, tools, formats, effort, ...), or
  // one that is not known.
  kOtherParameter,
  // A log does not hold all parameters of the request, so that nobody knows how it was asked.
  kUnrecordedParameters,
};
// "none", "prompt_not_text", "seed", "other_parameter", "unrecorded_parameters".
[[nodiscard]] std::string_view RequestObstacleName(RequestObstacle obstacle);

struct Exchange {
  // Without a probe's name; `error.message` repeats no word of the server. With an obstacle,
  // `request.prompt_sha256` is absent: the record could not say that more than the prompt shaped the answer.
  Observation observation;
  RequestObstacle obstacle = RequestObstacle::kNone;
  // The member of the request behind the obstacle, e.g. "logit_bias"; at most 64 bytes.
  std::string obstacle_field;
  // SHA-256 of all that shapes the answer: prompt, sampling, seed and other parameters, but neither the
  // model's name nor how the answer is delivered. Requests with one identity are repeats of each other,
  // except with kSeed (the same answer again) and kUnrecordedParameters (not all is known).
  std::string request_sha256;
  // The model's name as a log gives it, where nobody knows whether it was asked for or answered.
  // `observation.request.model` is absent then.
  std::optional<std::string> model_in_log = std::nullopt;
  // A log does not hold the whole answer. `observation.error` is set then.
  bool answer_missing = false;
};

// Reads one exchange. Calls come in the order Create, any of OnBytes and OnEvent, Finish. Not thread-safe;
// different readers are independent.
class ExchangeReader {
 public:
  // InvalidArgument names the field: an API without a reader here, a body that is not a JSON object or too
  // long, a sampling parameter of the wrong type, a time that is not RFC 3339, an endpoint that is no URL.
  [[nodiscard]] static absl::StatusOr<ExchangeReader> Create(const ExchangeRequest& request,
                                                             const ExchangeLimits& limits = {});
  ExchangeReader(ExchangeReader&&) noexcept;
  ExchangeReader& operator=(ExchangeReader&&) noexcept;
  ~ExchangeReader();

  // Bytes of the body as received, a document or server-sent events, with their arrival in seconds after the
  // request was sent. Without arrival times (a whole answer at once) give none: then no times of events are
  // recorded. Times that decrease come from a clock that was set: the bytes count, and no time of the answer
  // is recorded. InvalidArgument: a time that is negative or not finite, with the same effect. Bytes beyond
  // the limit make the observation an error.
  [[nodiscard]] absl::Status OnBytes(std::string_view bytes, std::optional<double> arrival_s = std::nullopt);
  // One event of a stream as a JSON object, as client libraries hand them on. Errors as above.
  [[nodiscard]] absl::Status OnEvent(std::string_view json, std::optional<double> arrival_s = std::nullopt);

  // Call once. InvalidArgument: a status outside 100..599, times that are negative or not finite.
  [[nodiscard]] absl::StatusOr<Exchange> Finish(const ExchangeEnd& end) &&;

 private:
  class Impl;
  explicit ExchangeReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads a request and a whole answer (a document, or the text of an event stream).
[[nodiscard]] absl::StatusOr<Exchange> ReadExchange(const ExchangeRequest& request, std::string_view response,
                                                    const ExchangeEnd& end = {},
                                                    const ExchangeLimits& limits = {});

// The same from one JSON object, for hosts that hand JSON through:
//
//   {"api": "openai_chat", "request": {...}, "response": {...}, "status": 200, "complete": true,
//    "time": "...", "endpoint": "...", "session": "...", "total_s": 0.7, "first_token_s": 0.4, "redact":
//    "..."}
//
// `request` is required; `response` is an object or a string that holds the body. Instead of it, `chunks` is
// a list of [arrival_s, event] pairs, each event an object or a string of raw bytes. Everything else is
// optional. Unknown members are ignored. InvalidArgument names the member.
[[nodiscard]] absl::StatusOr<Exchange> ReadExchangeJson(std::string_view text,
                                                        const ExchangeLimits& limits = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_EXCHANGE_H_
