// A dialect: how one family of APIs words a request and an answer.
#ifndef PINCHBECK_CLIENT_DIALECT_H_
#define PINCHBECK_CLIENT_DIALECT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/client/http.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/probe.h"

namespace pinchbeck {

// How a transfer ended, as far as an answer's meaning depends on it.
struct ResponseEnd {
  // False when the connection broke or a time limit passed before the end of the body.
  bool complete = true;
  double total_s = 0.0;
};

// What a decoder noticed besides the fields of an observation.
struct DecodeNotes {
  // The server's own name for an error ("insufficient_quota"), from its `code` or else its `type`.
  std::string error_code;
  // The parameter of the request that an error object names; may be empty.
  std::string error_param;
  // How long an error object asks to wait, in seconds.
  std::optional<double> retry_delay_s;
  // Times that the text had to be repaired before it was valid JSON (NaN, -Infinity, lone surrogates, ...).
  std::int64_t json_repairs = 0;
  // The answer is whole although the transfer may not be: its end was announced inside the body.
  bool answer_complete = false;
  // The stream ended with the dialect's end mark.
  bool terminated_cleanly = false;
};

// Reads one answer. Calls come in the order OnHead, OnBytes..., Finish. Decoders must take any bytes:
// whatever a server sends ends in a filled observation or in `observation.error`.
class ResponseDecoder {
 public:
  virtual ~ResponseDecoder() = default;
  virtual void OnHead(const ResponseHead& head) = 0;
  // Bytes of the decoded body that arrived `arrival_s` seconds after the request was sent. An error means
  // that the rest is not worth receiving; Finish() then reports it.
  [[nodiscard]] virtual absl::Status OnBytes(std::string_view bytes, double arrival_s) = 0;
  // Fills `response`, `usage`, `timing`, `logprobs` and `error` of the observation. With `!end.complete` and
  // no whole answer, `error` is left for the caller, who knows why the transfer ended.
  virtual DecodeNotes Finish(const ResponseEnd& end, Observation& observation) = 0;
};

// Which sampling parameters an API has words for. What it has none for is not sent, and not recorded as sent.
struct DialectFeatures {
  bool top_k = true;
  bool min_p = true;
  bool logprobs = true;
  bool seed = true;
  bool reasoning_effort = false;
};

// The parameters that remain of `sampling`.
[[nodiscard]] SamplingParameters SupportedSampling(const SamplingParameters& sampling,
                                                   const DialectFeatures& features);

class Dialect {
 public:
  virtual ~Dialect() = default;
  // As recorded in `request.api`.
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual DialectFeatures features() const { return {}; }
  // Identity of what the model is asked. An API without roles asks something else than a chat with the same
  // words: no template is put around them.
  [[nodiscard]] virtual std::string PromptSha256(const Probe& probe) const { return probe.PromptSha256(); }
  // The request for one sample of a probe, to the origin of the endpoint's base URL. InvalidArgument: the
  // base URL is not usable.
  [[nodiscard]] virtual absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                                 std::optional<std::int64_t> seed) const = 0;
  // A decoder for one answer to a request that asked for a stream or not; servers may answer the other way.
  [[nodiscard]] virtual std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const = 0;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_DIALECT_H_
