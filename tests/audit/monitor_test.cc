#include "pinchbeck/audit/monitor.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/internal/absl_strings.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;
using Observations = std::vector<Observation>;

Fingerprint Enrolled(const Observations& observations, const std::string& model = "claimed") {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

Monitor Made(const Fingerprint& fingerprint, const MonitorOptions& options = {}) {
  auto monitor = Monitor::Create(fingerprint, options);
  EXPECT_TRUE(monitor.ok()) << monitor.status();
  return *std::move(monitor);
}

void Feed(Monitor& monitor, const Observations& observations) {
  for (const Observation& observation : observations) {
    const absl::Status status = monitor.Step(observation);
    ASSERT_TRUE(status.ok()) << status;
  }
}

// Answers in the order in which an endpoint would give them: probe after probe, again and again.
Observations InTurn(Observations observations, int probes) {
  const std::size_t each = observations.size() / static_cast<std::size_t>(probes);
  Observations ordered;
  for (std::size_t i = 0; i < each; ++i) {
    for (std::size_t p = 0; p < static_cast<std::size_t>(probes); ++p) {
      ordered.push_back(observations[p * each + i]);
      ordered.back().time = "2026-11-20T08:00:" + std::to_string(10 + i % 50) + "Z";
    }
  }
  return ordered;
}

Observation Greedy(const std::string& probe, const std::string& answer, const std::string& session) {
  Observation observation = ChoiceAnswer(probe, answer);
  observation.request.temperature = 0.0;
  observation.session = session;
  return observation;
}

TEST(MonitorTest, HonestAnswersRaiseNoAlarmAndOthersDo) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(5, 200, 2, 1));
  Monitor honest = Made(fingerprint);
  Feed(honest, InTurn(RandomChoices(5, 300, 2, 2), 5));
  EXPECT_FALSE(honest.decision().alarm_at.has_value());
  EXPECT_EQ(honest.decision().observations, 1500);
  EXPECT_EQ(honest.decision().used, 1500);
  Monitor other = Made(fingerprint);
  Feed(other, InTurn(RandomChoices(5, 60, 0, 3), 5));
  ASSERT_TRUE(other.decision().alarm_at.has_value());
  EXPECT_EQ(other.decision().alarm_by, MonitorAlarm::kEValue);
  EXPECT_GE(other.decision().log10_e_value, 2);
}

TEST(MonitorTest, ALateChangeIsFoundSoonAndPutNearItsTime) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(5, 200, 0, 1));
  const Fingerprint sibling = Enrolled(RandomChoices(5, 200, 2, 9), "sibling");
  MonitorOptions options;
  options.alternatives = {&sibling};
  Monitor monitor = Made(fingerprint, options);
  Feed(monitor, InTurn(RandomChoices(5, 200, 0, 2), 5));
  ASSERT_FALSE(monitor.decision().alarm_at.has_value());
  Observations swapped = InTurn(RandomChoices(5, 60, 2, 3), 5);
  for (Observation& observation : swapped) observation.time = "2026-11-21T00:00:00Z";
  Feed(monitor, swapped);
  const MonitorDecision decision = monitor.decision();
  ASSERT_TRUE(decision.alarm_at.has_value());
  EXPECT_LE(*decision.alarm_at, 1150);
  EXPECT_NEAR(static_cast<double>(*decision.change_at), 1001, 30);
  EXPECT_TRUE(decision.change_near.has_value());
  // An alarm stays, with the time that was estimated when it was raised.
  Feed(monitor, InTurn(RandomChoices(5, 60, 0, 4), 5));
  EXPECT_EQ(monitor.decision().alarm_at, decision.alarm_at);
  EXPECT_EQ(monitor.decision().change_at, decision.change_at);
}

TEST(MonitorTest, TheDetectorRaisesAnAlarmOnlyWhenAskedTo) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(3, 100, 0, 1));
  MonitorOptions options;
  options.mean_run = 50;
  Monitor asked = Made(fingerprint, options), silent = Made(fingerprint);
  const Observations honest = InTurn(RandomChoices(3, 100, 0, 2), 3);
  Feed(asked, honest);
  Feed(silent, honest);
  EXPECT_EQ(asked.decision().alarm_by, MonitorAlarm::kEDetector);
  EXPECT_EQ(asked.decision().log10_e_detector, silent.decision().log10_e_detector);
  EXPECT_FALSE(silent.decision().alarm_at.has_value());
}

