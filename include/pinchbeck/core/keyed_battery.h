// The built-in battery in words that only the holder of a key can foresee.
#ifndef PINCHBECK_CORE_KEYED_BATTERY_H_
#define PINCHBECK_CORE_KEYED_BATTERY_H_

#include "absl/status/statusor.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/endpoint.h"

namespace pinchbeck {

// A variant of the built-in battery: the same groups, kinds of answer, languages and sampling parameters, but
// carrier sentences, wordings, ranges, topics and order drawn under the key. An endpoint that looks for the
// published prompts finds none of them.
//
// One key gives one battery, byte for byte, on every platform: use it at enrolment and at verification. Ids
// are the same under every key ("number-small/en/3"), prompts are not, so recordings of two keys are refused
// as made with other prompts. Two keys agree on a given prompt with a chance below 1/2000
// (tests/core/keyed_battery_test.cc bounds it for each probe).
//
// What it does not hide: the templates are public, so a careful endpoint can learn to tell such prompts from
// other traffic, and whoever holds a fingerprint can try all variants against the hashes of its prompts. Keep
// fingerprints of keyed batteries to yourself, and change the key between audits that matter.
//
// InvalidArgument: the key has fewer than 16 bytes or fewer than 8 different ones; the message does not show
// it. Cost: 100,000 rounds of HMAC-SHA256, some 0.1 s, against guessing.
[[nodiscard]] absl::StatusOr<Battery> KeyedBattery(const Secret& key);

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_KEYED_BATTERY_H_
