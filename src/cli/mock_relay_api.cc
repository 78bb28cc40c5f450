#include "src/cli/mock_relay_api.h"

#include <array>
#include <span>

namespace pinchbeck::cli {

std::span<const RelayApi* const> RelayApis() {
  static constexpr std::array<const RelayApi*, 6> kApis = {&kOpenAiChatRelay,      &kOpenAiCompletionsRelay,
                                                           &kOpenAiResponsesRelay, &kAnthropicRelay,
                                                           &kGeminiRelay,          &kOllamaRelay};
  return kApis;
}

}  // namespace pinchbeck::cli
