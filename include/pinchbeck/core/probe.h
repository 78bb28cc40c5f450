// A probe: a request template whose answers are compared.
#ifndef PINCHBECK_CORE_PROBE_H_
#define PINCHBECK_CORE_PROBE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pinchbeck {

struct ChatMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
};

struct SamplingParameters {
  double temperature = 1.0;
  std::optional<double> top_p;
  std::optional<std::int64_t> top_k;
  std::optional<double> min_p;
  std::int64_t max_tokens = 16;
  // Number of most likely tokens to ask for (0: the sampled token only; absent: no log-probabilities).
  std::optional<std::int64_t> top_logprobs;
  bool stream = false;
  // How much a model is to reason: "none", "minimal", "low", "medium", "high" or "xhigh". Absent: not sent.
  std::optional<std::string> reasoning_effort = {};
};

struct Probe {
  // Unique in its battery, e.g. "number-1-100/en/2".
  std::string id;
  // Group that `collect --groups` selects: "choice", "logprob", "text" or "tokenizer".
  std::string group;
  // Signals that the answers feed: "choice", "logprob", "token_length", "latency", "text", "tokenizer".
  std::vector<std::string> signals;
  std::vector<ChatMessage> messages;
  SamplingParameters sampling;

  // Identity of the prompt: lower-case hexadecimal SHA-256 of the content's UTF-8 bytes for one user message,
  // and of the compact JSON list of [role, content] pairs otherwise.
  [[nodiscard]] std::string PromptSha256() const;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_PROBE_H_
