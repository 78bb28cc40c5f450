#include "pinchbeck/client/api.h"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pinchbeck/client/anthropic.h"
#include "pinchbeck/client/gemini.h"
#include "pinchbeck/client/ollama.h"
#include "pinchbeck/client/openai_chat.h"
#include "pinchbeck/client/openai_completions.h"
#include "pinchbeck/client/openai_responses.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/operation.h"

namespace pinchbeck {
namespace {

constexpr std::array<Api, 6> kApis = {Api::kOpenAiChat,      Api::kOpenAiCompletions,
                                      Api::kOpenAiResponses, Api::kAnthropic,
                                      Api::kGemini,          Api::kOllama};

constexpr std::string_view kAnthropicHost = "api.anthropic.com";
constexpr std::string_view kGeminiHost = "generativelanguage.googleapis.com";
constexpr std::string_view kOllamaPort = "11434";

bool HasSegment(std::string_view path, std::string_view segment) {
  std::size_t at = 0;
  while ((at = path.find(segment, at)) != std::string_view::npos) {
    const std::size_t end = at + segment.size();
    const bool starts = at > 0 && path[at - 1] == '/';
    if (starts && (end == path.size() || path[end] == '/')) return true;
    at = end;
  }
  return false;
}

}  // namespace

std::span<const Api> AllApis() { return kApis; }

std::string_view ApiName(Api api) {
  switch (api) {
    case Api::kOpenAiChat:
      return "openai_chat";
    case Api::kOpenAiCompletions:
      return "openai_completions";
    case Api::kOpenAiResponses:
      return "openai_responses";
    case Api::kAnthropic:
      return "anthropic";
    case Api::kGemini:
      return "gemini";
    case Api::kOllama:
      return "ollama";
  }
  return "unknown";
}

std::optional<Api> ApiFromName(std::string_view name) {
  for (const Api api : kApis) {
    if (ApiName(api) == name) return api;
  }
  return std::nullopt;
}

absl::StatusOr<Api> DetectApi(std::string_view base_url) {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url, internal::ParseUrl(base_url));
  const internal::SplitPath path = internal::SplitOperation(url.path);
  if (path.api.has_value()) return *path.api;
  if (HasSegment(path.base, "openai")) return Api::kOpenAiChat;
  if (HasSegment(path.base, "anthropic")) return Api::kAnthropic;
  if (url.host == kAnthropicHost) return Api::kAnthropic;
  if (url.host == kGeminiHost || internal::EndsWith(path.base, "/v1beta")) return Api::kGemini;
  if (url.port == kOllamaPort && (path.base.empty() || path.base == "/api")) return Api::kOllama;
  return Api::kOpenAiChat;
}

std::unique_ptr<Dialect> MakeDialect(Api api, const DialectOptions& options) {
  switch (api) {
    case Api::kOpenAiChat:
      break;
    case Api::kOpenAiCompletions:
      return std::make_unique<OpenAiCompletionsDialect>();
    case Api::kOpenAiResponses:
      return std::make_unique<OpenAiResponsesDialect>();
    case Api::kAnthropic:
      return std::make_unique<AnthropicDialect>(AnthropicOptions{options.anthropic_bearer});
    case Api::kGemini:
      return std::make_unique<GeminiDialect>();
    case Api::kOllama:
      return std::make_unique<OllamaDialect>();
  }
  return std::make_unique<OpenAiChatDialect>(OpenAiChatOptions{options.token_limit_field});
}

}  // namespace pinchbeck
