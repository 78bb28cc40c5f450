// Handling of text that an untrusted server chose.
#ifndef PINCHBECK_SRC_CLIENT_TEXT_GUARD_H_
#define PINCHBECK_SRC_CLIENT_TEXT_GUARD_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// One line fit for a terminal and a log: valid UTF-8, control characters and marks that turn the direction of
// writing made spaces, at most about `max_bytes` long.
[[nodiscard]] std::string CleanLine(std::string_view text, std::size_t max_bytes = 400);

// The same between quotation marks, those inside made single, so that the text cannot seem to end early.
[[nodiscard]] std::string Quoted(std::string_view text, std::size_t max_bytes = 400);

[[nodiscard]] bool LooksLikeHtml(std::string_view body);

// Replaces every exact occurrence of the key by "[key]".
[[nodiscard]] std::string Redact(std::string text, const Secret& key);

// Takes the key out of everything the server sent. Placeholder keys (shorter than 8 characters) are only
// taken out of the error message, because they may be ordinary words of an answer.
void RedactObservation(const Secret& key, Observation& observation);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_TEXT_GUARD_H_
