// Plots of numbers that no measurement gives, but a report may hold.
#include "src/report/plots.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/report/report_samples.h"

namespace pinchbeck::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kMost = std::numeric_limits<double>::max();
constexpr double kLeast = std::numeric_limits<double>::denorm_min();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::vector<double> kExtremes = {
    -kInfinity, -kMost, -1,    -kLeast,   0,
    kLeast,     1,      kMost, kInfinity, std::numeric_limits<double>::quiet_NaN()};

void ExpectPlainNumbers(const std::string& plot) {
  // In coordinates; a caption may say "infinite".
  for (const char* word : {"=\"nan", "=\"-nan", "=\"inf", "=\"-inf", ",nan", ",-nan", ",inf", "nan,", "inf,"})
    EXPECT_THAT(plot, Not(HasSubstr(word)));
}

TEST(EffectPlotTest, ExtremesNeverBecomeCoordinates) {
  for (const double a : kExtremes) {
    for (const double b : kExtremes) {
      SignalEvidence evidence = SampleSignal("choice", SignalStatus::kDiffers).evidence;
      evidence.effect = a;
      evidence.effect_high = b;
      ExpectPlainNumbers(EffectPlot("e", evidence, Claim::kWeights));
      evidence.effect_gate = b;
      evidence.detectable_effect = a;
      ExpectPlainNumbers(EffectPlot("e", evidence, Claim::kWeights));
    }
  }
  // What can be drawn is.
  EXPECT_NE(EffectPlot("e", SampleSignal("choice", SignalStatus::kDiffers).evidence, Claim::kWeights), "");
}

TEST(CurvesAndPointsTest, ExtremesNeverBecomeCoordinates) {
  for (const double a : kExtremes) {
    for (const double b : kExtremes) {
      QuantityCurves curves = SampleCurves(1);
      curves.reference.front() = a;
      curves.observed.back() = b;
      ExpectPlainNumbers(CurvesPlot("c", {"Times", "seconds"}, curves));
      ExpectPlainNumbers(PointsPlot("p", {"Tokens", "tokens", ""}, {{"x", "", a, b}, {"y", "", 1, 2}}));
    }
  }
  EXPECT_NE(CurvesPlot("c", {"Times", "seconds"}, SampleCurves(1)), "");
}

TEST(SharesPlotTest, NothingCountedIsNotDrawn) {
  EXPECT_EQ(SharesPlot("s", {"probe", {{"a", 0, 0}}, {"", 0, 0}, 0, 10, 10}), "");
}

}  // namespace
}  // namespace pinchbeck::internal
