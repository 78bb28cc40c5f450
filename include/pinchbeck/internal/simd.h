// Which vector instructions the processor has, and memory that suits them.
//
// The library is built for the oldest processor of its architecture; hot loops exist once per path and are
// chosen when the program runs. A loop gives the same result on every path.
#ifndef PINCHBECK_INTERNAL_SIMD_H_
#define PINCHBECK_INTERNAL_SIMD_H_

#include <cstddef>
#include <new>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define PINCHBECK_SIMD_X86 1
#define PINCHBECK_TARGET_AVX2 __attribute__((target("avx2,fma,popcnt")))
#define PINCHBECK_TARGET_AVX512 __attribute__((target("avx2,fma,popcnt,avx512f,avx512bw,avx512dq,avx512vl")))
// For short helpers of a path, called only by functions of the same path.
#define PINCHBECK_INLINE_AVX2 PINCHBECK_TARGET_AVX2 __attribute__((always_inline)) inline
#define PINCHBECK_INLINE_AVX512 PINCHBECK_TARGET_AVX512 __attribute__((always_inline)) inline
#else
#define PINCHBECK_SIMD_X86 0
#endif

// Before a loop of few iterations whose accumulators must stay in registers; -O2 alone does not unroll it.
#if defined(__clang__)
#define PINCHBECK_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define PINCHBECK_UNROLL _Pragma("GCC unroll 16")
#else
#define PINCHBECK_UNROLL
#endif

// A loop body that takes on the instructions of the path that calls it.
#if defined(__GNUC__)
#define PINCHBECK_ALWAYS_INLINE __attribute__((always_inline)) inline
#else
#define PINCHBECK_ALWAYS_INLINE inline
#endif

namespace pinchbeck::internal {

enum class SimdPath {
  kPortable,
  kAvx2,    // with FMA and POPCNT
  kAvx512,  // F, BW, DQ and VL
};

// Whether this processor can run a path.
[[nodiscard]] inline bool SupportsSimdPath(SimdPath path) {
  if (path == SimdPath::kPortable) return true;
#if PINCHBECK_SIMD_X86
  const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt");
  if (path == SimdPath::kAvx2) return avx2;
  return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#else
  return false;
#endif
}

// The widest path of this processor, found once.
[[nodiscard]] inline SimdPath BestSimdPath() {
  static const SimdPath best = SupportsSimdPath(SimdPath::kAvx512) ? SimdPath::kAvx512
                               : SupportsSimdPath(SimdPath::kAvx2) ? SimdPath::kAvx2
                                                                   : SimdPath::kPortable;
  return best;
}

// Bytes of a cache line, and of the widest vector.
inline constexpr std::size_t kSimdAlignment = 64;

// Allocates at multiples of kSimdAlignment, so that no vector load crosses a cache line.
template <typename T>
struct SimdAllocator {
  using value_type = T;
  SimdAllocator() = default;
  template <typename U>
  // Implicit, as the allocator requirements demand.
  // NOLINTNEXTLINE(google-explicit-constructor)
  SimdAllocator(const SimdAllocator<U>& /*other*/) {}
  [[nodiscard]] T* allocate(std::size_t n) {  // NOLINT(readability-identifier-naming)
    if (n > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{kSimdAlignment}));
  }
  void deallocate(T* memory, std::size_t /*n*/) {  // NOLINT(readability-identifier-naming)
    ::operator delete (memory, std::align_val_t{kSimdAlignment});
  }
  friend bool operator==(const SimdAllocator& /*a*/, const SimdAllocator& /*b*/) { return true; }
};

template <typename T>
using SimdVector = std::vector<T, SimdAllocator<T>>;

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_INTERNAL_SIMD_H_
