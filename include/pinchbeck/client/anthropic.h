// The Messages API of Anthropic.
#ifndef PINCHBECK_CLIENT_ANTHROPIC_H_
#define PINCHBECK_CLIENT_ANTHROPIC_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

struct AnthropicOptions {
  // Sends the key as `Authorization: Bearer` instead of `x-api-key`.
  bool bearer = false;
};

// Requests are POSTs to {base}/v1/messages; a base that ends in a version gets no second one. System messages
// go into `system`. The API has no log-probabilities, seed and min_p; temperatures above 1 are refused by
// the vendor and sent as they are.
//
// Answers: text blocks are the text, thinking blocks the reasoning; tool calls and unknown blocks are
// skipped. The input count is the sum of the fresh and the two cached counts, which do not overlap in this
// API. Of a stream's output counts only those of `message_delta` are kept: the one in `message_start` is a
// small first value. Stop reasons become those of the chat completions API.
class AnthropicDialect final : public Dialect {
 public:
  explicit AnthropicDialect(AnthropicOptions options = {}) : options_(options) {}
  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] DialectFeatures features() const override;
  [[nodiscard]] absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const override;
  [[nodiscard]] std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override;

 private:
  AnthropicOptions options_;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_ANTHROPIC_H_
