// Prices, the estimate and the question before a large collection.
#include "src/cli/collect_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/cli/collect_fixture.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck::cli {
namespace {

using nlohmann::json;
using pinchbeck::testing::CollectCommandTest;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::kKeyVariable;
using pinchbeck::testing::Outcome;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::Serve;
using pinchbeck::testing::ServedRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 11, 23, 8, 0, 0), absl::UTCTimeZone());

class Prices : public CollectCommandTest {
 protected:
  std::string File(const std::string& date = "2026-11-20") {
    const std::string path = (folder_ / "prices.json").string();
    std::ofstream(path) << R"({"schema":"pinchbeck.prices/1","date":")" << date
                        << R"(","source":"the vendor's page","models":[
                           {"model":"gpt-x","usd_per_mtok_in":1000,"usd_per_mtok_out":2000}]})";
    return path;
  }
  absl::StatusOr<SelectedPrices> Select(const CollectFlags& flags) {
    CommandContext context{out_, err_};
    return SelectPrices(flags, "https://relay.example/v1", kNow, context);
  }
  std::ostringstream out_, err_;
};

TEST_F(Prices, AreTakenFromTheFileAndNamedWithTheirDate) {
  CollectFlags flags;
  flags.model = "gpt-x";
  flags.prices_path = File();
  const auto prices = Select(flags);
  ASSERT_TRUE(prices.ok()) << prices.status();
  EXPECT_EQ(prices->budget.usd_per_mtok_in, 1000.0);
  EXPECT_EQ(prices->budget.usd_per_mtok_out, 2000.0);
  EXPECT_THAT(prices->source, AllOf(HasSubstr("2026-11-20"), HasSubstr("the vendor's page")));
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(Prices, FlagsCountMoreThanTheFile) {
  CollectFlags flags;
  flags.model = "gpt-x";
  flags.prices_path = File();
  flags.budget.usd_per_mtok_out = 3.0;
  const auto prices = Select(flags);
  ASSERT_TRUE(prices.ok());
  EXPECT_EQ(prices->budget.usd_per_mtok_in, 1000.0);
  EXPECT_EQ(prices->budget.usd_per_mtok_out, 3.0);
}

TEST_F(Prices, OldOnesAndThoseOfTheFutureAreWarnedOf) {
  CollectFlags flags;
  flags.model = "gpt-x";
  flags.prices_path = File("2026-01-01");
  ASSERT_TRUE(Select(flags).ok());
  EXPECT_THAT(err_.str(), HasSubstr("may have changed"));
  err_.str("");
  flags.prices_path = File("2027-01-01");
  ASSERT_TRUE(Select(flags).ok());
  EXPECT_THAT(err_.str(), HasSubstr("future"));
}

TEST_F(Prices, AModelWithoutAPriceLeavesTheEstimateInTokens) {
  CollectFlags flags;
  flags.model = "gpt-x-mini";
  flags.prices_path = File();
  const auto prices = Select(flags);
  ASSERT_TRUE(prices.ok());
  EXPECT_FALSE(prices->budget.usd_per_mtok_in.has_value());
  EXPECT_THAT(err_.str(), HasSubstr("no price for the model gpt-x-mini"));
  flags.budget.max_cost_usd = 1.0;
  EXPECT_EQ(Select(flags).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Prices, OnePriceAloneIsAnError) {
  CollectFlags flags;
  flags.budget.usd_per_mtok_in = 1.0;
  EXPECT_EQ(Select(flags).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Prices, TheCollectionIsCountedInMoney) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  const Outcome outcome = Collect(server.url(), {"--prices", File(), "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("USD by "));
  const json summary = json::parse(outcome.out);
  // Four answers of 12 and 3 tokens.
  EXPECT_NEAR(summary["cost_usd"].get<double>(), 4 * (12 * 1000 + 3 * 2000) * 1e-6, 1e-9);
  EXPECT_THAT(summary["prices"].get<std::string>(), HasSubstr("2026-11-20"));
}

// --- The question ---

CollectPlan PlanOf(std::int64_t requests, std::int64_t tokens, std::optional<double> usd = std::nullopt) {
  CollectPlan plan;
  plan.requests = requests;
  plan.input_tokens = tokens;
  plan.max_cost_usd = usd;
  return plan;
}

TEST(ConfirmPlan, LargePlansNeedConsent) {
  const struct {
    CollectPlan plan;
    const char* url;
    const char* reason;  // null: may be sent
  } cases[] = {{PlanOf(100, 1000), "https://relay.example/v1", nullptr},
               {PlanOf(2001, 1000), "https://relay.example/v1", "2001 requests"},
               {PlanOf(100, 1'000'001), "https://relay.example/v1", "1000001 tokens"},
               {PlanOf(100, 1000, 5.01), "https://relay.example/v1", "5.01 US dollars"},
               {PlanOf(9000, 9'000'000, 4.9), "https://relay.example/v1", nullptr},
               // A server on this machine costs nothing unless a price says so.
               {PlanOf(9000, 9'000'000), "http://127.0.0.1:8080/v1", nullptr},
               {PlanOf(10, 10, 50.0), "http://127.0.0.1:8080/v1", "50.00 US dollars"}};
  for (const auto& test : cases) {
    CollectFlags flags;
    flags.base_url = test.url;
    std::ostringstream out, err;
    CommandContext context{out, err};  // no terminal
    const absl::Status status = ConfirmPlan(test.plan, flags, {}, context);
    if (test.reason == nullptr) {
      EXPECT_TRUE(status.ok()) << status;
      continue;
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(test.reason), HasSubstr("--yes"), HasSubstr("nothing was sent")));
    flags.yes = true;
    EXPECT_TRUE(ConfirmPlan(test.plan, flags, {}, context).ok());
  }
}

TEST(ConfirmPlan, LimitsThatAreSetCountAsConsentUpToThem) {
  CollectFlags flags;
  flags.base_url = "https://relay.example/v1";
  std::ostringstream out, err;
  CommandContext context{out, err};
  SelectedPrices prices;
  prices.budget.max_requests = 100;
  EXPECT_TRUE(ConfirmPlan(PlanOf(9000, 900'000), flags, prices, context).ok());
  prices.budget = {};
  prices.budget.max_cost_usd = 2.0;
  EXPECT_TRUE(ConfirmPlan(PlanOf(9000, 9'000'000, 80.0), flags, prices, context).ok());
  prices.budget.max_cost_usd = 20.0;
  EXPECT_FALSE(ConfirmPlan(PlanOf(9000, 9'000'000, 80.0), flags, prices, context).ok());
}

TEST_F(CollectCommandTest, ALargeCollectionWithoutATerminalIsStatusTwoAndSendsNothing) {
  const Outcome outcome = Collect("https://host.invalid/v1", {"--api-key-env", ""}, "2000");  // 4000 requests
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("4000 requests"), HasSubstr("--yes")));
  EXPECT_FALSE(std::filesystem::exists(out()));
}

// --- Flags of pace and time ---

TEST_F(CollectCommandTest, TimesAreReadInSecondsOrWithUnits) {
  ScriptedServer server([](const ServedRequest& request, int) { return Serve(request); });
  const Outcome none = Collect(server.url(), {"--max-time", "0s"});
  EXPECT_EQ(none.exit_code, 0) << none.err;
  EXPECT_THAT(none.err, HasSubstr("the limit of 0 has passed"));
  EXPECT_EQ(server.requests().size(), 0U);
  const Outcome paced = Collect(
      server.url(), {"--resume", "--spread", "0.2", "--max-time", "1h", "--rpm", "60000", "--tpm", "1e7"});
  EXPECT_EQ(paced.exit_code, 0) << paced.err;
  EXPECT_THAT(paced.err, HasSubstr("spread over 200ms"));
  EXPECT_EQ(server.requests().size(), 4U);
  for (const char* bad : {"soon", "-3", "5x", "1e30", "nan"}) {
    EXPECT_THROW(Collect(server.url(), {"--max-time", bad}), CLI::ParseError) << bad;
  }
}

TEST_F(CollectCommandTest, FindingsAreShownAndInTheJson) {
  ScriptedServer server(
      [](const ServedRequest&, int) { return Reply{HttpBytes(200, pinchbeck::testing::ChatBody("7"))}; });
  const Outcome outcome = Collect(server.url(), {"--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("finding: stream_absent, 2 of 2 answers"));
  const json findings = json::parse(outcome.out)["findings"];
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0]["finding"], "stream_absent");
  EXPECT_EQ(findings[0]["count"], 2);
}

}  // namespace
}  // namespace pinchbeck::cli
