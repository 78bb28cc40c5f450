// Runs the one target of this program under libFuzzer.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace pinchbeck::fuzz {

void Violation(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: property does not hold: %s\n", file, line, what.c_str());
  std::abort();  // libFuzzer keeps the input
}

std::vector<Target>& Targets() {
  static auto* const kTargets = new std::vector<Target>();
  return *kTargets;
}

}  // namespace pinchbeck::fuzz

// NOLINTNEXTLINE(readability-identifier-naming): the name that libFuzzer looks for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const pinchbeck::fuzz::Target& target : pinchbeck::fuzz::Targets()) (void)target.run(input);
  return 0;
}
