// Writing JSON text by hand: compact, deterministic, and the same for every locale.
#ifndef PINCHBECK_SRC_INTERNAL_JSON_TEXT_H_
#define PINCHBECK_SRC_INTERNAL_JSON_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace pinchbeck::internal {

// Appends the text as a JSON string with its quotes. Only what JSON requires is escaped, non-ASCII text stays
// UTF-8, and invalid UTF-8 is replaced by U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);

void AppendJsonInteger(std::int64_t value, std::string* out);

// Appends the shortest decimal that reads back as the same double; `null` for values that are not finite,
// which JSON cannot hold.
void AppendJsonNumber(double value, std::string* out);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_INTERNAL_JSON_TEXT_H_
