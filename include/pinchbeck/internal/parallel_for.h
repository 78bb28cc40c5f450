// Independent pieces of work on several threads.
#ifndef PINCHBECK_INTERNAL_PARALLEL_FOR_H_
#define PINCHBECK_INTERNAL_PARALLEL_FOR_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace pinchbeck::internal {

// Calls task(i) once for every i from 0 to `count` - 1, on up to `threads` threads, the calling one included.
// Which thread takes which i is not fixed, so a task writes only to places of its own.
template <typename Task>
void ParallelFor(std::int64_t count, int threads, const Task& task) {
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    for (std::int64_t i = next++; i < count; i = next++) task(i);
  };
  std::vector<std::thread> workers;
  const std::int64_t helpers = std::min<std::int64_t>(threads, count) - 1;
  for (std::int64_t t = 0; t < helpers; ++t) {
    try {
      workers.emplace_back(work);
    } catch (const std::system_error&) {
      break;  // No more threads to be had; those that run do the work.
    }
  }
  work();
  for (std::thread& worker : workers) worker.join();
}

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_INTERNAL_PARALLEL_FOR_H_
