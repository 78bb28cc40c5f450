// Ctrl-C: the first one asks for an orderly end, the second one ends the process.
#ifndef PINCHBECK_SRC_CLI_INTERRUPT_H_
#define PINCHBECK_SRC_CLI_INTERRUPT_H_

#include <csignal>

#include "pinchbeck/client/client.h"

namespace pinchbeck::cli {

// While alive, SIGINT and SIGTERM raise stop_flag() instead of killing the process; a second one (not a
// duplicate a few milliseconds later) exits with status 130 at once. Everything recorded so far has already
// been handed to the operating system by then. One guard at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  [[nodiscard]] const StopFlag& stop_flag() const;

 private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_INTERRUPT_H_
