#include "src/client/schedule.h"

#include <algorithm>

#include "src/client/generator.h"

namespace pinchbeck::internal {

std::vector<Task> MakeSchedule(const Battery& battery, const CollectOptions& options) {
  std::vector<Task> tasks;
  for (std::size_t probe = 0; probe < battery.probes.size(); ++probe) {
    for (std::int64_t sample = 0; sample < options.samples_per_probe; ++sample)
      tasks.push_back({probe, sample, 0});
  }
  // Shuffled before the completed ones are taken out, so that a resumed run keeps the order of the first.
  Generator(options.seed).Shuffle(tasks);
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].position = i;
  const auto completed = [&](const Task& task) {
    return options.completed.Contains(battery.probes[task.probe].id, task.sample);
  };
  tasks.erase(std::remove_if(tasks.begin(), tasks.end(), completed), tasks.end());
  return tasks;
}

}  // namespace pinchbeck::internal
