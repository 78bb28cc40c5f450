// Keeps SIGPIPE away from the program while libcurl and its TLS library write to sockets.
#ifndef PINCHBECK_SRC_CLIENT_SIGPIPE_GUARD_H_
#define PINCHBECK_SRC_CLIENT_SIGPIPE_GUARD_H_

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace pinchbeck::internal {

// Blocks the signal for this thread while alive and swallows one that this thread raised meanwhile. A library
// must not change the process-wide disposition.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeGuard() {
    if (!was_pending_) {
      const timespec no_wait{};
      while (sigtimedwait(&pipe_, nullptr, &no_wait) == SIGPIPE) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_SIGPIPE_GUARD_H_
