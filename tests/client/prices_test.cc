#include "pinchbeck/client/prices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;

std::string File(const std::string& models, const std::string& date = "2026-11-20") {
  return R"({"schema":"pinchbeck.prices/1","date":")" + date +
         R"(","source":"the vendor's page","models":[)" + models + "]}";
}

TEST(Prices, AreFoundByTheWholeNameAndTheEndpointFirst) {
  const auto list = ParsePrices(File(R"({"model":"m","usd_per_mtok_in":1.25,"usd_per_mtok_out":10},
      {"model":"m","endpoint":"https://relay.example/v1","usd_per_mtok_in":0.5,"usd_per_mtok_out":2})"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->date, absl::CivilDay(2026, 11, 20));
  EXPECT_EQ(list->source, "the vendor's page");
  ASSERT_NE(list->Find("m", "https://vendor.example/v1"), nullptr);
  EXPECT_EQ(list->Find("m", "https://vendor.example/v1")->usd_per_mtok_in, 1.25);
  EXPECT_EQ(list->Find("m", "https://relay.example/v1")->usd_per_mtok_out, 2.0);
  EXPECT_EQ(list->Find("m-mini", "https://vendor.example/v1"), nullptr);
  EXPECT_EQ(list->Find("", ""), nullptr);
}

TEST(Prices, ErrorsNameTheField) {
  const std::string good = R"({"model":"m","usd_per_mtok_in":1,"usd_per_mtok_out":1})";
  const struct {
    std::string text;
    const char* words;
  } cases[] = {{"[]", "object"},
               {R"({"schema":"pinchbeck.prices/2"})", "pinchbeck.prices/1"},
               {File(good, "2026-13-01"), "date"},
               {File(good, "2026-1-1"), "date"},
               {File(good, "last week"), "date"},
               {R"({"schema":"pinchbeck.prices/1","date":"2026-01-01","models":[]})", "source"},
               {File(R"({"usd_per_mtok_in":1,"usd_per_mtok_out":1})"), "model"},
               {File(R"({"model":"m","usd_per_mtok_in":-1,"usd_per_mtok_out":1})"), "usd_per_mtok_in"},
               {File(R"({"model":"m","usd_per_mtok_in":1,"usd_per_mtok_out":"1"})"), "usd_per_mtok_out"},
               {File(R"({"model":"m","usd_per_mtok_in":1})"), "usd_per_mtok_out"},
               {File(good + "," + good), "models[1]"}};
  for (const auto& test : cases) {
    const absl::Status status = ParsePrices(test.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << test.text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(test.words));
  }
}

TEST(Prices, AMissingFileIsNamed) {
  const absl::Status status = LoadPrices("/nonexistent/prices.json").status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/prices.json"));
}

}  // namespace
}  // namespace pinchbeck
