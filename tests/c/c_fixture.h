// Handles that free themselves, and small recordings.
#ifndef PINCHBECK_TESTS_C_C_FIXTURE_H_
#define PINCHBECK_TESTS_C_C_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pinchbeck/c/pinchbeck.h"
#include "pinchbeck/core/probe.h"
#include "pinchbeck/fingerprint/builder.h"
#include "tests/signal/observations.h"

namespace pinchbeck {

template <auto Free>
struct Freeing {
  template <class Handle>
  void operator()(Handle* handle) const {
    Free(handle);
  }
};
using ErrorHandle = std::unique_ptr<pinchbeck_error, Freeing<pinchbeck_error_free>>;
using FingerprintHandle = std::unique_ptr<pinchbeck_fingerprint, Freeing<pinchbeck_fingerprint_free>>;
using VerifierHandle = std::unique_ptr<pinchbeck_verifier, Freeing<pinchbeck_verifier_free>>;
using MonitorHandle = std::unique_ptr<pinchbeck_monitor, Freeing<pinchbeck_monitor_free>>;
using ObserverHandle = std::unique_ptr<pinchbeck_observer, Freeing<pinchbeck_observer_free>>;
using Text = std::unique_ptr<char, Freeing<pinchbeck_string_free>>;

inline std::string PromptOf(const std::string& probe) { return "Answer " + probe; }

// Adds what a chat request for the probe would have: a digest of its prompt.
inline std::vector<Observation> WithPrompts(std::vector<Observation> observations) {
  for (Observation& observation : observations) {
    Probe probe;
    probe.messages = {{"user", PromptOf(observation.probe)}};
    observation.request.prompt_sha256 = probe.PromptSha256();
  }
  return observations;
}

inline std::string Lines(const std::vector<Observation>& observations) {
  std::string lines;
  for (const Observation& observation : observations) lines += SerializeObservation(observation) + "\n";
  return lines;
}

inline Fingerprint EnrolledFrom(const std::vector<Observation>& observations, const std::string& model) {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_C_C_FIXTURE_H_
