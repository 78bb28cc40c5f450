// The C interface: results as from C++, errors as codes, handles in any order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "pinchbeck/audit/verify.h"
#include "pinchbeck/report/monitor_writers.h"
#include "pinchbeck/report/report_writers.h"
#include "pinchbeck/version.h"
#include "tests/c/c_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const std::vector<Observation>& Reference() {
  static const auto* const kReference =
      new std::vector<Observation>(WithPrompts(RandomChoices(5, 200, 2, 1)));
  return *kReference;
}

FingerprintHandle ParsedFingerprint(const std::vector<Observation>& observations = Reference(),
                                    const std::string& model = "claimed") {
  const std::string json = SerializeFingerprint(EnrolledFrom(observations, model));
  pinchbeck_fingerprint* handle = nullptr;
  pinchbeck_error* error = nullptr;
  EXPECT_EQ(pinchbeck_fingerprint_parse(json.data(), json.size(), &handle, &error), PINCHBECK_OK);
  EXPECT_EQ(error, nullptr);
  return FingerprintHandle(handle);
}

VerifierHandle NewVerifier(const pinchbeck_fingerprint* fingerprint, const char* options = nullptr) {
  pinchbeck_verifier* handle = nullptr;
  EXPECT_EQ(pinchbeck_verifier_new(fingerprint, nullptr, 0, options, &handle, nullptr), PINCHBECK_OK);
  return VerifierHandle(handle);
}

MonitorHandle NewMonitor(const pinchbeck_fingerprint* fingerprint, const char* options = nullptr) {
  pinchbeck_monitor* handle = nullptr;
  EXPECT_EQ(pinchbeck_monitor_new(fingerprint, nullptr, 0, options, &handle, nullptr), PINCHBECK_OK);
  return MonitorHandle(handle);
}

ObserverHandle NewObserver(const pinchbeck_fingerprint* fingerprint,
                           const char* options = R"({"models": ["gpt-x"]})") {
  pinchbeck_observer* handle = nullptr;
  EXPECT_EQ(pinchbeck_observer_new(fingerprint, options, &handle, nullptr), PINCHBECK_OK);
  return ObserverHandle(handle);
}

void Add(pinchbeck_verifier* verifier, const std::string& lines) {
  pinchbeck_error* error = nullptr;
  EXPECT_EQ(pinchbeck_verifier_add(verifier, lines.data(), lines.size(), &error), PINCHBECK_OK)
      << pinchbeck_error_message(error);
  pinchbeck_error_free(error);
}

// What a function with a text out parameter returns.
template <class Function, class Handle>
std::string TextOf(Function function, Handle* handle) {
  char* text = nullptr;
  pinchbeck_error* error = nullptr;
  EXPECT_EQ(function(handle, &text, &error), PINCHBECK_OK) << pinchbeck_error_message(error);
  pinchbeck_error_free(error);
  const Text owned(text);
  return text == nullptr ? "" : text;
}

// A chat request for a probe and its answer.
Json ExchangeOf(const Observation& observation) {
  Json message = {{"role", "user"}, {"content", PromptOf(observation.probe)}};
  Json choice = {{"index", 0},
                 {"message", {{"role", "assistant"}, {"content", *observation.response.text}}},
                 {"finish_reason", "stop"}};
  return {{"request",
           {{"model", "gpt-x"},
            {"messages", Json::array({message})},
            {"temperature", *observation.request.temperature},
            {"max_tokens", *observation.request.max_tokens}}},
          {"response", {{"id", "chatcmpl-1"}, {"model", "gpt-x"}, {"choices", Json::array({choice})}}}};
}

TEST(CApiTest, VerdictsEqualThoseOfCpp) {
  const FingerprintHandle fingerprint = ParsedFingerprint();
  EXPECT_STREQ(pinchbeck_fingerprint_model(fingerprint.get()), "claimed");
  struct {
    double power;
    const char* verdict;
  } cases[] = {{2, "consistent"}, {0, "differs"}};
  for (const auto& [power, verdict] : cases) {
    const std::vector<Observation> observed = WithPrompts(RandomChoices(5, 100, power, 2));
    const VerifierHandle verifier = NewVerifier(fingerprint.get(), R"({"alpha": 0.01, "seed": 7})");
    Add(verifier.get(), Lines(observed));
    const Json report = Json::parse(TextOf(pinchbeck_verifier_report, verifier.get()));
    EXPECT_EQ(report["verdict"], verdict);
    const Fingerprint same = EnrolledFrom(Reference(), "claimed");
    SampleBuilder builder(same.plan);
    for (const Observation& observation : observed) ASSERT_TRUE(builder.Add(observation).ok());
    VerifyOptions options;
    options.seed = 7;
    const auto expected = Verify(same, std::move(builder).Finish(same.plan), options);
    ASSERT_TRUE(expected.ok());
    EXPECT_EQ(report["p_value"], Json::parse(ReportToJson(*expected))["p_value"]);
    EXPECT_EQ(report["n_observed"], 500);
  }
}