// Any split over several runs gives the state of one run, byte by byte, for every kind of process.
TEST(MonitorTest, SplitRunsEqualOneRun) {
  Observations reference = RandomChoices(4, 60, 0, 1), observed = InTurn(RandomChoices(4, 30, 1, 2), 4);
  for (int i = 0; i < 60; ++i) reference.push_back(TextAnswer("t", "a text", 40 + i % 17));
  for (int i = 0; i < 40; ++i) reference.push_back(Greedy("g", i % 9 == 0 ? "b" : "a", "first"));
  for (int i = 0; i < 30; ++i) {
    observed.push_back(TextAnswer("t", "a text", 45 + i % 19));
    observed.push_back(Greedy("g", i % 3 == 0 ? "b" : "new", "s" + std::to_string(i / 5)));
  }
  const Fingerprint fingerprint = Enrolled(reference);
  const Fingerprint sibling = Enrolled(RandomChoices(4, 60, 1, 7), "sibling");
  for (const double tolerance : {0.0, 0.1}) {
    MonitorOptions options;
    options.tolerance = tolerance;
    options.alternatives = {&sibling};
    Monitor whole = Made(fingerprint, options);
    Feed(whole, observed);
    EXPECT_EQ(whole.decision().alarm_at.has_value(), tolerance == 0);
    for (const std::size_t step : {1u, 7u, 50u}) {
      std::string state;
      for (std::size_t begin = 0; begin < observed.size(); begin += step) {
        Monitor part = Made(fingerprint, options);
        if (!state.empty()) {
          const absl::Status status = part.RestoreState(state);
          ASSERT_TRUE(status.ok()) << status;
        }
        const std::size_t end = std::min(observed.size(), begin + step);
        Feed(part, Observations(observed.begin() + static_cast<std::ptrdiff_t>(begin),
                                observed.begin() + static_cast<std::ptrdiff_t>(end)));
        state = part.SerializeState();
      }
      EXPECT_EQ(state, whole.SerializeState()) << "tolerance " << tolerance << ", step " << step;
    }
  }
}

TEST(MonitorTest, AStateOfSomethingElseIsRefused) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 50, 0, 1));
  const Fingerprint other = Enrolled(RandomChoices(2, 50, 0, 8));
  const Fingerprint sibling = Enrolled(RandomChoices(2, 50, 2, 9), "sibling");
  const std::string state = Made(fingerprint).SerializeState();
  const auto refusal = [&](const Fingerprint& reference, const MonitorOptions& options) {
    const absl::Status status = Made(reference, options).RestoreState(state);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return internal::Message(status);
  };
  EXPECT_THAT(refusal(other, {}), HasSubstr("fingerprint_sha256: the state was made with another"));
  EXPECT_THAT(refusal(fingerprint, {.tolerance = 0.1}), HasSubstr("tolerance: "));
  EXPECT_THAT(refusal(fingerprint, {.greedy_tolerance = 0.1}), HasSubstr("greedy_tolerance: "));
  EXPECT_THAT(refusal(fingerprint, {.alpha = 0.1}), HasSubstr("alpha: "));
  EXPECT_THAT(refusal(fingerprint, {.seed = 2}), HasSubstr("seed: "));
  EXPECT_THAT(refusal(fingerprint, {.mean_run = 100}), HasSubstr("mean_run: "));
  EXPECT_THAT(refusal(fingerprint, {.signals = {"choice"}}), HasSubstr("signals: "));
  EXPECT_THAT(refusal(fingerprint, {.alternatives = {&sibling}}), HasSubstr("alternatives_sha256: "));
  // The claimed model's own fingerprint among the alternatives changes nothing.
  EXPECT_TRUE(Made(fingerprint, {.alternatives = {&other}}).RestoreState(state).ok());
}

// Every value of a state is replaced by wrong ones; nothing may crash, and no refusal may change the monitor.
void Mutate(const Json& root, const Json::json_pointer& at, const std::function<void(const Json&)>& visit) {
  static const Json kWrong[] = {nullptr, -1, 0.5, 1e300, "x", Json::array(), Json::object(), true, 1LL << 60};
  const Json& value = root.at(at);
  for (const Json& wrong : kWrong) {
    Json mutated = root;
    mutated.at(at) = wrong;
    visit(mutated);
  }
  if (value.is_object()) {
    for (const auto& item : value.items()) Mutate(root, at / item.key(), visit);
  }
  if (value.is_array()) {
    for (std::size_t i = 0; i < std::min<std::size_t>(value.size(), 2); ++i) Mutate(root, at / i, visit);
  }
}

