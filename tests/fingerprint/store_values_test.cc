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
      {"time before 1970",
       [](Observation& o) {
         o.time = "1969-01-01T00:00:00Z";
         o.timing.first_token_s = 1;
       }},
      {"control characters and quotes", [](Observation& o) { o.response.text = "\"\\\n\x01"; }},
      {"a sampled token below the list",
       [](Observation& o) {
         o.logprobs[0].sampled = {"elsewhere", std::nullopt, -9.5};
       }},
      {"a greedy path",
       [](Observation& o) {
         o.logprobs.resize(9, {{"later", std::nullopt, -0.25}, {}});
       }},
      {"sampled tokens", [](Observation& o) {
         o.logprobs.resize(200, {{"later", std::nullopt, -0.25}, {}});
         o.request.temperature = 1.0;
       }}};
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

TEST(StoreValuesTest, IntegersMustBeWholeAndFit) {
  Observation observation = LogprobAnswer("p", 0);
  observation.signals = {"latency"};
  observation.request.top_k = 40;
  observation.time = "2026-11-20T08:00:00Z";
  observation.timing.first_token_s = 1;
  const nlohmann::json good = nlohmann::json::parse(SerializeFingerprint(Enrolled({observation})));
  ASSERT_TRUE(ParseFingerprint(good.dump()).ok());
  for (const char* bad_value : {"1e300", "0.5", "18446744073709551615", "\"7\""}) {
    for (const std::string field : {"conditions/top_k", "latencies/0/minute"}) {
      nlohmann::json bad = good;
      const nlohmann::json::json_pointer pointer("/parts/0/probes/p/" + field);
      ASSERT_TRUE(bad.contains(pointer)) << field;
      bad[pointer] = nlohmann::json::parse(bad_value);
      const auto parsed = ParseFingerprint(bad.dump());
      EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << field << " = " << bad_value;
      EXPECT_THAT(std::string(parsed.status().message()), ::testing::HasSubstr("expected a whole number"));
      EXPECT_THAT(std::string(parsed.status().message()), ::testing::HasSubstr(pointer.back()));
    }
  }
}

}  // namespace
}  // namespace pinchbeck
