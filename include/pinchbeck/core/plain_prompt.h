// Prompts of APIs that have no roles: the messages of a probe as one text.
#ifndef PINCHBECK_CORE_PLAIN_PROMPT_H_
#define PINCHBECK_CORE_PLAIN_PROMPT_H_

#include <string>
#include <string_view>

#include "pinchbeck/core/probe.h"

namespace pinchbeck {

// The contents of all messages, with a blank line between two.
[[nodiscard]] std::string PlainPrompt(const Probe& probe);

// Identity of that text: Probe::PromptSha256() of one message without a role, so that it is never taken for
// that of a chat with the same words.
[[nodiscard]] std::string PlainPromptSha256(const Probe& probe);

// Whether a recorded identity is that of this probe, sent as a chat or as plain text.
[[nodiscard]] bool IsPromptOf(const Probe& probe, std::string_view sha256);

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_PLAIN_PROMPT_H_