TEST(MonitorTest, HostileStatesAreRefusedOrHarmless) {
  Observations reference = RandomChoices(2, 40, 0, 1);
  for (int i = 0; i < 40; ++i) reference.push_back(Greedy("g", i % 9 == 0 ? "b" : "a", "first"));
  const Fingerprint fingerprint = Enrolled(reference);
  Monitor monitor = Made(fingerprint);
  Feed(monitor, {ChoiceAnswer("p0", "elsewhere"), ChoiceAnswer("p1", "3"), Greedy("g", "new", "s")});
  const Json state = Json::parse(monitor.SerializeState());
  int refused = 0, accepted = 0;
  Mutate(state, Json::json_pointer(), [&](const Json& mutated) {
    Monitor target = Made(fingerprint);
    const std::string before = target.SerializeState();
    const absl::Status status = target.RestoreState(mutated.dump());
    if (status.ok()) {
      ++accepted;
      Feed(target, {ChoiceAnswer("p0", "1"), ChoiceAnswer("p0", "elsewhere"), Greedy("g", "a", "t")});
      EXPECT_FALSE(std::isnan(target.decision().log10_e_value));
      return;
    }
    ++refused;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(target.SerializeState(), before);
  });
  EXPECT_GT(refused, 10 * accepted);
  for (const std::string text : {"", "{", "[]", "null", "{\"schema\": \"pinchbeck.monitor_state/2\"}"}) {
    EXPECT_EQ(Made(fingerprint).RestoreState(text).code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(MonitorTest, ErrorsNameTheField) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 40, 0, 1));
  const Json state = Json::parse(Made(fingerprint).SerializeState());
  const auto refusal = [&](const char* pointer, const Json& value) {
    Json mutated = state;
    mutated.at(Json::json_pointer(pointer)) = value;
    return internal::Message(Made(fingerprint).RestoreState(mutated.dump()));
  };
  EXPECT_THAT(refusal("/tracks/0/0/restart/wealth/0", "x"), HasSubstr("tracks[0][0].restart.wealth[0]: "));
  EXPECT_THAT(refusal("/observations", 5), HasSubstr("observations: not the sum"));
  EXPECT_THAT(refusal("/tracks/0/0/conformal/weights/0", 0), HasSubstr("tracks[0][0]: process: state: "));
}

TEST(MonitorTest, RepeatsOfADeterministicEndpointCountOncePerSession) {
  Observations reference;
  for (int i = 0; i < 40; ++i) reference.push_back(Greedy("g", "a", "first"));
  const Fingerprint fingerprint = Enrolled(reference);
  Monitor monitor = Made(fingerprint);
  for (int i = 0; i < 10; ++i) Feed(monitor, {Greedy("g", "a", "s1"), Greedy("g", "a", "s2")});
  EXPECT_EQ(monitor.decision().used, 2);
  EXPECT_EQ(monitor.decision().skipped[static_cast<std::size_t>(MonitorSkip::kRepeat)], 18);
  // Without a session the day stands for it.
  Observation dated = Greedy("g", "a", "");
  for (const char* time : {"2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z", "2026-11-21T08:00:00Z"}) {
    dated.time = time;
    Feed(monitor, {dated});
  }
  EXPECT_EQ(monitor.decision().used, 4);
}

TEST(MonitorTest, RepeatsCountWhereTheReferenceVariesAndDriftIsTolerated) {
  Observations reference;
  for (int i = 0; i < 100; ++i) reference.push_back(Greedy("g", i % 20 == 0 ? "b" : "a", "first"));
  const Fingerprint fingerprint = Enrolled(reference);
  Monitor monitor = Made(fingerprint);
  // A day on which the rare answer is more frequent is no alarm; answers that were never given are.
  for (int i = 0; i < 300; ++i) Feed(monitor, {Greedy("g", i % 12 == 0 ? "b" : "a", "s")});
  EXPECT_EQ(monitor.decision().used, 300);
  EXPECT_FALSE(monitor.decision().alarm_at.has_value());
  for (int i = 0; i < 20; ++i) Feed(monitor, {Greedy("g", "c" + std::to_string(i), "t")});
  EXPECT_TRUE(monitor.decision().alarm_at.has_value());
}

