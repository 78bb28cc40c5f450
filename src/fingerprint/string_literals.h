// Strings that a source file may hold, whatever its language.
#ifndef PINCHBECK_SRC_FINGERPRINT_STRING_LITERALS_H_
#define PINCHBECK_SRC_FINGERPRINT_STRING_LITERALS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace pinchbeck::internal {

// Longest string that is looked at.
inline constexpr std::size_t kMaxCandidateBytes = std::size_t{1} << 20;

// Calls `visit` for every string that the text may hold, until it returns false:
//
//   every whole line, and the text itself without its final line break;
//   what stands between a quote (", ', or three of them) and the next like it, raw and with the escapes of
//   Python, JSON and C decoded, also joined with the literals that follow it without an operator;
//   quoted fields of CSV files;
//   each of these also without outer white space, and those of several lines also without their common
//   indent.
//
// A quote is taken as an opening one wherever it stands, so that an apostrophe in a comment cannot hide what
// follows; most candidates are therefore nonsense, and the caller must check them by digest. Returns false
// when the work was given up because a hostile text would make it quadratic.
// Cost: linear for ordinary texts; at most 64 bytes visited per byte of text, or 16 MiB where that is more.
[[nodiscard]] bool ForEachStringCandidate(std::string_view text,
                                          const std::function<bool(std::string_view)>& visit);

// The literal's content with its escapes decoded. Escapes that are none are kept as they stand.
[[nodiscard]] std::string DecodeEscapes(std::string_view content);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_FINGERPRINT_STRING_LITERALS_H_
