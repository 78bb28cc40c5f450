// The generateContent API of Gemini.
#ifndef PINCHBECK_CLIENT_GEMINI_H_
#define PINCHBECK_CLIENT_GEMINI_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

// Requests are POSTs to {base}/v1beta/models/MODEL:generateContent, or :streamGenerateContent?alt=sse; a base
// that ends in a version gets no second one, and a model may be given as "models/NAME". The key goes into
// `x-goog-api-key`. System messages go into `systemInstruction`; the role "assistant" is called "model". The
// API has no min_p.
//
// Answers: candidate 0 is read; parts marked as thoughts are the reasoning. The output count is that of the
// candidate plus that of the thoughts, which do not overlap in this API. A prompt that was blocked is an
// answer without text and with the finish reason "content_filter". A stream has no end mark: it is whole once
// a finish reason was seen. A list of chunks in one document is read like a stream without times.
class GeminiDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] DialectFeatures features() const override;
  [[nodiscard]] absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const override;
  [[nodiscard]] std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_GEMINI_H_
