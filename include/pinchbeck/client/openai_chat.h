// The chat completions API of OpenAI and of the many servers and relays that copy it.
#ifndef PINCHBECK_CLIENT_OPENAI_CHAT_H_
#define PINCHBECK_CLIENT_OPENAI_CHAT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

struct OpenAiChatOptions {
  // Name of the field that limits the output: "max_tokens" is what most servers know; newer reasoning models
  // take only "max_completion_tokens".
  std::string token_limit_field = "max_tokens";
};

// Requests are POSTs to {base}/chat/completions. Streams ask for usage (`stream_options.include_usage`).
//
// Answers: choice 0 is read, other choices are ignored. A refusal counts as the text and sets the finish
// reason "refusal". Usage may come on the finish chunk, in an extra chunk, on every chunk or never. An error
// object is an error whatever the HTTP status was. A stream without `[DONE]` is taken as whole once a finish
// reason was seen. What other servers add is kept where an observation has a place for it: token ids,
// reasoning under its several names, the host a router used, the cost, and the finish reason of that host.
class OpenAiChatDialect final : public Dialect {
 public:
  explicit OpenAiChatDialect(OpenAiChatOptions options = {});
  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] DialectFeatures features() const override;
  [[nodiscard]] absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const override;
  [[nodiscard]] std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override;

 private:
  OpenAiChatOptions options_;
};

// Address of the chat operation for a base URL with or without a trailing slash, or one that already ends in
// /chat/completions; a query is kept. InvalidArgument: not an http or https URL with a host.
[[nodiscard]] absl::StatusOr<std::string> ChatCompletionsUrl(std::string_view base_url);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_OPENAI_CHAT_H_
