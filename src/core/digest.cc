#include "pinchbeck/internal/digest.h"

#include <openssl/sha.h>

#include <array>

#include "pinchbeck/core/plain_prompt.h"
#include "pinchbeck/core/probe.h"
#include "src/internal/json_text.h"

namespace pinchbeck {
namespace internal {

std::string Sha256Hex(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex.push_back(kHex[byte >> 4]);
    hex.push_back(kHex[byte & 15]);
  }
  return hex;
}

}  // namespace internal

std::string Probe::PromptSha256() const {
  if (messages.size() == 1 && messages[0].role == "user") return internal::Sha256Hex(messages[0].content);
  std::string list = "[";
  for (const ChatMessage& message : messages) {
    if (list.size() > 1) list += ',';
    list += '[';
    internal::AppendJsonString(message.role, &list);
    list += ',';
    internal::AppendJsonString(message.content, &list);
    list += ']';
  }
  list += ']';
  return internal::Sha256Hex(list);
}

std::string PlainPrompt(const Probe& probe) {
  std::string prompt;
  for (const ChatMessage& message : probe.messages) {
    if (!prompt.empty()) prompt += "\n\n";
    prompt += message.content;
  }
  return prompt;
}

std::string PlainPromptSha256(const Probe& probe) {
  Probe plain;
  plain.messages = {{"", PlainPrompt(probe)}};
  return plain.PromptSha256();
}

bool IsPromptOf(const Probe& probe, std::string_view sha256) {
  return sha256 == probe.PromptSha256() || sha256 == PlainPromptSha256(probe);
}

}  // namespace pinchbeck
