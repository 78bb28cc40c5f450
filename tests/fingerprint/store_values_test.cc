// What a recording may hold, enrolment must be able to write and read again.
#include <gmock/gmock.h>

#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

Fingerprint Enrolled(const std::vector<Observation>& observations) {
  FingerprintBuilder builder(EnrollOptions{.model = "example"});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return fingerprint.ok() ? *std::move(fingerprint) : Fingerprint{};
}

TEST(StoreValuesTest, WhatCanBeRecordedCanBeReadBack) {
  const struct {
    const char* name;
    std::function<void(Observation&)> change;
  } cases[] = {
      {"plain", [](Observation&) {}},
      // Some servers write -1 for "no limit".
      {"negative top_k", [](Observation& o) { o.request.top_k = -1; }},
      {"largest top_k", [](Observation& o) { o.request.top_k = std::numeric_limits<std::int64_t>::max(); }},
      {"one uncensored alternative",
       [](Observation& o) { o.logprobs[0].top[1].logprob = o.logprobs[0].top[2].logprob = -9999.0; }},
      {"log-probability above 0",
       [](Observation& o) { o.logprobs[0].top[0].logprob = o.logprobs[0].sampled.logprob = 0.5; }},
      {"nineteen digits of input tokens",
       [](Observation& o) { o.usage.input_tokens = std::numeric_limits<std::int64_t>::max(); }},
      {"time before 1970",
       [](Observation& o) {
         o.time = "1969-01-01T00:00:00Z";
         o.timing.first_token_s = 1;
       }},
      {"control characters and quotes", [](Observation& o) { o.response.text = "\"\\\n\x01"; }}};
  for (const auto& item : cases) {
    Observation observation = LogprobAnswer("p", 0);
    observation.signals.clear();
    item.change(observation);
    // Only what a recording can hold.
    ASSERT_TRUE(ParseObservation(SerializeObservation(observation)).ok()) << item.name;
    const std::string text = SerializeFingerprint(Enrolled({observation, observation}));
    const auto parsed = ParseFingerprint(text);
    EXPECT_TRUE(parsed.ok()) << item.name << ": " << parsed.status();
    if (!parsed.ok()) continue;
    EXPECT_EQ(SerializeFingerprint(*parsed), text) << item.name;
  }
}

}  // namespace
}  // namespace pinchbeck
