// Endpoints that refuse parameters, or take them and do not give what was asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/client/client.h"
#include "pinchbeck/core/recording.h"
#include "src/client/collector.h"
#include "tests/client/collect_bench.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Always;
using pinchbeck::testing::Bad;
using pinchbeck::testing::Bench;
using pinchbeck::testing::FakeAnswer;
using pinchbeck::testing::Good;
using ::testing::HasSubstr;

json Body(const TransferRequest& request) { return json::parse(request.http.body); }

FakeAnswer Refuse(const std::string& message, const std::string& param = "",
                  const std::string& code = "unsupported_parameter") {
  FakeAnswer answer;
  answer.status = 400;
  answer.body = json{{"error", {{"message", message}, {"param", param}, {"code", code}}}}.dump();
  return answer;
}

const CollectFinding* Find(const CollectSummary& summary, const std::string& name) {
  for (const CollectFinding& finding : summary.findings) {
    if (finding.name == name) return &finding;
  }
  return nullptr;
}

TEST(Adapting, TheOutputLimitTakesItsOtherNameOnTheDocumentedError) {
  Bench bench([](const TransferRequest& request, int) {
    if (Body(request).contains("max_tokens")) {
      return Refuse(
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
          "'max_completion_tokens' instead.",
          "max_tokens");
    }
    return Good();
  });
  bench.options.concurrency = 2;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  EXPECT_EQ(summary->failed, 0);
  EXPECT_EQ(summary->requests, 8) << "the two that were in flight went out again";
  const CollectFinding* finding = Find(*summary, "token_limit_refused");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->detail, HasSubstr("max_completion_tokens"));
  EXPECT_EQ(Body(bench.transport.sent.back().request)["max_completion_tokens"], 16);
  // The limit itself is the same, and so is what is recorded.
  EXPECT_EQ(bench.sink.observations[0].request.max_tokens, 16);
}

TEST(Adapting, ALimitThatIsTooLargeIsNotRenamed) {
  Bench bench(Always(Refuse("max_tokens is too large: 16", "max_tokens", "invalid_value")));
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 0);
  EXPECT_EQ(Find(*summary, "token_limit_refused"), nullptr);
}

TEST(Adapting, LogprobsAreDroppedAndRecordedAsAbsent) {
  Bench bench([](const TransferRequest& request, int) {
    return Body(request).contains("logprobs") ? Refuse("logprobs is not supported by this model", "logprobs")
                                              : Good();
  });
  for (Probe& probe : bench.battery.probes) probe.sampling.top_logprobs = 20;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  for (const Observation& o : bench.sink.observations) EXPECT_FALSE(o.request.top_logprobs.has_value());
  const CollectFinding* finding = Find(*summary, "logprobs_refused");
  ASSERT_NE(finding, nullptr);
  EXPECT_THAT(finding->detail, HasSubstr("server says: \"logprobs is not supported"));
}

TEST(Adapting, FewerAlternativesAreAskedForBeforeTheyAreGivenUp) {
  Bench bench([](const TransferRequest& request, int) {
    const int asked = Body(request).value("top_logprobs", 0);
    return asked > 8 ? Refuse("top_logprobs must be less than or equal to 8", "top_logprobs", "invalid_value")
                     : Good();
  });
  for (Probe& probe : bench.battery.probes) probe.sampling.top_logprobs = 20;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  EXPECT_EQ(bench.sink.observations[0].request.top_logprobs, 8);
}

TEST(Adapting, ATemperatureIsDroppedOnlyWhereItWasRefused) {
  Bench bench([](const TransferRequest& request, int) {
    const json body = Body(request);
    return body.contains("temperature") && body["temperature"] == 0.0
               ? Refuse(
                     "Unsupported value: 'temperature' does not support 0 with this model. Only the default "
                     "(1) value is supported.",
                     "temperature", "unsupported_value")
               : Good();
  });
  bench.battery.probes[0].sampling.temperature = 0.0;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  for (const Observation& o : bench.sink.observations) {
    if (o.probe == "p0") {
      EXPECT_FALSE(o.request.temperature.has_value());
    }
    if (o.probe == "p1") {
      EXPECT_EQ(o.request.temperature, 1.0);
    }
  }
}

TEST(Adapting, AStreamThatIsRefusedBecomesADocument) {
  Bench bench([](const TransferRequest& request, int) {
    return Body(request).value("stream", false) ? Refuse("Streaming is not supported", "stream") : Good();
  });
  for (Probe& probe : bench.battery.probes) probe.sampling.stream = true;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  EXPECT_EQ(bench.sink.observations[0].request.stream, false);
}

