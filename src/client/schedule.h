// Which observations a collection makes, and in which order.
#ifndef PINCHBECK_SRC_CLIENT_SCHEDULE_H_
#define PINCHBECK_SRC_CLIENT_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pinchbeck/client/client.h"
#include "pinchbeck/core/battery.h"

namespace pinchbeck::internal {

// One observation to make.
struct Task {
  std::size_t probe = 0;
  std::int64_t sample = 0;
  // Place in the shuffled order of all tasks, the completed ones included.
  std::size_t position = 0;
};

// All pairs of probe and sample that are not completed yet, shuffled by the seed.
[[nodiscard]] std::vector<Task> MakeSchedule(const Battery& battery, const CollectOptions& options);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_SCHEDULE_H_