TEST(CApiTest, ErrorsHaveCodesAndMessages) {
  pinchbeck_fingerprint* fingerprint = nullptr;
  pinchbeck_error* error = nullptr;
  EXPECT_EQ(pinchbeck_fingerprint_load("no/such.json", &fingerprint, &error), PINCHBECK_NOT_FOUND);
  EXPECT_EQ(fingerprint, nullptr);
  EXPECT_EQ(pinchbeck_error_code(error), PINCHBECK_NOT_FOUND);
  EXPECT_THAT(pinchbeck_error_message(error), HasSubstr("no/such.json"));
  pinchbeck_error_free(error);
  EXPECT_EQ(pinchbeck_fingerprint_parse("[]", 2, &fingerprint, &error), PINCHBECK_INVALID_ARGUMENT);
  pinchbeck_error_free(error);
  // Without an error object the code still tells.
  EXPECT_EQ(pinchbeck_fingerprint_parse("[]", 2, &fingerprint, nullptr), PINCHBECK_INVALID_ARGUMENT);
}

TEST(CApiTest, ABadLineIsNamedAndTheLinesBeforeItCount) {
  const FingerprintHandle fingerprint = ParsedFingerprint();
  const VerifierHandle verifier = NewVerifier(fingerprint.get());
  const std::string lines = Lines(WithPrompts(RandomChoices(1, 1, 2, 2))) + "{\"probe\": 3}\n";
  pinchbeck_error* error = nullptr;
  EXPECT_EQ(pinchbeck_verifier_add(verifier.get(), lines.data(), lines.size(), &error),
            PINCHBECK_INVALID_ARGUMENT);
  EXPECT_THAT(pinchbeck_error_message(error), HasSubstr("line 2: probe"));
  pinchbeck_error_free(error);
  EXPECT_EQ(Json::parse(TextOf(pinchbeck_verifier_report, verifier.get()))["n_observed"], 1);
}

TEST(CApiTest, OptionsAreChecked) {
  const FingerprintHandle fingerprint = ParsedFingerprint();
  const struct {
    const char* options;
    const char* message;
  } cases[] = {{"nonsense", "JSON object"},
               {R"({"alpha": "small"})", "options.alpha"},
               {R"({"claim": "price"})", "options.claim"},
               {R"({"seed": -1})", "options.seed"},
               {R"({"alhpa": 0.01})", "not known"}};
  for (const auto& [options, message] : cases) {
    pinchbeck_verifier* verifier = nullptr;
    pinchbeck_error* error = nullptr;
    EXPECT_EQ(pinchbeck_verifier_new(fingerprint.get(), nullptr, 0, options, &verifier, &error),
              PINCHBECK_INVALID_ARGUMENT);
    EXPECT_THAT(pinchbeck_error_message(error), HasSubstr(message));
    EXPECT_EQ(verifier, nullptr);
    pinchbeck_error_free(error);
  }
  pinchbeck_verifier* verifier = nullptr;
  EXPECT_EQ(pinchbeck_verifier_new(fingerprint.get(), nullptr, 1, nullptr, &verifier, nullptr),
            PINCHBECK_INVALID_ARGUMENT);
}

TEST(CApiTest, MonitorsCarryTheirStateAndOutliveTheFingerprint) {
  FingerprintHandle fingerprint = ParsedFingerprint();
  const MonitorHandle whole = NewMonitor(fingerprint.get());
  const MonitorHandle first = NewMonitor(fingerprint.get());
  const MonitorHandle second = NewMonitor(fingerprint.get());
  fingerprint.reset();
  const std::string a = Lines(WithPrompts(RandomChoices(5, 30, 0, 3)));
  const std::string b = Lines(WithPrompts(RandomChoices(5, 30, 0, 4)));
  for (const std::string& lines : {a, b}) {
    ASSERT_EQ(pinchbeck_monitor_step(whole.get(), lines.data(), lines.size(), nullptr), PINCHBECK_OK);
  }
  ASSERT_EQ(pinchbeck_monitor_step(first.get(), a.data(), a.size(), nullptr), PINCHBECK_OK);
  const std::string state = TextOf(pinchbeck_monitor_state, first.get());
  ASSERT_EQ(pinchbeck_monitor_restore(second.get(), state.data(), state.size(), nullptr), PINCHBECK_OK);
  ASSERT_EQ(pinchbeck_monitor_step(second.get(), b.data(), b.size(), nullptr), PINCHBECK_OK);
  const std::string decision = TextOf(pinchbeck_monitor_decision, whole.get());
  EXPECT_EQ(TextOf(pinchbeck_monitor_decision, second.get()), decision);
  EXPECT_EQ(Json::parse(decision)["verdict"], "differs");
  EXPECT_EQ(pinchbeck_monitor_restore(second.get(), "{}", 2, nullptr), PINCHBECK_INVALID_ARGUMENT);
  EXPECT_EQ(TextOf(pinchbeck_monitor_decision, second.get()), decision);
}