// A relay that takes log-probabilities at first and refuses them later must not get rid of them.
TEST(Adapting, AParameterThatWasTakenIsNotGivenUpLater) {
  Bench bench([](const TransferRequest&, int number) {
    return number < 3 ? Good() : Refuse("logprobs is not supported", "logprobs");
  });
  bench.options.concurrency = 1;
  for (Probe& probe : bench.battery.probes) probe.sampling.top_logprobs = 5;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 3);
  EXPECT_EQ(summary->failed, 3);
  for (const auto& sent : bench.transport.sent) EXPECT_TRUE(Body(sent.request).contains("logprobs"));
  ASSERT_NE(Find(*summary, "logprobs_refused_at_times"), nullptr);
  EXPECT_EQ(Find(*summary, "logprobs_refused_at_times")->count, 3);
  EXPECT_EQ(Find(*summary, "logprobs_refused"), nullptr);
}

// Answers with 5 alternatives were good: a refusal of 20 "at all" is no reason to do without any.
TEST(Adapting, AlternativesNeverFallBelowThoseThatWereTaken) {
  Bench bench([](const TransferRequest& request, int) {
    return Body(request).value("top_logprobs", 0) > 5 ? Refuse("logprobs is not supported", "logprobs")
                                                      : Good();
  });
  bench.options.concurrency = 1;
  bench.battery.probes[0].sampling.top_logprobs = 5;
  bench.battery.probes[1].sampling.top_logprobs = 20;
  while (internal::MakeSchedule(bench.battery, bench.options).front().probe != 0) ++bench.options.seed;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  for (const Observation& o : bench.sink.observations) EXPECT_EQ(o.request.top_logprobs, 5);
  ASSERT_NE(Find(*summary, "logprobs_refused"), nullptr);
  EXPECT_THAT(Find(*summary, "logprobs_refused")->detail, HasSubstr("at most 5 alternatives"));
}

TEST(Adapting, FewerAlternativesThanWereTakenAreNoReasonToAskForLess) {
  Bench bench([](const TransferRequest& request, int number) {
    return number > 0 && Body(request).value("top_logprobs", 0) == 3
               ? Refuse("logprobs is not supported", "logprobs")
               : Good();
  });
  bench.options.concurrency = 1;
  bench.battery.probes[0].sampling.top_logprobs = 5;
  bench.battery.probes[1].sampling.top_logprobs = 3;
  while (internal::MakeSchedule(bench.battery, bench.options).front().probe != 0) ++bench.options.seed;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 3);
  EXPECT_EQ(summary->failed, 3);
  ASSERT_NE(Find(*summary, "logprobs_refused_at_times"), nullptr);
}

TEST(Adapting, AResendIsNotAnotherRetry) {
  Bench bench([](const TransferRequest& request, int number) {
    if (number == 0) return Bad(500);
    return Body(request).contains("logprobs") ? Refuse("logprobs is not supported", "logprobs") : Good();
  });
  bench.battery = pinchbeck::testing::MakeBattery(1);
  bench.battery.probes[0].sampling.top_logprobs = 5;
  bench.options.samples_per_probe = 1;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 1);
  EXPECT_EQ(summary->requests, 3);
  EXPECT_EQ(summary->retried, 1);
}

TEST(Adapting, AnEndpointThatRefusesEverythingComesToAnEnd) {
  Bench bench([](const TransferRequest&, int number) {
    const char* names[] = {"max_tokens", "logprobs", "temperature", "stream", "stream_options"};
    return Refuse(std::string(names[number % 5]) + " is not supported");
  });
  for (Probe& probe : bench.battery.probes) {
    probe.sampling.top_logprobs = 20;
    probe.sampling.stream = true;
  }
  bench.options.samples_per_probe = 50;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kGaveUp);
  EXPECT_LT(summary->requests, 60);
}

TEST(Adapting, OrdinaryErrorsChangeNothing) {
  for (const FakeAnswer& answer : {Refuse("The model does not exist", "model", "model_not_found"), Bad(500),
                                   Refuse("Invalid prompt: temperature of the oven", "messages")}) {
    Bench bench(Always(answer));
    bench.options.retry.max_retries = 0;
    const auto summary = bench.Run();
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->ok, 0);
    EXPECT_TRUE(summary->findings.empty()) << answer.body;
  }
}

// --- Asked for and not given ---

TEST(Findings, WhatIsMissingIsCounted) {
  FakeAnswer silent;
  silent.body = R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"1"}}]})";
  Bench bench(Always(silent));
  bench.battery.probes[0].sampling.top_logprobs = 5;
  bench.battery.probes[1].sampling.stream = true;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  for (const char* name : {"logprobs_absent", "stream_absent"}) {
    ASSERT_NE(Find(*summary, name), nullptr) << name;
    EXPECT_EQ(Find(*summary, name)->count, 3) << name;
    EXPECT_EQ(Find(*summary, name)->of, 3) << name;
  }
  ASSERT_NE(Find(*summary, "usage_absent"), nullptr);
  EXPECT_EQ(Find(*summary, "usage_absent")->of, 6);
}

