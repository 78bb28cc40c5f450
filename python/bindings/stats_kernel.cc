// Kernel tests, and Gram matrices of texts, token ids and features.
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pinchbeck/stats/divergence.h"
#include "pinchbeck/stats/kernels.h"
#include "pinchbeck/stats/mmd.h"
#include "python/bindings/arrays.h"
#include "python/bindings/stats.h"
#include "python/bindings/stats_options.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

using Ids = std::vector<std::vector<std::int32_t>>;

template <typename View, typename Item>
std::vector<View> Views(const std::vector<Item>& items) {
  return std::vector<View>(items.begin(), items.end());
}

stats::Stratum StratumOf(const Matrix::Map& gram, std::int64_t n_reference) {
  if (n_reference < 1 || n_reference >= gram.rows()) {
    throw py::value_error("n_reference is " + std::to_string(n_reference) + " of " +
                          std::to_string(gram.rows()) + " items; each side needs at least one");
  }
  return {n_reference, gram.rows() - n_reference};
}

stats::TwoSampleResult Mmd(const SymmetricMatrix& gram, std::int64_t n_reference, std::int64_t permutations,
                           std::uint64_t seed, int threads, std::int64_t stop_after) {
  const Matrix::Map matrix = gram.values("gram");
  const stats::Stratum sizes = StratumOf(matrix, n_reference);
  return Call([&] { return stats::Mmd(matrix, sizes, {{permutations, seed, threads, stop_after}}); });
}

stats::TwoSampleResult StratifiedMmd(const std::vector<std::pair<SymmetricMatrix, std::int64_t>>& strata,
                                     const std::optional<std::vector<double>>& weights,
                                     std::int64_t permutations, std::uint64_t seed, int threads,
                                     std::int64_t stop_after) {
  if (weights.has_value() && weights->size() != strata.size()) {
    throw py::value_error("weights has " + std::to_string(weights->size()) +
                          " entries; give one per stratum, " + std::to_string(strata.size()));
  }
  std::vector<stats::GramStratum> parts;
  for (std::size_t s = 0; s < strata.size(); ++s) {
    const Matrix::Map matrix = strata[s].first.values("a stratum's gram");
    stats::GramStratum part{matrix, StratumOf(matrix, strata[s].second)};
    if (weights.has_value()) part.weight = (*weights)[s];
    parts.push_back(part);
  }
  return Call([&] { return stats::Mmd(parts, {{permutations, seed, threads, stop_after}}); });
}

stats::TwoSampleResult PairedKernelTest(const SymmetricMatrix& gram, std::int64_t permutations,
                                        std::uint64_t seed, int threads, std::int64_t stop_after) {
  const Matrix::Map matrix = gram.values("gram");
  return Call([&] { return stats::PairedKernelTest(matrix, {{permutations, seed, threads, stop_after}}); });
}

stats::EffectEstimate MmdEffect(const std::vector<std::pair<SymmetricMatrix, std::int64_t>>& cells,
                                double confidence) {
  std::vector<stats::GramCell> parts;
  for (const auto& [gram, n_reference] : cells) {
    const Matrix::Map matrix = gram.values("a cell's gram");
    parts.push_back({matrix, StratumOf(matrix, n_reference)});
  }
  return Call([&] { return stats::MmdEffect(parts, {confidence}); });
}

py::array_t<double> HammingTexts(const std::vector<std::string>& texts, std::size_t length_limit) {
  const auto views = Views<std::string_view>(texts);
  return ToArray(Call([&] { return stats::HammingGram(views, length_limit); }));
}

py::array_t<double> HammingIds(const Ids& ids, std::size_t length_limit) {
  const auto views = Views<std::span<const std::int32_t>>(ids);
  return ToArray(Call([&] { return stats::HammingGram(views, length_limit); }));
}

py::array_t<double> SharedPrefixTexts(const std::vector<std::string>& texts) {
  const auto views = Views<std::string_view>(texts);
  return ToArray(Call([&] { return stats::SharedPrefixGram(views); }));
}

py::array_t<double> SharedPrefixIds(const Ids& ids) {
  const auto views = Views<std::span<const std::int32_t>>(ids);
  return ToArray(Call([&] { return stats::SharedPrefixGram(views); }));
}

py::array_t<double> SpectrumCodePoints(const std::vector<std::u32string>& texts) {
  const auto views = Views<std::u32string_view>(texts);
  return ToArray(Call([&] { return stats::SpectrumGram(views); }));
}

py::array_t<double> SpectrumBytes(const std::vector<std::string>& texts) {
  const auto views = Views<std::string_view>(texts);
  return ToArray(Call([&] { return stats::SpectrumGram(views); }));
}

py::array_t<double> LinearGram(const Matrix& features) {
  const Matrix::Map matrix = features.values("features");
  return ToArray(Call([&] { return stats::LinearGram(matrix); }));
}

void BindGrams(py::module_& stats) {
  stats.def("hamming_gram", &HammingTexts, py::arg("items"), py::arg("length_limit"),
            R"(Positions at which two texts have the same byte, or two lists of token ids the same id.

A text counts as its UTF-8 bytes; `length_limit` bytes or ids are looked at.

>>> from pinchbeck.stats import hamming_gram
>>> hamming_gram(["abc", "abd"], 16)
array([[3., 2.],
       [2., 3.]])
)");
  stats.def("hamming_gram", &HammingIds, py::arg("items"), py::arg("length_limit"));
  stats.def("shared_prefix_gram", &SharedPrefixTexts, py::arg("items"),
            R"(Length of the common beginning of two texts in bytes, or of two lists of token ids.
)");
  stats.def("shared_prefix_gram", &SharedPrefixIds, py::arg("items"));
  stats.def("spectrum_gram", &SpectrumCodePoints, py::arg("texts"),
            R"(Likeness of the 3-grams of two texts, from 0 to 1: of code points in str, of bytes in bytes.
)");
  stats.def("spectrum_gram", &SpectrumBytes, py::arg("texts"));
  stats.def("linear_gram", &LinearGram, py::arg("features"),
            R"(Inner products of feature vectors, a row of `features` each.
)");
}

}  // namespace

void BindKernelTests(py::module_& stats) {
  DefPermutation(stats, "mmd", &Mmd,
                 R"(Maximum mean discrepancy from the kernel values of all items, reference first.

>>> from pinchbeck.stats import hamming_gram, mmd
>>> reference, observed = ["aaaa"] * 6, ["aabb"] * 6
>>> mmd(hamming_gram(reference + observed, 4), n_reference=6).statistic
4.0
)",
                 py::arg("gram"), py::arg("n_reference"), py::kw_only());
  DefPermutation(stats, "stratified_mmd", &StratifiedMmd,
                 R"(Maximum mean discrepancy averaged over strata, each a pair (gram, n_reference).

`weights` are the strata's shares in any unit; without them all have the same.
)",
                 py::arg("strata"), py::kw_only(), py::arg("weights") = py::none());
  DefPermutation(stats, "paired_kernel_test", &PairedKernelTest,
                 R"(Kernel test of pairs, from the kernel values of x_1 .. x_k, y_1 .. y_k in this order.
)",
                 py::arg("gram"), py::kw_only());
  stats.def("mmd_effect", &MmdEffect, py::arg("cells"), py::kw_only(),
            py::arg("confidence") = stats::IntervalOptions{}.confidence,
            R"(Mean unbiased MMD^2 over cells with an interval; each cell is a pair (gram, n_reference).
)");
  BindGrams(stats);
}

}  // namespace pinchbeck::python
