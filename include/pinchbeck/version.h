// Version of the library and the command.
#ifndef PINCHBECK_VERSION_H_
#define PINCHBECK_VERSION_H_

#include <string_view>

namespace pinchbeck {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace pinchbeck

#endif  // PINCHBECK_VERSION_H_
