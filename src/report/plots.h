// The plots of HTML reports. Each returns a <figure> with its heading and caption, or nothing to show.
//
// All are drawn 340 units wide, about the width of a telephone, so that their letters stay readable there.
// Reference and observed differ in colour and in form: upper and lower bar, full and dashed line.
#ifndef PINCHBECK_SRC_REPORT_PLOTS_H_
#define PINCHBECK_SRC_REPORT_PLOTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/audit/report.h"

namespace pinchbeck::internal {

// The effect with its interval, zero, and the band of effects that the gate grants.
[[nodiscard]] std::string EffectPlot(std::string_view id, const SignalEvidence& evidence, Claim claim);

// Shares of answers to one probe.
[[nodiscard]] std::string SharesPlot(std::string_view id, const ChoiceCounts& counts);

struct CurvesText {
  std::string title;
  // With its unit: "output tokens", "seconds".
  std::string quantity;
};
// Empirical distribution functions of both sides over each other; on a logarithmic axis where values spread
// over more than a factor of 30.
[[nodiscard]] std::string CurvesPlot(std::string_view id, const CurvesText& text,
                                     const QuantityCurves& curves);

struct PointsText {
  std::string title, unit, caption;
};
// Observed against reference values, with the line on which both are equal.
[[nodiscard]] std::string PointsPlot(std::string_view id, const PointsText& text,
                                     const std::vector<PairedPoint>& points);

// A bar of the share that is filled, as decoration of a number in a table.
[[nodiscard]] std::string ShareBar(double share, std::string_view css = "obs-fill");

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_PLOTS_H_
