#include "bench/accuracy/hamming_test.h"

#include <Eigen/Core>
#include <algorithm>
#include <string_view>

#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/permutation.h"

namespace pinchbeck::accuracy {
namespace {

// Code points of valid UTF-8, which the reader of recordings ensures.
CodePoints Decode(std::string_view text) {
  CodePoints points;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      point = (point << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    }
    points.push_back(point);
    i += length;
  }
  return points;
}

double Matches(const CodePoints& a, const CodePoints& b) {
  std::size_t matches = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) matches += a[i] == b[i] ? 1 : 0;
  return static_cast<double>(matches);
}

Eigen::MatrixXd Gram(const TextPair& pair) {
  std::vector<const CodePoints*> items = pair.reference;
  items.insert(items.end(), pair.observed.begin(), pair.observed.end());
  const auto n = static_cast<Eigen::Index>(items.size());
  Eigen::MatrixXd gram(n, n);
  for (Eigen::Index r = 0; r < n; ++r) {
    for (Eigen::Index c = r; c < n; ++c) {
      gram(r, c) = gram(c, r) =
          Matches(*items[static_cast<std::size_t>(r)], *items[static_cast<std::size_t>(c)]);
    }
  }
  return gram;
}

}  // namespace

TextPool MakeTextPool(const ModelRecording& recording) {
  TextPool pool;
  for (const Observation& observation : recording.observations) {
    pool[observation.probe].push_back(Decode(observation.response.text.value_or("")));
  }
  return pool;
}

double HammingMmd(const std::vector<TextPair>& probes, std::int64_t permutations, std::uint64_t seed) {
  std::vector<stats::Stratum> strata;
  std::vector<Eigen::MatrixXd> grams;
  for (const TextPair& pair : probes) {
    if (pair.reference.empty() || pair.observed.empty()) continue;
    strata.push_back(
        {static_cast<std::int64_t>(pair.reference.size()), static_cast<std::int64_t>(pair.observed.size())});
    grams.push_back(Gram(pair));
  }
  if (strata.empty()) return 1;
  const auto table = stats::EvaluateRelabelings(
      strata, 1,
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd part = Eigen::RowVectorXd::Zero(out.cols());
        stats::AccumulateMmd(grams[s], strata[s], 1, labels, part);
        out.row(0) += part;
      },
      {.permutations = permutations, .seed = seed});
  return table.ok() ? stats::PermutationPValue(table->values.row(0)) : 1;
}

}  // namespace pinchbeck::accuracy
