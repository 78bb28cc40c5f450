// The native chat API of Ollama.
#ifndef PINCHBECK_CLIENT_OLLAMA_H_
#define PINCHBECK_CLIENT_OLLAMA_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

// Requests are POSTs to {base}/api/chat; a base that ends in /api gets no second one. Sampling parameters go
// into `options`, where the output limit is called `num_predict`. Streams are one JSON object a line.
//
// Answers: `message.content` is the text, `message.thinking` the reasoning. Counts are absent when the
// server's prompt cache makes it leave them out. `remote_host`, of a model that another machine serves, is
// the provider.
class OllamaDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const override;
  [[nodiscard]] std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_OLLAMA_H_
