// The kernel two-sample test on characters, to stand beside this project's.
#ifndef PINCHBECK_BENCH_ACCURACY_HAMMING_TEST_H_
#define PINCHBECK_BENCH_ACCURACY_HAMMING_TEST_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/accuracy/recordings.h"

namespace pinchbeck::accuracy {

// Texts as code points by probe, in the order of recording.
using CodePoints = std::vector<char32_t>;
using TextPool = std::map<std::string, std::vector<CodePoints>>;
[[nodiscard]] TextPool MakeTextPool(const ModelRecording& recording);

// Both sides of one probe.
struct TextPair {
  std::vector<const CodePoints*> reference, observed;
};

// p-value of the maximum mean discrepancy with the kernel
//
//   k(a, b) = [same probe] * number of positions at which a and b have the same character,
//
// summed over probes, labels permuted within probes. Positions beyond the end of a text agree with nothing.
// Reference: Gao, Liang & Guestrin 2024, arXiv 2410.20247.
[[nodiscard]] double HammingMmd(const std::vector<TextPair>& probes, std::int64_t permutations,
                                std::uint64_t seed);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_HAMMING_TEST_H_
