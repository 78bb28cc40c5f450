#include "src/report/svg.h"

#include <gmock/gmock.h>

#include <limits>

#include "src/report/plots.h"

namespace pinchbeck::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(TicksTest, AreRoundNumbers) {
  EXPECT_THAT(Ticks(0, 1, 5), ElementsAre(0, 0.2, 0.4, ::testing::DoubleEq(3 * 0.2), 0.8, 1));
  EXPECT_THAT(Ticks(-3, 7, 2), ElementsAre(0, 5));
  EXPECT_THAT(Ticks(0.01, 1, 3, true), ElementsAre(::testing::DoubleEq(0.01), ::testing::DoubleEq(0.1), 1));
  EXPECT_LE(Ticks(1e-9, 1e9, 5, true).size(), 7u);
}

TEST(TicksTest, NothingForWhatIsNoRange) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(Ticks(1, 1, 5), IsEmpty());
  EXPECT_THAT(Ticks(0, inf, 5), IsEmpty());
  EXPECT_THAT(Ticks(nan, 1, 5), IsEmpty());
  EXPECT_THAT(Ticks(0, 1, 5, true), IsEmpty());
}

TEST(ScaleTest, MapsAndClamps) {
  const Scale linear{0, 10, 100, 200};
  EXPECT_DOUBLE_EQ(linear(5), 150);
  EXPECT_DOUBLE_EQ(linear(-5), 100);
  EXPECT_DOUBLE_EQ(linear(50), 200);
  const Scale logarithmic{0.01, 100, 0, 100, true};
  EXPECT_DOUBLE_EQ(logarithmic(1), 50);
  // A range without width has a middle.
  EXPECT_DOUBLE_EQ((Scale{3, 3, 0, 10})(3), 5);
}

TEST(SvgTest, TextAndTipsAreEscaped) {
  Svg svg(10, 10);
  svg.Text(1, 2, Anchor::kStart, "label", "<b>");
  svg.Circle(1, 2, 3, "dot", "\"&");
  const std::string image = svg.Image("id", "<t>", "</desc>");
  EXPECT_THAT(image, HasSubstr(">&lt;b&gt;</text>"));
  EXPECT_THAT(image, HasSubstr("<title>&quot;&amp;</title></circle>"));
  EXPECT_THAT(image, HasSubstr("<title id=\"id-t\">&lt;t&gt;</title><desc id=\"id-d\">&lt;/desc&gt;</desc>"));
}

// Values that no sample should have must not end up in the drawing.
TEST(PlotsTest, NumbersThatAreNotFiniteDrawNothing) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  QuantityCurves curves;
  curves.reference = {0, 1};
  curves.observed = {0, inf};
  EXPECT_EQ(CurvesPlot("c", {"t", "q"}, curves), "");
  EXPECT_EQ(PointsPlot("p", {"t", "u", "c"}, {{"a", "b", nan, 1}}), "");
  const std::string some = PointsPlot("p", {"t", "u", "c"}, {{"a", "b", nan, 1}, {"a", "b", 1, 2}});
  EXPECT_THAT(some, Not(HasSubstr("nan")));
  EXPECT_THAT(some, HasSubstr("<circle"));
}

TEST(PlotsTest, OneValueIsDrawnToo) {
  QuantityCurves curves;
  curves.reference = curves.observed = {7, 7, 7};
  curves.n_reference = curves.n_observed = curves.probes = 1;
  EXPECT_THAT(CurvesPlot("c", {"t", "q"}, curves), HasSubstr("1 answer<"));
  EXPECT_THAT(PointsPlot("p", {"t", "u", "c"}, {{"a", "b", -1, -1}}), HasSubstr("<circle"));
}

TEST(PlotsTest, SharesSayTheirNumbersToThoseWhoDoNotSee) {
  const ChoiceCounts counts{"p<1>", {{"47", 3, 1}, {"", 1, 0}}, {"", 6, 0}, 4, 10, 1};
  const std::string plot = SharesPlot("s", counts);
  EXPECT_THAT(plot, HasSubstr("47: reference 30 %, observed 100 %; (empty): reference 10 %, observed 0 %; "
                              "4 others: reference 60 %, observed 0 %."));
  EXPECT_THAT(plot, HasSubstr("Probe p&lt;1&gt;"));
  EXPECT_EQ(SharesPlot("s", ChoiceCounts{}), "");
}

}  // namespace
}  // namespace pinchbeck::internal