TEST(CApiTest, ObserversTurnTrafficIntoObservationsAndSteps) {
  const FingerprintHandle fingerprint = ParsedFingerprint();
  const ObserverHandle observer = NewObserver(fingerprint.get());
  char* text = nullptr;
  EXPECT_EQ(pinchbeck_observer_decision(observer.get(), &text, nullptr), PINCHBECK_FAILED_PRECONDITION);
  ASSERT_EQ(pinchbeck_observer_watch(observer.get(), nullptr, 0, nullptr, nullptr), PINCHBECK_OK);
  for (const Observation& observation : RandomChoices(5, 40, 0, 5)) {
    const std::string exchange = ExchangeOf(observation).dump();
    const char* use = nullptr;
    ASSERT_EQ(pinchbeck_observer_observe(observer.get(), exchange.data(), exchange.size(), &use, nullptr),
              PINCHBECK_OK);
    EXPECT_STREQ(use, "probe");
  }
  EXPECT_EQ(Json::parse(TextOf(pinchbeck_observer_decision, observer.get()))["verdict"], "differs");
  EXPECT_EQ(Json::parse(TextOf(pinchbeck_observer_status, observer.get()))["uses"]["probe"], 200);
  const VerifierHandle verifier = NewVerifier(fingerprint.get());
  Add(verifier.get(), TextOf(pinchbeck_observer_take, observer.get()));
  EXPECT_EQ(TextOf(pinchbeck_observer_take, observer.get()), "");
  EXPECT_EQ(Json::parse(TextOf(pinchbeck_verifier_report, verifier.get()))["verdict"], "differs");
  // A second monitor would forget what the first one knows.
  const std::string known = TextOf(pinchbeck_observer_decision, observer.get());
  pinchbeck_error* error = nullptr;
  EXPECT_EQ(pinchbeck_observer_watch(observer.get(), nullptr, 0, nullptr, &error),
            PINCHBECK_FAILED_PRECONDITION);
  EXPECT_THAT(pinchbeck_error_message(error), testing::HasSubstr("watching already"));
  pinchbeck_error_free(error);
  EXPECT_EQ(TextOf(pinchbeck_observer_decision, observer.get()), known);
  // A second observer goes on where the first one stopped.
  const ObserverHandle next = NewObserver(fingerprint.get());
  ASSERT_EQ(pinchbeck_observer_watch(next.get(), nullptr, 0, nullptr, nullptr), PINCHBECK_OK);
  const std::string state = TextOf(pinchbeck_observer_monitor_state, observer.get());
  ASSERT_EQ(pinchbeck_observer_monitor_restore(next.get(), state.data(), state.size(), nullptr),
            PINCHBECK_OK);
  EXPECT_EQ(TextOf(pinchbeck_observer_decision, next.get()),
            TextOf(pinchbeck_observer_decision, observer.get()));
}

