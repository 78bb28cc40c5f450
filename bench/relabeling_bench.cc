// How close the Gram matrix of texts and the sums over relabelings come to what the processor can do.
//
// Probes measure this processor's peak in the same run: independent multiply-adds of floats in registers, and
// compare-and-count of two rows in the first-level cache. "peak_fraction" is a benchmark's rate divided by
// that of its probe. Only operations that the result needs are counted: N (N - 1) / 2 multiply-adds a
// relabeling, and the positions that both texts of a pair have.
#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/internal/simd.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/gram_product.h"
#include "pinchbeck/stats/kernels.h"
#include "pinchbeck/stats/mmd.h"
#include "pinchbeck/stats/relabeling.h"

namespace pinchbeck::stats {
namespace {

using pinchbeck::internal::BestSimdPath;
using pinchbeck::internal::SimdPath;

// --- Probes ------------------------------------------------------------------------------------------------

// Multiply-adds per second. Twelve independent chains of vectors in registers hide the latency.
constexpr std::int64_t kRounds = 1 << 14;

#if PINCHBECK_SIMD_X86
// A macro because a function template cannot take its instructions as an argument. The empty assembly keeps
// the compiler from shortening the loop.
#define PINCHBECK_MULTIPLY_ADDS(Vector, MultiplyAdd, Broadcast)                                      \
  constexpr int kChains = 12;                                                                        \
  Vector sums[kChains], factor = Broadcast(0.5F), term = Broadcast(1.0F);                            \
  PINCHBECK_UNROLL for (int v = 0; v < kChains; ++v) sums[v] = term;                                 \
  for (std::int64_t k = 0; k < kRounds; ++k) {                                                       \
    PINCHBECK_UNROLL for (int v = 0; v < kChains; ++v) sums[v] = MultiplyAdd(sums[v], factor, term); \
    PINCHBECK_UNROLL for (int v = 0; v < kChains; ++v) asm volatile("" : "+v"(sums[v]));             \
  }                                                                                                  \
  return static_cast<double>(kRounds) * kChains * (sizeof(Vector) / sizeof(float));

PINCHBECK_TARGET_AVX2 double MultiplyAddsAvx2(){
    PINCHBECK_MULTIPLY_ADDS(__m256, _mm256_fmadd_ps, _mm256_set1_ps)} PINCHBECK_TARGET_AVX512
    double MultiplyAddsAvx512() {
  PINCHBECK_MULTIPLY_ADDS(__m512, _mm512_fmadd_ps, _mm512_set1_ps)
}
#undef PINCHBECK_MULTIPLY_ADDS
#endif

// Returns the multiply-adds done.
double MultiplyAdds() {
#if PINCHBECK_SIMD_X86
  if (BestSimdPath() == SimdPath::kAvx512) return MultiplyAddsAvx512();
  if (BestSimdPath() == SimdPath::kAvx2) return MultiplyAddsAvx2();
#endif
  std::array<float, 32> sums{};
  for (std::int64_t k = 0; k < kRounds; ++k) {
    for (float& sum : sums) sum = sum * 0.5F + 1.0F;
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(sums);
  return static_cast<double>(kRounds * 32);
}

// Two rows of 4 KiB, compared again and again in the first-level cache.
constexpr std::size_t kRowBytes = 4096;
struct alignas(64) Rows {
  std::array<std::uint8_t, kRowBytes> a{}, b{};
};

#if PINCHBECK_SIMD_X86
// Counts stay in byte lanes until the end of the row, which takes the fewest instructions.
PINCHBECK_TARGET_AVX2 std::int64_t CompareAvx2(const Rows& rows) {
  __m256i lanes[4] = {};
  for (std::size_t p = 0; p < kRowBytes; p += 128) {
    PINCHBECK_UNROLL for (std::size_t v = 0; v < 4; ++v) {
      const __m256i a = _mm256_load_si256(reinterpret_cast<const __m256i*>(&rows.a[p + 32 * v]));
      const __m256i b = _mm256_load_si256(reinterpret_cast<const __m256i*>(&rows.b[p + 32 * v]));
      lanes[v] = _mm256_sub_epi8(lanes[v], _mm256_cmpeq_epi8(a, b));
    }
  }
  std::int64_t count = 0;
  for (const __m256i& lane : lanes) {
    alignas(32) std::array<std::int64_t, 4> sums{};
    _mm256_store_si256(reinterpret_cast<__m256i*>(sums.data()),
                       _mm256_sad_epu8(lane, _mm256_setzero_si256()));
    count += sums[0] + sums[1] + sums[2] + sums[3];
  }
  return count;
}

PINCHBECK_TARGET_AVX512 std::int64_t CompareAvx512(const Rows& rows) {
  const __m512i minus_one = _mm512_set1_epi8(-1);
  __m512i lanes[4] = {};
  for (std::size_t p = 0; p < kRowBytes; p += 256) {
    PINCHBECK_UNROLL for (std::size_t v = 0; v < 4; ++v) {
      const __m512i a = _mm512_load_si512(&rows.a[p + 64 * v]);
      const __mmask64 equal = _mm512_cmpeq_epi8_mask(a, _mm512_load_si512(&rows.b[p + 64 * v]));
      lanes[v] = _mm512_mask_sub_epi8(lanes[v], equal, lanes[v], minus_one);
    }
  }
  std::int64_t count = 0;
  for (const __m512i& lane : lanes) {
    alignas(64) std::array<std::int64_t, 8> sums{};
    _mm512_store_si512(sums.data(), _mm512_sad_epu8(lane, _mm512_setzero_si512()));
    for (const std::int64_t sum : sums) count += sum;
  }
  return count;
}
#endif

std::int64_t Compare(const Rows& rows) {
#if PINCHBECK_SIMD_X86
  if (BestSimdPath() == SimdPath::kAvx512) return CompareAvx512(rows);
  if (BestSimdPath() == SimdPath::kAvx2) return CompareAvx2(rows);
#endif
  std::int64_t count = 0;
  for (std::size_t p = 0; p < kRowBytes; ++p) count += rows.a[p] == rows.b[p] ? 1 : 0;
  return count;
}

// Operations per second of the fastest of many short runs of `task`, which returns its operations.
template <typename Task>
double BestRate(const Task& task) {
  double best = 0;
  for (int run = 0; run < 200; ++run) {
    const auto start = std::chrono::steady_clock::now();
    const double operations = task();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best = std::max(best, operations / elapsed.count());
  }
  return best;
}

double MeasureMultiplyAdds() { return BestRate(MultiplyAdds); }
double MeasureCompares() {
  static Rows rows;
  for (std::size_t p = 0; p < kRowBytes; ++p) {
    rows.a[p] = static_cast<std::uint8_t>(p % 7);
    rows.b[p] = static_cast<std::uint8_t>(p % 5);
  }
  return BestRate([] {
    constexpr int kRepeats = 64;
    for (int repeat = 0; repeat < kRepeats; ++repeat) benchmark::DoNotOptimize(Compare(rows));
    return static_cast<double>(kRepeats) * kRowBytes;
  });
}

// The peak is measured before and after the loop, since the processor's clock changes under load; the higher
// one counts. "peak_fraction" goes by the processor time of the loop, "best_fraction" by its fastest
// iteration.
template <typename Probe, typename Task>
void MeasureAgainstPeak(benchmark::State& state, const Probe& probe, double operations, const Task& task) {
  double peak = probe(), fastest = 1e9;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    task();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    fastest = std::min(fastest, elapsed.count());
  }
  peak = std::max(peak, probe());
  state.counters["peak_per_second"] = peak;
  state.counters["peak_fraction"] = benchmark::Counter(
      operations * static_cast<double>(state.iterations()) / peak, benchmark::Counter::kIsRate);
  state.counters["best_fraction"] = operations / fastest / peak;
}

// --- Inputs ------------------------------------------------------------------------------------------------

std::vector<std::string> MakeTexts(std::size_t n, std::size_t length) {
  std::vector<std::string> texts(n);
  CounterRng rng(7, 0);
  for (std::string& text : texts) {
    for (std::size_t p = 0; p < length; ++p) text.push_back(static_cast<char>('a' + rng.Below(20)));
  }
  return texts;
}

Eigen::MatrixXd MakeGram(std::size_t n, double scale) {
  const std::vector<std::string> texts = MakeTexts(n, 1000);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  return HammingGram(views, 1000).value() * scale;
}

// --- Benchmarks --------------------------------------------------------------------------------------------

// Arguments: items, bytes of each.
void BM_HammingGram(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0)), length = static_cast<std::size_t>(state.range(1));
  const std::vector<std::string> texts = MakeTexts(n, length);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto pairs = static_cast<double>(n * (n + 1) / 2);
  MeasureAgainstPeak(state, MeasureCompares, pairs * static_cast<double>(length),
                     [&] { benchmark::DoNotOptimize(HammingGram(views, length)); });
}
BENCHMARK(BM_HammingGram)->Args({500, 1000})->Args({20, 1000})->Args({100, 20'000});

// Arguments: items, relabelings, whole numbers (floats) or not (doubles, of which a vector holds half as
// many).
void BM_RelabelingSums(benchmark::State& state) {
  const std::int64_t n = state.range(0), columns = state.range(1);
  const auto gram =
      RelabelingGram::Make(MakeGram(static_cast<std::size_t>(n), state.range(2) != 0 ? 1 : 1e-3));
  LabelMatrix labels(n, columns);
  CounterRng rng(3, 0);
  for (std::int64_t b = 0; b < columns; ++b) {
    for (std::int64_t i = 0; i < n; ++i) labels(i, b) = static_cast<std::uint8_t>(rng.Below(2));
  }
  const double operations = static_cast<double>(n * (n - 1) / 2) * static_cast<double>(columns);
  const double lanes = gram->exact() ? 1 : 2;
  MeasureAgainstPeak(
      state, [&] { return MeasureMultiplyAdds() / lanes; }, operations,
      [&] { benchmark::DoNotOptimize(gram->Sums(labels)); });
}
BENCHMARK(BM_RelabelingSums)
    ->Args({500, 1000, 1})
    ->Args({500, 1000, 0})
    ->Args({500, 128, 1})
    ->Args({100, 1000, 1});

// Preparing a Gram matrix of so many items.
void BM_RelabelingGram(benchmark::State& state) {
  const Eigen::MatrixXd gram = MakeGram(static_cast<std::size_t>(state.range(0)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(RelabelingGram::Make(gram));
}
BENCHMARK(BM_RelabelingGram)->Arg(500);

// From texts of 1,000 bytes to a p-value with 1,000 relabelings. Arguments: strata, items of each.
void BM_HammingMmd(benchmark::State& state) {
  const auto strata = static_cast<std::size_t>(state.range(0)), n = static_cast<std::size_t>(state.range(1));
  const std::vector<std::string> texts = MakeTexts(strata * n, 1000);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const Stratum sizes{state.range(1) / 2, state.range(1) - state.range(1) / 2};
  double p_value = 0;
  for (auto _ : state) {
    std::vector<Eigen::MatrixXd> grams;
    for (std::size_t s = 0; s < strata; ++s) {
      grams.push_back(HammingGram(std::span(views).subspan(s * n, n), 1000).value());
    }
    std::vector<GramStratum> parts;
    for (const Eigen::MatrixXd& gram : grams) parts.push_back({gram, sizes});
    p_value = Mmd(parts, {.permutation = {.permutations = 1000}})->p_value;
  }
  state.counters["p_value"] = p_value;
}
BENCHMARK(BM_HammingMmd)->Args({1, 500})->Args({25, 20})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pinchbeck::stats

BENCHMARK_MAIN();
