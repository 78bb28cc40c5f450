#include "src/cli/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace pinchbeck::cli {
namespace {

// Handlers may only touch lock-free atomics.
static_assert(StopFlag::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);
StopFlag signals_seen{0};
std::atomic<std::int64_t> first_signal_ms{0};

// clock_gettime() is async-signal-safe.
std::int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

extern "C" void OnSignal(int /*signal*/) {
  constexpr int kInterruptedStatus = 130;
  // Some wrappers pass one Ctrl-C on twice: to the process and to its group.
  constexpr std::int64_t kSameSignalMs = 50;
  const std::int64_t now = NowMs();
  if (signals_seen.load() == 0) {
    first_signal_ms.store(now);
    signals_seen.store(1);
  } else if (now - first_signal_ms.load() > kSameSignalMs) {
    _exit(kInterruptedStatus);
  }
}

}  // namespace

InterruptGuard::InterruptGuard() {
  signals_seen.store(0);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_interrupt_);
  sigaction(SIGTERM, &action, &old_terminate_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
}

const StopFlag& InterruptGuard::stop_flag() const { return signals_seen; }

}  // namespace pinchbeck::cli
