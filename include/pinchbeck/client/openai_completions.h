// The legacy completions API of OpenAI, which vLLM, SGLang, llama.cpp and others also serve.
#ifndef PINCHBECK_CLIENT_OPENAI_COMPLETIONS_H_
#define PINCHBECK_CLIENT_OPENAI_COMPLETIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

// Requests are POSTs to {base}/completions. The API knows no roles and no chat template: the messages of a
// probe are joined by blank lines, so a base model sees plain text. The prompt's identity says so (one
// message without a role): answers to plain text are not compared with those of a chat.
//
// Log-probabilities come as lists beside each other (`tokens`, `token_logprobs`, `top_logprobs`) or, from
// llama.cpp, in the chat shape. `top_logprobs` is a map from the token's text: of two tokens with one
// spelling the server's JSON keeps one, and nothing here can bring the other back. Alternatives are put in
// order of falling log-probability.
class OpenAiCompletionsDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] std::string PromptSha256(const Probe& probe) const override;
  [[nodiscard]] absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const override;
  [[nodiscard]] std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_OPENAI_COMPLETIONS_H_
