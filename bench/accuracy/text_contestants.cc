#include "bench/accuracy/text_contestants.h"

#include <cmath>
#include <utility>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/kolmogorov_smirnov.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/text_cells.h"
#include "src/signal/text_statistics.h"

namespace pinchbeck::accuracy {
namespace {

using Spectrum = std::vector<std::pair<std::uint32_t, float>>;

Spectrum SpectrumOf(const TextFeatures& text) {
  double mass = 0;
  for (const auto& [bucket, count] : text.trigrams) mass += count;
  Spectrum spectrum;
  for (const auto& [bucket, count] : text.trigrams) {
    spectrum.emplace_back(bucket, static_cast<float>(std::sqrt(count / mass)));
  }
  return spectrum;
}

float Product(const Spectrum& a, const Spectrum& b) {
  float sum = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const std::uint32_t left = a[i].first, right = b[j].first;
    if (left == right) sum += a[i].second * b[j].second;
    i += left <= right;
    j += right <= left;
  }
  return sum;
}

std::vector<double> Lengths(const SampleSet& sample) {
  std::vector<double> lengths;
  for (const auto& [probe, answers] : sample.probes) {
    // The first style feature is the logarithm of one plus the length.
    for (const TextFeatures& text : answers.texts) lengths.push_back(text.style[0]);
  }
  return lengths;
}

}  // namespace

TextLibrary::TextLibrary(const SampleSet& reference, const std::vector<const SampleSet*>& alternatives,
                         const std::set<std::string>& tested) {
  for (const SampleSet* alternative : alternatives) {
    auto discriminant =
        internal::TextDiscriminant::Train(internal::UntestedCells(reference, *alternative, tested));
    if (discriminant) discriminants_.push_back(*std::move(discriminant));
  }
}

std::optional<TextLibrary::PValues> TextLibrary::Compare(const SampleSet& reference,
                                                         const SampleSet& observed,
                                                         const SignalOptions& options) const {
  const std::vector<internal::TextCell> cells = internal::BuildTextCells(reference, observed);
  if (cells.empty()) return std::nullopt;
  std::vector<Eigen::VectorXd> columns;
  for (const internal::TextDiscriminant& discriminant : discriminants_) {
    const internal::TextDiscriminant* const one = &discriminant;
    if (auto scores = internal::BoundedScores({&one, 1}, cells)) columns.push_back(*std::move(scores));
  }
  Eigen::Index items = 0;
  for (const internal::TextCell& cell : cells) items += static_cast<Eigen::Index>(cell.items.size());
  Eigen::MatrixXd scores(items, static_cast<Eigen::Index>(columns.size()));
  for (std::size_t c = 0; c < columns.size(); ++c) scores.col(static_cast<Eigen::Index>(c)) = columns[c];
  auto statistics = internal::EvaluateTextStatistics(cells, scores, options);
  if (!statistics.ok()) return std::nullopt;
  PValues p_values;
  p_values.with_library = stats::PermutationPValue(internal::CombineTextStatistics(*statistics));
  statistics->discriminants.resize(0, statistics->style.cols());
  p_values.without = stats::PermutationPValue(internal::CombineTextStatistics(*statistics));
  return p_values;
}

Eigen::MatrixXf TrigramGram(std::span<const TextFeatures* const> texts) {
  std::vector<Spectrum> spectra;
  for (const TextFeatures* text : texts) spectra.push_back(SpectrumOf(*text));
  const auto n = static_cast<Eigen::Index>(texts.size());
  Eigen::MatrixXf gram = Eigen::MatrixXf::Ones(n, n);
  for (Eigen::Index r = 0; r < n; ++r) {
    for (Eigen::Index c = r + 1; c < n; ++c) {
      gram(r, c) = gram(c, r) =
          Product(spectra[static_cast<std::size_t>(r)], spectra[static_cast<std::size_t>(c)]);
    }
  }
  return gram;
}

double UnstratifiedMmd(const Eigen::MatrixXf& gram, const std::vector<std::size_t>& prompts,
                       const std::vector<bool>& swapped, std::int64_t permutations, std::uint64_t seed) {
  const auto count = static_cast<Eigen::Index>(prompts.size());
  const auto served = gram.rows() / 2;
  std::vector<Eigen::Index> items(2 * prompts.size());
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const auto p = static_cast<Eigen::Index>(prompts[i]);
    items[i] = swapped[i] ? served + p : p;
    items[i + prompts.size()] = swapped[i] ? p : served + p;
  }
  const Eigen::MatrixXd small = gram(items, items).cast<double>();
  const stats::Stratum stratum = {count, count};
  const auto table = stats::EvaluateRelabelings(
      std::span(&stratum, 1), 1,
      [&](std::size_t, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd part = Eigen::RowVectorXd::Zero(out.cols());
        stats::AccumulateMmd(small, stratum, 1, labels, part);
        out.row(0) += part;
      },
      {.permutations = permutations, .seed = seed});
  return table.ok() ? stats::PermutationPValue(table->values.row(0)) : 1;
}

double PairedMmd(const Eigen::MatrixXf& gram, const std::vector<std::size_t>& prompts,
                 const std::vector<bool>& swapped, std::int64_t permutations, std::uint64_t seed) {
  const auto count = static_cast<Eigen::Index>(prompts.size());
  const auto served = gram.rows() / 2;
  Eigen::MatrixXd pairs = Eigen::MatrixXd::Zero(count, count);
  for (Eigen::Index i = 0; i < count; ++i) {
    for (Eigen::Index j = 0; j < count; ++j) {
      if (i == j) continue;
      const auto a = static_cast<Eigen::Index>(prompts[static_cast<std::size_t>(i)]),
                 b = static_cast<Eigen::Index>(prompts[static_cast<std::size_t>(j)]);
      pairs(i, j) = static_cast<double>(gram(a, b)) + static_cast<double>(gram(served + a, served + b)) -
                    static_cast<double>(gram(a, served + b)) - static_cast<double>(gram(served + a, b));
    }
  }
  Eigen::RowVectorXd values(permutations + 1);
  Eigen::VectorXd signs(count);
  for (Eigen::Index b = 0; b < values.size(); ++b) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(b));
    for (Eigen::Index i = 0; i < count; ++i) {
      const bool flip = b == 0 ? swapped[static_cast<std::size_t>(i)] : rng.Below(2) == 1;
      signs(i) = flip ? -1 : 1;
    }
    values(b) = signs.dot(pairs * signs);
  }
  return stats::PermutationPValue(values);
}

double LengthsPValue(const SampleSet& reference, const SampleSet& observed) {
  const auto result = stats::KolmogorovSmirnov(Lengths(reference), Lengths(observed));
  return result.ok() ? result->p_value : 1;
}

}  // namespace pinchbeck::accuracy
