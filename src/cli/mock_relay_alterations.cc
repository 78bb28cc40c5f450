#include "src/cli/mock_relay_alterations.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "pinchbeck/internal/digest.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::cli {
namespace {

constexpr std::size_t kBytesPerToken = 4;
// Shorter numbers stand in a text by chance.
constexpr std::size_t kMinDigits = 4;

// Purposes of random draws, apart from those of the answers (mock_relay_answers.cc).
enum Purpose : std::uint64_t { kNumbers = 101, kRewriting };

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

std::uint64_t Address(std::string_view answer_id) {
  std::uint64_t value = 0;
  for (const char c : internal::Sha256Hex(answer_id).substr(0, 16)) {
    value = value * 16 + static_cast<std::uint64_t>(IsDigit(c) ? c - '0' : c - 'a' + 10);
  }
  return value;
}

std::string PromptText(const ChatRequest& request) {
  std::string text;
  for (const ChatMessage& message : request.messages) text += message.content + "\n";
  return text;
}

// Changes the last small letter between `begin` and `end` to the next one.
void ChangeLastLetter(std::size_t begin, std::size_t end, std::string* text) {
  for (std::size_t i = end; i > begin; --i) {
    char& c = (*text)[i - 1];
    if (!IsLetter(c)) continue;
    c = c == 'z' ? 'a' : static_cast<char>(c + 1);
    return;
  }
}

// Changes every name that follows `lead` and ends before one of `ends`.
void ChangeNames(std::string_view lead, const char* ends, std::string* text) {
  for (std::size_t at = text->find(lead); at != std::string::npos; at = text->find(lead, at + 1)) {
    const std::size_t begin = at + lead.size();
    const std::size_t end = std::min(text->find_first_of(ends, begin), text->size());
    ChangeLastLetter(begin, end, text);
  }
}

}  // namespace

std::string WithoutQuotesFromBefore(std::string_view answer, std::string_view prompt, std::size_t kept_bytes,
                                    std::uint64_t seed) {
  std::string text(answer);
  if (prompt.size() <= kept_bytes) return text;
  const std::string_view kept = prompt.substr(prompt.size() - kept_bytes);
  stats::CounterRng generator(stats::MixSeed(seed, kNumbers), 0);
  for (std::size_t begin = 0; begin < text.size();) {
    if (!IsDigit(text[begin])) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < text.size() && IsDigit(text[end])) ++end;
    const std::string number = text.substr(begin, end - begin);
    const bool lost = number.size() >= kMinDigits && prompt.find(number) != std::string_view::npos &&
                      kept.find(number) == std::string_view::npos;
    // Each digit becomes another one.
    for (std::size_t i = begin; lost && i < end; ++i) {
      text[i] = static_cast<char>('0' + (text[i] - '0' + 1 + static_cast<int>(generator.Below(9))) % 10);
    }
    begin = end;
  }
  return text;
}

std::string WithOtherNames(std::string_view text) {
  std::string changed(text);
  // The first label of the host: what comes after it is the registrar's.
  for (const char* scheme : {"https://", "http://"}) ChangeNames(scheme, "./:?# \n\"", &changed);
  for (const char* installer : {"pip install ", "npm install ", "cargo add ", "gem install "})
    ChangeNames(installer, " \n`\"", &changed);
  return changed;
}

Observation AlteredAnswer(const Observation& recorded, const ChatRequest& request, std::string_view answer_id,
                          const MockRelayOptions& options) {
  Observation answer = recorded;
  if (!answer.response.text.has_value()) return answer;
  std::string& text = *answer.response.text;
  const std::uint64_t seed = stats::MixSeed(options.seed, Address(answer_id));
  if (options.mode == MockRelayMode::kTruncate) {
    const std::size_t kept = static_cast<std::size_t>(options.kept_tokens) * kBytesPerToken;
    text = WithoutQuotesFromBefore(text, PromptText(request), kept, seed);
  } else if (options.mode == MockRelayMode::kRewrite) {
    stats::CounterRng generator(stats::MixSeed(seed, kRewriting), 0);
    if (generator.Uniform() < options.rewritten_share) text = WithOtherNames(text);
  }
  return answer;
}

}  // namespace pinchbeck::cli
