// A relay for load measurements: streams of numbered events at a fixed pace, each with the time of its
// sending.
#ifndef PINCHBECK_BENCH_LOAD_RELAY_H_
#define PINCHBECK_BENCH_LOAD_RELAY_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace pinchbeck::bench {

// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
[[nodiscard]] std::int64_t MonotonicNs();

struct LoadScript {
  // Events with content in every stream.
  int events = 50;
  // Between two events of one stream; streams start as their requests come, so that they do not beat
  // together.
  std::int64_t interval_ns = 20'000'000;
};

// What an event carries besides a chat completion chunk: `"load":[NUMBER,SENT_NS]`.
struct LoadStamp {
  std::int64_t number = 0;
  std::int64_t sent_ns = 0;
};

// Takes the next stamp off the text; false when there is none (the text then keeps what may be the beginning
// of one).
[[nodiscard]] bool TakeStamp(std::string_view& text, LoadStamp& stamp);

// Answers POST requests on loopback with one thread and epoll until the process ends. Prints nothing.
class LoadRelay {
 public:
  // Listens; 0 when it cannot.
  [[nodiscard]] static int Listen(int& port);
  // Serves forever.
  static void Serve(int listener, const LoadScript& script);
};

}  // namespace pinchbeck::bench

#endif  // PINCHBECK_BENCH_LOAD_RELAY_H_
