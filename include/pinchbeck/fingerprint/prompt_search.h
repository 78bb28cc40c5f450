// Batteries for fingerprints whose prompts somebody else wrote.
#ifndef PINCHBECK_FINGERPRINT_PROMPT_SEARCH_H_
#define PINCHBECK_FINGERPRINT_PROMPT_SEARCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

struct PromptSearchOptions {
  // Where the fingerprint does not say how many tokens were asked for. Only what is generated is paid for,
  // and a reasoning model needs room before it answers.
  std::int64_t max_tokens = 2048;
};

struct PromptSearchResult {
  // One probe for each prompt found, with the fingerprint's probe names, signals and conditions.
  Battery battery;
  // Probes whose prompt is not in the text.
  std::vector<std::string> missing;
  // Probes whose temperature the fingerprint does not know; they are asked at 1.
  std::vector<std::string> unknown_temperature;
};

// Finds the fingerprint's foreign prompts in a copy of the source's file by their SHA-256. The file may be
// program text, JSON, CSV or plain text: every string literal and every line is tried.
//
// FailedPrecondition: the fingerprint names no foreign prompt. NotFound: none of them is in the text; the
// message says which file of which revision to get. InvalidArgument: a text too tangled to search.
// Cost: one SHA-256 per literal and line, about 0.1 s per MB.
[[nodiscard]] absl::StatusOr<PromptSearchResult> FindPrompts(const Fingerprint& fingerprint,
                                                             std::string_view text,
                                                             const PromptSearchOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_FINGERPRINT_PROMPT_SEARCH_H_
