// Small recordings, and a client, for the tests of the mock relay.
#ifndef PINCHBECK_TESTS_CLI_MOCK_RELAY_FIXTURE_H_
#define PINCHBECK_TESTS_CLI_MOCK_RELAY_FIXTURE_H_

#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/probe.h"
#include "src/cli/mock_relay.h"

namespace pinchbeck::cli {

using Json = nlohmann::json;

inline std::string HashOf(const std::string& prompt) {
  Probe probe;
  probe.messages = {{"user", prompt}};
  return probe.PromptSha256();
}

// A recorded answer to one user message at temperature 1 with max_tokens 16.
inline Observation Answer(const std::string& prompt, const std::string& text) {
  Observation observation;
  observation.probe = "probe of " + prompt;
  observation.request.model = "recorded-model";
  observation.request.temperature = 1.0;
  observation.request.max_tokens = 16;
  observation.request.prompt_sha256 = HashOf(prompt);
  observation.response.model = "recorded-model-2";
  observation.response.text = text;
  observation.response.finish_reason = "length";
  observation.usage.input_tokens = 12;
  observation.usage.output_tokens = 3;
  return observation;
}

// `count` answers PREFIX0, PREFIX1, ...
inline std::vector<Observation> Answers(const std::string& prompt, const std::string& prefix, int count) {
  std::vector<Observation> answers;
  for (int i = 0; i < count; ++i) answers.push_back(Answer(prompt, prefix + std::to_string(i)));
  return answers;
}

inline Json RequestFor(const std::string& prompt) {
  return {{"model", "claimed"},
          {"messages", Json::array({{{"role", "user"}, {"content", prompt}}})},
          {"temperature", 1.0},
          {"max_tokens", 16}};
}

inline std::string TextOf(const Json& reply) { return reply["choices"][0]["message"]["content"]; }

// The data of each server-sent event.
inline std::vector<std::string> EventData(std::string_view body) {
  std::vector<std::string> data;
  while (!body.empty()) {
    const std::size_t end = body.find("\n\n");
    EXPECT_NE(end, std::string_view::npos) << "an event without its blank line: " << body;
    if (end == std::string_view::npos) break;
    EXPECT_EQ(body.substr(0, 6), "data: ");
    data.emplace_back(body.substr(6, end - 6));
    body.remove_prefix(end + 2);
  }
  return data;
}

class RelayTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ =
        std::filesystem::path(testing::TempDir()) / (std::string("relay-") + info->test_suite_name() + "-" +
                                                     info->name() + "-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    relay_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string Write(const std::string& name, const std::vector<Observation>& observations) {
    const std::string path = folder_ / name;
    std::ofstream file(path);
    for (const Observation& observation : observations) file << SerializeObservation(observation) << "\n";
    return path;
  }

  // Serves without waiting unless `options` says otherwise.
  static MockRelayOptions Options(std::vector<std::string> recordings) {
    MockRelayOptions options;
    options.recordings = std::move(recordings);
    options.time_scale = 0.0;
    return options;
  }

  void Start(const MockRelayOptions& options) {
    absl::StatusOr<std::unique_ptr<MockRelay>> relay = MockRelay::Create(options);
    ASSERT_TRUE(relay.ok()) << relay.status();
    relay_ = *std::move(relay);
    const absl::StatusOr<int> port = relay_->Start();
    ASSERT_TRUE(port.ok()) << port.status();
    port_ = *port;
  }

  httplib::Client NewClient() const { return httplib::Client("127.0.0.1", port_); }

  httplib::Result Post(const Json& request, const httplib::Headers& headers = {}) const {
    httplib::Client client = NewClient();
    return client.Post("/v1/chat/completions", headers, request.dump(), "application/json");
  }

  // The reply's document; the status must be 200.
  Json Ask(const Json& request) const {
    const httplib::Result result = Post(request);
    EXPECT_TRUE(result) << httplib::to_string(result.error());
    if (!result) return {};
    EXPECT_EQ(result->status, 200) << result->body;
    return Json::parse(result->body, nullptr, false);
  }

  // Texts of the next `count` answers to the prompt.
  std::vector<std::string> AskTexts(const std::string& prompt, int count) const {
    std::vector<std::string> texts;
    for (int i = 0; i < count; ++i) texts.push_back(TextOf(Ask(RequestFor(prompt))));
    return texts;
  }

  // Status and the error object of a refused request.
  void ExpectError(const httplib::Result& result, int status, const std::string& code,
                   const std::string& part_of_message) const {
    ASSERT_TRUE(result) << httplib::to_string(result.error());
    EXPECT_EQ(result->status, status) << result->body;
    const Json body = Json::parse(result->body, nullptr, false);
    ASSERT_TRUE(body.is_object() && body.contains("error")) << result->body;
    EXPECT_EQ(body["error"]["code"], code);
    EXPECT_NE(body["error"]["message"].get<std::string>().find(part_of_message), std::string::npos)
        << body["error"]["message"];
  }

  std::filesystem::path folder_;
  std::unique_ptr<MockRelay> relay_;
  int port_ = 0;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_TESTS_CLI_MOCK_RELAY_FIXTURE_H_
