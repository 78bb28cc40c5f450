// Time as the client sees it, replaceable in tests.
#ifndef PINCHBECK_CLIENT_CLOCK_H_
#define PINCHBECK_CLIENT_CLOCK_H_

#include <memory>

#include "absl/time/time.h"

namespace pinchbeck {

class Clock {
 public:
  virtual ~Clock() = default;
  // Calendar time, for time stamps and dates that servers send.
  [[nodiscard]] virtual absl::Time Now() = 0;
  // Time since some fixed moment; never goes back.
  [[nodiscard]] virtual absl::Duration Monotonic() = 0;
};

[[nodiscard]] std::unique_ptr<Clock> MakeSystemClock();

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_CLOCK_H_
