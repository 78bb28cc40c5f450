// The APIs that the mock relay speaks, as tables of functions.
#ifndef PINCHBECK_SRC_CLI_MOCK_RELAY_API_H_
#define PINCHBECK_SRC_CLI_MOCK_RELAY_API_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"
#include "src/cli/mock_relay_wire.h"

namespace pinchbeck::cli {

struct RelayApi {
  // Pattern of the operation's path, and the path as messages show it.
  const char* path_pattern;
  const char* path_shown;
  const char* stream_type;
  // InvalidArgument names the field.
  absl::StatusOr<ChatRequest> (*parse)(std::string_view path, std::string_view body);
  std::string (*whole)(const Observation& observation, const ChatRequest& request, const ReplyHead& head);
  std::vector<TimedEvent> (*events)(const Observation& observation, const ChatRequest& request,
                                    const ReplyHead& head);
  std::string (*error)(int status, std::string_view code, std::string_view message);
};

// Chat completions first.
[[nodiscard]] std::span<const RelayApi* const> RelayApis();

extern const RelayApi kOpenAiChatRelay;
extern const RelayApi kOpenAiCompletionsRelay;
extern const RelayApi kOpenAiResponsesRelay;
extern const RelayApi kAnthropicRelay;
extern const RelayApi kGeminiRelay;
extern const RelayApi kOllamaRelay;

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_MOCK_RELAY_API_H_
