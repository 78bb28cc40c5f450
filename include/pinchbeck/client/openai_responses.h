// The Responses API of OpenAI.
#ifndef PINCHBECK_CLIENT_OPENAI_RESPONSES_H_
#define PINCHBECK_CLIENT_OPENAI_RESPONSES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

// Requests are POSTs to {base}/responses with `store: false`. The API has no seed, top_k and min_p.
//
// Answers: the text is that of all output items of type "message"; reasoning items give the reasoning text,
// their summary only where the text itself is not shown. `status` and `incomplete_details` become the finish
// reason. In streams the text comes from the deltas; what they lack (servers that send only the finished
// parts, bytes of tokens) is taken from the final response.
class OpenAiResponsesDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override;
  [[nodiscard]] DialectFeatures features() const override;
  [[nodiscard]] absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const override;
  [[nodiscard]] std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_OPENAI_RESPONSES_H_