TEST(Findings, FewerAlternativesAndLongerAnswersThanAskedFor) {
  FakeAnswer answer;
  answer.body =
      R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"1"},"logprobs":{"content":[
      {"token":"1","logprob":-0.1,"top_logprobs":[{"token":"1","logprob":-0.1}]}]}}],
      "usage":{"prompt_tokens":3,"completion_tokens":400}})";
  Bench bench(Always(answer));
  for (Probe& probe : bench.battery.probes) probe.sampling.top_logprobs = 5;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  ASSERT_NE(Find(*summary, "logprobs_fewer"), nullptr);
  EXPECT_THAT(Find(*summary, "logprobs_fewer")->detail, HasSubstr("at most 1 alternatives"));
  ASSERT_NE(Find(*summary, "token_limit_passed"), nullptr);
}

TEST(Findings, NoneWhereEverythingIsThere) {
  Bench bench(Always(Good()));
  EXPECT_TRUE(bench.Run()->findings.empty());
}

// --- Going on later ---

TEST(Adapting, AResumedRunKeepsWhatWasRecordedWithoutARefusedParameter) {
  const auto script = [](const TransferRequest& request, int) {
    return Body(request).contains("logprobs") ? Refuse("logprobs is not supported", "logprobs") : Good();
  };
  const std::string path =
      (std::filesystem::temp_directory_path() /
       ("pinchbeck_adapt_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
        std::to_string(::getpid()) + ".jsonl"))
          .string();
  Bench first(script);
  for (Probe& probe : first.battery.probes) probe.sampling.top_logprobs = 5;
  ASSERT_TRUE(first.Run().ok());
  {
    auto writer = RecordingWriter::Open(path);
    ASSERT_TRUE(writer.ok());
    for (std::size_t i = 0; i < 4; ++i) ASSERT_TRUE(writer->Append(first.sink.observations[i]).ok());
    ASSERT_TRUE(writer->Close().ok());
  }
  auto reader = RecordingReader::Open(path);
  ASSERT_TRUE(reader.ok());
  Bench second(script);
  second.battery = first.battery;
  second.options.concurrency = 1;
  auto completed = LoadCompletedSamples(*reader, second.endpoint, second.battery, second.dialect);
  std::filesystem::remove(path);
  ASSERT_TRUE(completed.ok());
  EXPECT_EQ(completed->size(), 0U) << "not before the parameter is refused again";
  EXPECT_EQ(completed->not_matching, 0);
  second.options.completed = *completed;
  const auto summary = second.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->skipped_by_resume, 4);
  EXPECT_EQ(summary->ok, 2);
  EXPECT_EQ(summary->done + summary->skipped_by_resume, summary->planned);

  // An endpoint that takes the parameter now is asked for everything.
  Bench third(Always(Good()));
  third.battery = first.battery;
  third.options.completed = *completed;
  EXPECT_EQ(third.Run()->ok, 6);
}

// A request that waits for its retry is no longer needed when another shows that its answer is there already.
TEST(Adapting, ARetryWhoseAnswerIsRecordedIsDropped) {
  Bench bench([](const TransferRequest& request, int number) {
    if (number == 0) {
      FakeAnswer busy = Bad(429);
      busy.duration = absl::Milliseconds(500);
      busy.headers = {{"retry-after", "30"}};
      return busy;
    }
    return Body(request).contains("logprobs") ? Refuse("logprobs is not supported", "logprobs") : Good();
  });
  bench.options.concurrency = 2;
  for (Probe& probe : bench.battery.probes) {
    RequestRecord recorded = internal::MakeRequestRecord(bench.endpoint, probe, bench.dialect);
    probe.sampling.top_logprobs = 5;
    for (std::int64_t sample = 0; sample < 3; ++sample) {
      bench.options.completed.AddReduced(probe.id, sample, recorded);
    }
  }
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(bench.transport.sent.size(), 2U);
  EXPECT_TRUE(bench.sink.observations.empty());
  EXPECT_EQ(summary->skipped_by_resume, 6);
}

// --- The key stays with its origin ---

class StrayDialect final : public Dialect {
 public:
  std::string_view name() const override { return "stray"; }
  absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                           std::optional<std::int64_t> seed) const override {
    auto request = OpenAiChatDialect().BuildRequest(endpoint, probe, seed);
    if (request.ok()) request->url = "https://elsewhere.example/v1/chat/completions";
    return request;
  }
  std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override {
    return OpenAiChatDialect().MakeDecoder(streaming);
  }
};

TEST(Collect, SendsNothingToAnotherOriginThanTheBaseUrls) {
  Bench bench(Always(Good()));
  const StrayDialect stray;
  const absl::Status status =
      Collect(bench.endpoint, bench.battery, bench.options, {stray, bench.transport, bench.clock, bench.sink})
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another host"));
  EXPECT_TRUE(bench.transport.sent.empty());
}

}  // namespace
}  // namespace pinchbeck
