// Input in pieces, as a network delivers it.
#ifndef PINCHBECK_TESTS_FUZZ_PIECES_H_
#define PINCHBECK_TESTS_FUZZ_PIECES_H_

#include <cstddef>
#include <string_view>
#include <vector>

namespace pinchbeck::fuzz {

// Consecutive pieces of `size` bytes each; 0: all in one.
inline std::vector<std::string_view> Pieces(std::string_view bytes, std::size_t size) {
  std::vector<std::string_view> pieces;
  if (size == 0) size = bytes.size();
  while (!bytes.empty()) {
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

// Takes the first byte off the input, as a choice; 0 of an empty input.
inline unsigned char TakeByte(std::string_view& input) {
  if (input.empty()) return 0;
  const auto byte = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return byte;
}

}  // namespace pinchbeck::fuzz

#endif  // PINCHBECK_TESTS_FUZZ_PIECES_H_