TEST(CApiTest, ObserversAskForTheModelsTheyWatch) {
  const FingerprintHandle fingerprint = ParsedFingerprint();
  for (const char* options : {static_cast<const char*>(nullptr), "{}", R"({"models": []})",
                              R"({"models": "m"})", R"({"models": ["m"], "endpoint": "nowhere"})"}) {
    pinchbeck_observer* made = nullptr;
    pinchbeck_error* error = nullptr;
    EXPECT_EQ(pinchbeck_observer_new(fingerprint.get(), options, &made, &error), PINCHBECK_INVALID_ARGUMENT);
    EXPECT_EQ(made, nullptr);
    EXPECT_STRNE(pinchbeck_error_message(error), "");
    pinchbeck_error_free(error);
  }
  const ObserverHandle observer =
      NewObserver(fingerprint.get(), R"({"models": ["gpt-x"], "endpoint": "https://relay.example/v1"})");
  Json exchange = ExchangeOf(RandomChoices(5, 1, 0, 5).front());
  const auto use_of = [&] {
    const std::string text = exchange.dump();
    const char* use = nullptr;
    EXPECT_EQ(pinchbeck_observer_observe(observer.get(), text.data(), text.size(), &use, nullptr),
              PINCHBECK_OK);
    return std::string(use);
  };
  EXPECT_EQ(use_of(), "other_endpoint");
  exchange["endpoint"] = "https://relay.example/v1/";
  EXPECT_EQ(use_of(), "probe");
  exchange["request"]["model"] = "gpt-y";
  EXPECT_EQ(use_of(), "other_model");
}

TEST(CApiTest, NullIsAnErrorAndNeverACrash) {
  char* text = nullptr;
  pinchbeck_fingerprint* fingerprint = nullptr;
  pinchbeck_verifier* verifier = nullptr;
  pinchbeck_monitor* monitor = nullptr;
  pinchbeck_observer* observer = nullptr;
  const std::vector<pinchbeck_code> codes = {
      pinchbeck_fingerprint_load(nullptr, &fingerprint, nullptr),
      pinchbeck_fingerprint_load("x", nullptr, nullptr),
      pinchbeck_fingerprint_parse(nullptr, 3, &fingerprint, nullptr),
      pinchbeck_verifier_new(nullptr, nullptr, 0, nullptr, &verifier, nullptr),
      pinchbeck_verifier_add(nullptr, "", 0, nullptr),
      pinchbeck_verifier_report(nullptr, &text, nullptr),
      pinchbeck_verifier_report(nullptr, nullptr, nullptr),
      pinchbeck_monitor_new(nullptr, nullptr, 0, nullptr, &monitor, nullptr),
      pinchbeck_monitor_step(nullptr, "", 0, nullptr),
      pinchbeck_monitor_decision(nullptr, &text, nullptr),
      pinchbeck_monitor_state(nullptr, &text, nullptr),
      pinchbeck_monitor_restore(nullptr, "", 0, nullptr),
      pinchbeck_observer_new(nullptr, nullptr, &observer, nullptr),
      pinchbeck_observer_watch(nullptr, nullptr, 0, nullptr, nullptr),
      pinchbeck_observer_observe(nullptr, "", 0, nullptr, nullptr),
      pinchbeck_observer_take(nullptr, &text, nullptr),
      pinchbeck_observer_status(nullptr, &text, nullptr),
      pinchbeck_observer_decision(nullptr, &text, nullptr),
      pinchbeck_observer_monitor_state(nullptr, &text, nullptr),
      pinchbeck_observer_monitor_restore(nullptr, "", 0, nullptr)};
  EXPECT_THAT(codes, testing::Each(PINCHBECK_INVALID_ARGUMENT));
  pinchbeck_error_free(nullptr);
  pinchbeck_string_free(nullptr);
  pinchbeck_fingerprint_free(nullptr);
  pinchbeck_verifier_free(nullptr);
  pinchbeck_monitor_free(nullptr);
  pinchbeck_observer_free(nullptr);
  EXPECT_EQ(pinchbeck_error_code(nullptr), PINCHBECK_OK);
  EXPECT_STREQ(pinchbeck_error_message(nullptr), "");
  EXPECT_STREQ(pinchbeck_fingerprint_model(nullptr), "");
  EXPECT_EQ(pinchbeck_version(), std::string(kVersion));
}

TEST(CApiTest, OneHandleServesManyThreads) {
  const FingerprintHandle fingerprint = ParsedFingerprint();
  const VerifierHandle verifier = NewVerifier(fingerprint.get());
  const ObserverHandle observer = NewObserver(fingerprint.get());
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (const Observation& observation : WithPrompts(RandomChoices(5, 10, 2, 10 + t))) {
        Add(verifier.get(), Lines({observation}));
        const std::string exchange = ExchangeOf(observation).dump();
        EXPECT_EQ(
            pinchbeck_observer_observe(observer.get(), exchange.data(), exchange.size(), nullptr, nullptr),
            PINCHBECK_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Json::parse(TextOf(pinchbeck_verifier_report, verifier.get()))["n_observed"], 200);
  EXPECT_EQ(Json::parse(TextOf(pinchbeck_observer_status, observer.get()))["buffered"], 200);
}

TEST(CApiTest, TheExampleInC99PrintsAVerdict) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "pinchbeck-c-example";
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(SaveFingerprint(EnrolledFrom(Reference(), "claimed"), folder / "claimed.json").ok());
  std::ofstream(folder / "relay.jsonl") << Lines(WithPrompts(RandomChoices(5, 100, 0, 2)));
  const std::string command = std::string(PINCHBECK_C_EXAMPLE) + " " + (folder / "claimed.json").string() +
                              " " + (folder / "relay.jsonl").string();
  FILE* const output = popen(command.c_str(), "r");
  ASSERT_NE(output, nullptr);
  std::string text(1 << 20, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), output));
  EXPECT_EQ(pclose(output), 0);
  EXPECT_EQ(Json::parse(text)["verdict"], "differs");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace pinchbeck
