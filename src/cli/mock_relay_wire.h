// The bytes of the chat completions API as the mock relay speaks it, and what its other APIs share with it.
#ifndef PINCHBECK_SRC_CLI_MOCK_RELAY_WIRE_H_
#define PINCHBECK_SRC_CLI_MOCK_RELAY_WIRE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/probe.h"

namespace pinchbeck::cli {

struct ChatRequest {
  std::string model;
  std::vector<ChatMessage> messages;
  double temperature = 1.0;
  std::optional<std::int64_t> max_tokens;
  bool logprobs = false;
  std::int64_t top_logprobs = 0;
  bool stream = false;
  bool include_usage = false;
  // As asked for; absent: the server's default.
  std::optional<std::string> reasoning_effort = {};
};

// InvalidArgument names the field: not JSON, a field of the wrong type or out of range, n other than 1.
[[nodiscard]] absl::StatusOr<ChatRequest> ParseChatRequest(std::string_view body);

// What an answer carries beside the recorded observation.
struct ReplyHead {
  std::string id;
  std::string model;
  std::int64_t created = 0;
  std::int64_t extra_input_tokens = 0;
};

// One event of a stream: its bytes, and when they were recorded to arrive after the request.
struct TimedEvent {
  double at_s = 0.0;
  std::string bytes;
};

[[nodiscard]] std::string CompletionBody(const Observation& observation, const ChatRequest& request,
                                         const ReplyHead& head);

// A role event at once, the content at the recorded times, then the finish reason, the usage (if asked for
// and recorded) and [DONE]. The text is split at its tokens where the recorded ones spell it, else evenly
// between code points.
[[nodiscard]] std::vector<TimedEvent> StreamEvents(const Observation& observation, const ChatRequest& request,
                                                   const ReplyHead& head);

// The recorded counts in the words of chat completions; null when there are none.
[[nodiscard]] nlohmann::ordered_json OpenAiUsage(const Observation& observation, const ReplyHead& head);

[[nodiscard]] std::string ModelsBody(const std::vector<std::string>& names);
// The type follows from the HTTP status.
[[nodiscard]] std::string ErrorBody(int status, std::string_view code, std::string_view message);

// `count` consecutive pieces that together are the text, cut between code points and as even as possible.
[[nodiscard]] std::vector<std::string> SplitText(std::string_view text, std::size_t count);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_MOCK_RELAY_WIRE_H_
