// A folder, a battery and a recording to serve, for tests that run the command as a process.
#ifndef PINCHBECK_TESTS_FAULTS_FAULT_FIXTURE_H_
#define PINCHBECK_TESTS_FAULTS_FAULT_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording.h"
#include "tests/faults/child_process.h"

namespace pinchbeck::testing {

// Everything that a reader sees, in order; `intact` only when nothing is wrong with the file.
struct RecordingContent {
  std::vector<Observation> observations;
  std::vector<std::string> lines;
  bool intact = true;
  std::string problem;
};

inline RecordingContent ReadRecording(const std::string& path) {
  RecordingContent content;
  absl::StatusOr<RecordingReader> reader = RecordingReader::Open(path);
  content.intact = reader.ok();
  content.problem = std::string(reader.status().message());
  while (content.intact) {
    absl::StatusOr<std::optional<Observation>> next = reader->Next();
    content.intact = next.ok();
    content.problem = std::string(next.status().message());
    if (!next.ok() || !next->has_value()) break;
    content.lines.push_back(SerializeObservation(**next));
    content.observations.push_back(**std::move(next));
  }
  if (content.intact && reader->truncated_tail()) {
    content.intact = false;
    content.problem = "incomplete end";
  }
  return content;
}

class FaultTest : public ::testing::Test {
 protected:
  FaultTest() {
    std::string name = (std::filesystem::temp_directory_path() / "pinchbeck-faults-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
    for (const char* variable : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
                                 "GOOGLE_API_KEY", "GEMINI_API_KEY"}) {
      unsetenv(variable);
    }
  }
  void TearDown() override {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] std::string File(const std::string& name) const { return (folder_ / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(File(name), std::ios::binary) << text;
    return File(name);
  }

  // Short and long answers, whole and streamed: lines of very different lengths.
  Battery WriteBattery() const {
    Battery battery;
    battery.name = "faults";
    battery.version = "1";
    for (int i = 0; i < 4; ++i) {
      Probe probe;
      probe.id = "p" + std::to_string(i);
      probe.group = i < 2 ? "choice" : "text";
      probe.signals = {i < 2 ? "choice" : "text"};
      probe.messages = {{"user", "Prompt " + std::to_string(i) + "."}};
      probe.sampling.temperature = 1.0;
      probe.sampling.max_tokens = i < 2 ? 4 : 4000;
      probe.sampling.stream = i % 2 == 1;
      battery.probes.push_back(probe);
    }
    Write("battery.json", SerializeBattery(battery));
    return battery;
  }

  // One answer to each probe, for a relay that repeats them (mode cache).
  std::string WriteServedRecording(const Battery& battery) const {
    std::string lines;
    for (const Probe& probe : battery.probes) {
      Observation observation;
      observation.probe = probe.id;
      observation.sample = 0;
      observation.request.model = "m";
      observation.request.temperature = probe.sampling.temperature;
      observation.request.max_tokens = probe.sampling.max_tokens;
      observation.request.prompt_sha256 = probe.PromptSha256();
      // Many pages of a file, so that a write can be cut in the middle; one of them hard to compress.
      std::string text = "7";
      unsigned state = 1;
      while (probe.group == "text" && text.size() < 20000) {
        state = state * 1664525U + 1013904223U;
        text += static_cast<char>('a' + (state >> 24) % 26);
      }
      observation.response.text = text;
      observation.response.finish_reason = "stop";
      observation.usage.input_tokens = 5;
      observation.usage.output_tokens = 1;
      lines += SerializeObservation(observation) + "\n";
    }
    return Write("served.jsonl", lines);
  }

  [[nodiscard]] ChildOptions CollectOptionsFor(const std::string& url, const std::string& out, int samples,
                                               std::vector<std::string> more = {}) const {
    ChildOptions options;
    options.arguments = {
        CommandPath(), "collect",   "--base-url",         url,         "--model",
        "m",           "--battery", File("battery.json"), "--samples", std::to_string(samples),
        "--out",       out,         "--resume",           "--json"};
    options.arguments.insert(options.arguments.end(), more.begin(), more.end());
    options.out = File("collect.out");
    options.err = File("collect.err");
    return options;
  }

  std::filesystem::path folder_;
};

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_FAULTS_FAULT_FIXTURE_H_