TEST(MonitorTest, SkipsAreCountedByReason) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 40, 0, 1));
  Monitor monitor = Made(fingerprint);
  Observation failed = ChoiceAnswer("p0", "1"), silent = failed;
  failed.error = ErrorRecord{ErrorKind::kTimeout, std::nullopt, "late"};
  silent.response.text.reset();
  Feed(monitor, {failed, silent, ChoiceAnswer("elsewhere", "1"), ChoiceAnswer("p0", "1")});
  EXPECT_THAT(monitor.decision().skipped, ::testing::ElementsAre(1, 1, 1, 0));
  EXPECT_EQ(monitor.decision().used, 1);
  EXPECT_EQ(monitor.decision().observations, 4);
}

TEST(MonitorTest, OtherConditionsAreRefused) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 40, 0, 1));
  Monitor monitor = Made(fingerprint);
  Observation cold = ChoiceAnswer("p0", "1");
  cold.request.temperature = 0.2;
  const absl::Status status = monitor.Step(cold);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(internal::Message(status), HasSubstr("temperature is 0.2"));
  EXPECT_EQ(monitor.decision().observations, 0);
}

TEST(MonitorTest, TokenLengthsAndLogprobsAreMonitored) {
  Observations reference, observed;
  for (int i = 0; i < 100; ++i) reference.push_back(TextAnswer("t", "a text", 30 + (i * 7) % 20));
  for (int i = 0; i < 100; ++i) observed.push_back(TextAnswer("t", "a text", 60 + (i * 7) % 20));
  const Fingerprint lengths = Enrolled(reference);
  Monitor monitor = Made(lengths);
  Feed(monitor, observed);
  EXPECT_TRUE(monitor.decision().alarm_at.has_value());

  Observations logprobs;
  for (int p = 0; p < 10; ++p) {
    for (int i = 0; i < 20; ++i) logprobs.push_back(LogprobAnswer("l" + std::to_string(p), 0, 1e-4 * i));
  }
  const Fingerprint fingerprint = Enrolled(logprobs);
  EXPECT_EQ(Monitor::Create(fingerprint).status().code(), absl::StatusCode::kFailedPrecondition);
  for (const double shift : {0.0, 1.0}) {
    Monitor scores = Made(fingerprint, {.signals = {"logprob"}});
    for (int s = 0; s < 10; ++s) {
      for (int p = 0; p < 10; ++p) {
        Observation observation = LogprobAnswer("l" + std::to_string(p), 0, shift);
        observation.session = std::to_string(s);
        Feed(scores, {observation, observation});
      }
    }
    EXPECT_EQ(scores.decision().used, 100);
    EXPECT_EQ(scores.decision().alarm_at.has_value(), shift > 0) << shift;
  }
}

TEST(MonitorTest, OneHonestVariantOfSeveralIsNoAlarm) {
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (const Observation& o : RandomChoices(4, 300, 0, 1)) ASSERT_TRUE(builder.Add(o, "one").ok());
  for (const Observation& o : RandomChoices(4, 300, 1.5, 2)) ASSERT_TRUE(builder.Add(o, "two").ok());
  const Fingerprint fingerprint = *std::move(builder).Build();
  for (const double power : {0.0, 1.5}) {
    Monitor monitor = Made(fingerprint);
    Feed(monitor, InTurn(RandomChoices(4, 300, power, 3), 4));
    EXPECT_FALSE(monitor.decision().alarm_at.has_value()) << power;
  }
  Monitor monitor = Made(fingerprint);
  Feed(monitor, InTurn(RandomChoices(4, 300, -2, 3), 4));
  EXPECT_TRUE(monitor.decision().alarm_at.has_value());
}

TEST(MonitorTest, TheToleratedShareOfAnAlternativeIsReported) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 400, 0, 1));
  const Fingerprint sibling = Enrolled(RandomChoices(2, 400, 3, 2), "sibling");
  const Monitor monitor = Made(fingerprint, {.tolerance = 0.1, .alternatives = {&sibling}});
  ASSERT_EQ(monitor.tolerated_shares().size(), 1u);
  EXPECT_EQ(monitor.tolerated_shares()[0].model, "sibling");
  EXPECT_NEAR(monitor.tolerated_shares()[0].share, 0.1 / 0.5, 0.08);
  EXPECT_TRUE(Made(fingerprint, {.alternatives = {&sibling}}).tolerated_shares().empty());
}

