// How keyed batteries are put together.
#ifndef PINCHBECK_SRC_CORE_KEYED_BATTERY_H_
#define PINCHBECK_SRC_CORE_KEYED_BATTERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pinchbeck/core/battery.h"
#include "src/core/keyed_generator.h"

namespace pinchbeck::internal {

// Probes that share templates: `count` of them with the ids "stem/1" .. "stem/count".
struct KeyedCell {
  std::string stem;
  int count = 0;
  std::string group;
  std::vector<std::string> signals;
  SamplingParameters sampling;
  // Symbol whose texts are the templates.
  std::string templates;
  // What "{thing}" stands for; a symbol in braces is drawn.
  std::string thing;
  // Range from which "{high}" is drawn; 0: none.
  std::int64_t lowest_high = 0;
  std::int64_t highest_high = 0;
};

[[nodiscard]] const std::vector<KeyedCell>& KeyedCells();

// KeyedBattery() behind the derivation of the key.
[[nodiscard]] Battery ComposeBattery(const DerivedKey& key);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_KEYED_BATTERY_H_
