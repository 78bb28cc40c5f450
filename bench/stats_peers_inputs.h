// Inputs of stats_peers_bench, made from fixed seeds, and files of them for bench/peers/stats_peers.py.
#ifndef PINCHBECK_BENCH_STATS_PEERS_INPUTS_H_
#define PINCHBECK_BENCH_STATS_PEERS_INPUTS_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ios>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/stats/conformal_cell.h"
#include "pinchbeck/stats/conformal_e_process.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::bench {

inline constexpr std::size_t kCharacters = 1'000, kStrata = 25, kStratumTexts = 20, kOneTexts = 500;
inline constexpr std::size_t kTokens = 40, kCells = 36, kCategories = 12, kAnswers = 25;
// Processors learn the branches of a short input that is timed again and again, so these come in numbers:
// pairs of large samples, and streams of responses.
inline constexpr std::size_t kPairs = 20, kLarge = 10'000, kStreams = 10, kStream = 3'600;

struct Inputs {
  // Texts one after another, of a stratum the reference's first.
  std::vector<std::uint8_t> hamming_strata, hamming_one;
  std::vector<double> sample_reference, sample_observed, large_reference, large_observed;
  // Answer by answer.
  std::vector<double> logprob_reference, logprob_observed;
  // Cell by cell; the streams one after the other, the same cells and uniforms in each.
  std::vector<std::int64_t> choice_reference, choice_observed, stream_reference;
  std::vector<std::int64_t> stream_cells, stream_categories;
  std::vector<double> stream_uniforms;
};

// Half of the characters are those of the stratum's template, the others random: pairs agree in about a
// quarter. The observed half of a stratum keeps the template `drift` less often.
inline std::vector<std::uint8_t> MakeTexts(std::uint64_t seed, std::size_t strata, std::size_t texts,
                                           double drift) {
  std::vector<std::uint8_t> result;
  for (std::size_t s = 0; s < strata; ++s) {
    stats::CounterRng rng(seed, s);
    std::vector<std::uint8_t> common(kCharacters);
    const auto letter = [&] { return static_cast<std::uint8_t>(' ' + rng.Below(64)); };
    for (std::uint8_t& character : common) character = letter();
    for (std::size_t i = 0; i < texts; ++i) {
      const double keep = i < texts / 2 ? 0.5 : 0.5 - drift;
      for (const std::uint8_t character : common) {
        result.push_back(rng.Uniform() < keep ? character : letter());
      }
    }
  }
  return result;
}

// Logistic values around `shift`.
inline std::vector<double> MakeValues(std::uint64_t seed, std::size_t n, double shift, double scale = 1) {
  stats::CounterRng rng(seed, 0);
  std::vector<double> values(n);
  for (double& value : values) {
    const double u = stats::internal::OpenUniform(rng);
    value = shift + scale * (std::log(u) - std::log1p(-u));
  }
  return values;
}

// A category whose chances fall like 1 / (k + 1).
inline std::size_t DrawCategory(stats::CounterRng& rng) {
  double total = 0;
  for (std::size_t k = 0; k < kCategories; ++k) total += 1 / static_cast<double>(k + 1);
  double rest = rng.Uniform() * total;
  for (std::size_t k = 0; k + 1 < kCategories; ++k) {
    rest -= 1 / static_cast<double>(k + 1);
    if (rest < 0) return k;
  }
  return kCategories - 1;
}

inline std::vector<std::int64_t> MakeCounts(std::uint64_t seed) {
  stats::CounterRng rng(seed, 0);
  std::vector<std::int64_t> counts(kCells * kCategories, 0);
  for (std::size_t i = 0; i < kCells * kAnswers; ++i) {
    ++counts[i / kAnswers * kCategories + DrawCategory(rng)];
  }
  return counts;
}

inline Inputs MakeInputs() {
  Inputs inputs;
  inputs.hamming_strata = MakeTexts(1, kStrata, kStratumTexts, 0.02);
  inputs.hamming_one = MakeTexts(2, 1, kOneTexts, 0.005);
  inputs.sample_reference = MakeValues(3, 250, 0);
  inputs.sample_observed = MakeValues(4, 250, 0.25);
  inputs.large_reference = MakeValues(5, kPairs * kLarge, 0);
  inputs.large_observed = MakeValues(6, kPairs * kLarge, 0.03);
  inputs.logprob_reference = MakeValues(7, 250 * kTokens, -3, 0.3);
  inputs.logprob_observed = MakeValues(8, 250 * kTokens, -3, 0.3);
  inputs.choice_reference = MakeCounts(9);
  inputs.choice_observed = MakeCounts(10);
  inputs.stream_reference = MakeCounts(11);
  stats::CounterRng categories(12, 0);
  for (std::size_t t = 0; t < kStreams * kStream; ++t) {
    inputs.stream_categories.push_back(static_cast<std::int64_t>(DrawCategory(categories)));
  }
  for (std::size_t t = 0; t < kStream; ++t) {
    inputs.stream_cells.push_back(static_cast<std::int64_t>(t % kCells));
    // The e-process draws its smoothing from (seed, index of the response).
    stats::CounterRng smoothing(stats::ConformalOptions().seed, t);
    inputs.stream_uniforms.push_back(stats::internal::OpenUniform(smoothing));
  }
  return inputs;
}

inline const Inputs& Data() {
  static const Inputs inputs = MakeInputs();
  return inputs;
}

template <typename T>
bool WriteFile(const std::string& folder, const char* name, const std::vector<T>& values) {
  std::ofstream file(folder + "/" + name + ".bin", std::ios::binary);
  const auto bytes = std::as_bytes(std::span(values));
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  return file.good();
}

inline bool WriteInputs(const std::string& folder) {
  const Inputs& in = Data();
  return WriteFile(folder, "hamming_strata", in.hamming_strata) &&
         WriteFile(folder, "hamming_one", in.hamming_one) &&
         WriteFile(folder, "sample_reference", in.sample_reference) &&
         WriteFile(folder, "sample_observed", in.sample_observed) &&
         WriteFile(folder, "large_reference", in.large_reference) &&
         WriteFile(folder, "large_observed", in.large_observed) &&
         WriteFile(folder, "logprob_reference", in.logprob_reference) &&
         WriteFile(folder, "logprob_observed", in.logprob_observed) &&
         WriteFile(folder, "choice_reference", in.choice_reference) &&
         WriteFile(folder, "choice_observed", in.choice_observed) &&
         WriteFile(folder, "stream_reference", in.stream_reference) &&
         WriteFile(folder, "stream_cells", in.stream_cells) &&
         WriteFile(folder, "stream_categories", in.stream_categories) &&
         WriteFile(folder, "stream_uniforms", in.stream_uniforms);
}

}  // namespace pinchbeck::bench

#endif  // PINCHBECK_BENCH_STATS_PEERS_INPUTS_H_
