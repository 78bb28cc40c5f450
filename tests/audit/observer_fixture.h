// A fingerprint with known prompts, and traffic that asks them.
#ifndef PINCHBECK_TESTS_AUDIT_OBSERVER_FIXTURE_H_
#define PINCHBECK_TESTS_AUDIT_OBSERVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/audit/observer.h"
#include "pinchbeck/core/probe.h"
#include "pinchbeck/fingerprint/builder.h"
#include "tests/signal/observations.h"

namespace pinchbeck {

using Json = nlohmann::json;

inline std::string PromptOf(const std::string& probe) { return "Answer " + probe; }

inline Fingerprint Enrolled(std::vector<Observation> observations) {
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (Observation& observation : observations) {
    Probe probe;
    probe.messages = {{"user", PromptOf(observation.probe)}};
    observation.request.prompt_sha256 = probe.PromptSha256();
    observation.response.model = "gpt-x";
    EXPECT_TRUE(builder.Add(observation, "default").ok());
  }
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

inline const Fingerprint& Reference() {
  static const auto* const kReference = new Fingerprint(Enrolled(RandomChoices(3, 200, 2, 1)));
  return *kReference;
}

// As the probes of RandomChoices() ask.
inline Json RequestOf(const std::string& probe) {
  return {{"model", "gpt-x"},
          {"messages", Json::array({{{"role", "user"}, {"content", PromptOf(probe)}}})},
          {"temperature", 1.0},
          {"max_tokens", 4}};
}

inline Json ResponseOf(const std::string& answer) {
  return {{"id", "chatcmpl-7"},
          {"model", "gpt-x"},
          {"choices", Json::array({{{"index", 0},
                                    {"message", {{"role", "assistant"}, {"content", answer}}},
                                    {"finish_reason", "stop"}}})},
          {"usage", {{"prompt_tokens", 9}, {"completion_tokens", 1}}}};
}

inline Observer Made(ObserverOptions options = {}, const Fingerprint& fingerprint = Reference()) {
  if (options.models.empty()) options.models = {"gpt-x"};
  auto observer = Observer::Create(fingerprint, options);
  EXPECT_TRUE(observer.ok()) << observer.status();
  return *std::move(observer);
}

inline ObservationUse Fed(Observer& observer, const Json& request, const Json& response,
                          const ExchangeEnd& end = {}) {
  const std::string body = request.dump();
  ExchangeRequest sent;
  sent.body = body;
  const auto use = observer.Observe(sent, response.dump(), end);
  EXPECT_TRUE(use.ok()) << use.status();
  return use.value_or(ObservationUse::kUnknownPrompt);
}

inline std::string FirstProbe() { return Reference().plan.begin()->first; }

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_AUDIT_OBSERVER_FIXTURE_H_