TEST(MonitorTest, OptionsOutOfRange) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(1, 10, 0, 1));
  const MonitorOptions bad[] = {{.alpha = 0},
                                {.alpha = 0.6},
                                {.tolerance = -0.1},
                                {.tolerance = 1},
                                {.mean_run = 0.5},
                                {.signals = {}},
                                {.greedy_tolerance = std::nan("")},
                                {.signals = {"latency"}}};
  for (const MonitorOptions& options : bad) {
    EXPECT_EQ(Monitor::Create(fingerprint, options).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(MonitorTest, StateFilesAreReplacedAtomically) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 40, 0, 1));
  Monitor monitor = Made(fingerprint);
  const std::string folder = ::testing::TempDir() + "monitor_state_test";
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/state.json";
  ASSERT_TRUE(monitor.SaveState(path).ok());
  Feed(monitor, {ChoiceAnswer("p0", "1")});
  ASSERT_TRUE(monitor.SaveState(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  Monitor restored = Made(fingerprint);
  ASSERT_TRUE(restored.LoadState(path).ok());
  EXPECT_EQ(restored.decision().observations, 1);
  EXPECT_EQ(restored.LoadState(folder + "/none").code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(monitor.SaveState(folder + "/none/state.json").ok());
  const auto named = ReadMonitorDecision(path);
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->model, "claimed");
  EXPECT_EQ(named->decision.observations, 1);
  std::filesystem::remove_all(folder);
}

TEST(MonitorTest, TheLargestEValueOutlivesTheState) {
  const Fingerprint fingerprint = Enrolled(RandomChoices(2, 40, 0, 1));
  Monitor monitor = Made(fingerprint);
  const std::string path = ::testing::TempDir() + "monitor_largest.json";
  ASSERT_TRUE(monitor.SaveState(path).ok());
  Json state = Json::parse(std::ifstream(path));
  const auto largest_after_loading = [&](const Json& changed) {
    std::ofstream(path) << changed;
    Monitor restored = Made(fingerprint);
    const absl::Status loaded = restored.LoadState(path);
    EXPECT_TRUE(loaded.ok()) << loaded;
    return restored.decision().log10_largest_e_value;
  };
  state["log10_e_value"] = -0.5;
  state["log10_largest_e_value"] = 1.25;
  EXPECT_EQ(largest_after_loading(state), 1.25);
  // A state of an older version: no less than what it shows.
  state.erase("log10_largest_e_value");
  EXPECT_EQ(largest_after_loading(state), 0);
  state["log10_e_value"] = 0.75;
  EXPECT_EQ(largest_after_loading(state), 0.75);
  state["log10_largest_e_value"] = 0.5;
  std::ofstream(path) << state;
  Monitor refused = Made(fingerprint);
  EXPECT_THAT(internal::Message(refused.LoadState(path)), HasSubstr("log10_largest_e_value"));
  std::filesystem::remove(path);
}

TEST(CombineMonitorsTest, SeveralEndpointsShareTheLevel) {
  std::vector<NamedDecision> endpoints(3);
  // 276 would be enough alone at level 0.01, but as one of three it takes 300 (1 + 1/2 + 1/3) = 550.
  endpoints[0].decision.log10_largest_e_value = std::log10(276.0);
  EXPECT_TRUE(CombineMonitors(endpoints, 0.01)->differs.empty());
  // With a second one each needs 275 only, and what they are worth now does not matter.
  endpoints[2].decision.log10_largest_e_value = 400;
  endpoints[0].decision.log10_e_value = -1;
  const auto combined = CombineMonitors(endpoints, 0.01);
  EXPECT_THAT(combined->differs, ::testing::ElementsAre(0, 2));
  EXPECT_DOUBLE_EQ(*combined->log10_threshold, std::log10(276.0));
  endpoints[0].decision.log10_largest_e_value = std::log10(274.0);
  EXPECT_THAT(CombineMonitors(endpoints, 0.01)->differs, ::testing::ElementsAre(2));
  EXPECT_EQ(CombineMonitors({}, 0.01).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CombineMonitors(endpoints, 0).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck
