// The APIs that can be spoken, how to tell them apart by address, and their dialects.
#ifndef PINCHBECK_CLIENT_API_H_
#define PINCHBECK_CLIENT_API_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

enum class Api { kOpenAiChat, kOpenAiCompletions, kOpenAiResponses, kAnthropic, kGemini, kOllama };

// All of them, in the order above.
[[nodiscard]] std::span<const Api> AllApis();

// "openai_chat", "openai_completions", "openai_responses", "anthropic", "gemini" or "ollama".
[[nodiscard]] std::string_view ApiName(Api api);
// The API with that name.
[[nodiscard]] std::optional<Api> ApiFromName(std::string_view name);

// The API that an address belongs to. These decide, in this order: a path that ends in an operation
// (/chat/completions, /completions, /responses, /messages, :generateContent, /api/chat); a path segment
// "openai" or "anthropic", which routers use for a compatible layer; the hosts of Anthropic and Gemini; a
// path that ends in /v1beta; Ollama's port without a version segment. Everything else is taken as chat
// completions, which nearly all servers and relays speak.
//
// InvalidArgument: not an http or https URL with a host.
[[nodiscard]] absl::StatusOr<Api> DetectApi(std::string_view base_url);

struct DialectOptions {
  // OpenAI chat completions: name of the field that limits the output (see OpenAiChatOptions).
  std::string token_limit_field = "max_tokens";
  // Anthropic: send the key as `Authorization: Bearer` instead of `x-api-key`.
  bool anthropic_bearer = false;
};

[[nodiscard]] std::unique_ptr<Dialect> MakeDialect(Api api, const DialectOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_API_H_
