// Text from servers and files on its way into markup: what is not plainly visible is spelled out.
#ifndef PINCHBECK_SRC_REPORT_SAFE_TEXT_H_
#define PINCHBECK_SRC_REPORT_SAFE_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace pinchbeck::internal {

// Columns that are kept of a name, and of a sentence.
inline constexpr std::size_t kNameColumns = 80;
inline constexpr std::size_t kSentenceColumns = 600;

// `text` as valid UTF-8 without anything that acts instead of being seen: controls, marks that turn or
// isolate the direction of writing, invisible characters, tags and noncharacters are written \u202e, the
// usual ones \n, \t and \r; bytes that are not UTF-8 become U+FFFD. All that is left may stand in XML 1.0.
[[nodiscard]] std::string Visible(std::string_view text);

// Visible(), cut to so many columns (wide characters count two) with "..." where something was cut.
[[nodiscard]] std::string Clip(std::string_view text, std::size_t columns);

// Visible(), with & < > " ' as entities: safe as text and as a quoted attribute of HTML and XML.
[[nodiscard]] std::string Escape(std::string_view text);
// The same of Clip().
[[nodiscard]] std::string EscapeClipped(std::string_view text, std::size_t columns = kSentenceColumns);

// A name from outside in a running text of HTML: escaped, clipped, and isolated so that letters written from
// right to left do not rearrange their surroundings.
[[nodiscard]] std::string Name(std::string_view text);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_SAFE_TEXT_H_
