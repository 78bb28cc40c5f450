#include "src/report/plots.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "src/report/safe_text.h"
#include "src/report/svg.h"
#include "src/report/words.h"

namespace pinchbeck::internal {
namespace {

constexpr double kWidth = 340;

std::string Figure(const std::string& title, const std::string& image, const std::string& caption) {
  return "<figure><h4>" + Escape(title) + "</h4>" + image +
         (caption.empty() ? "" : "<figcaption>" + Escape(caption) + "</figcaption>") + "</figure>\n";
}

// Ticks with their numbers under an axis at height y.
void BottomAxis(Svg& svg, const Scale& scale, double y, int wanted) {
  svg.Line(scale.from, y, scale.to, y, "axis");
  for (const double tick : Ticks(scale.low, scale.high, wanted, scale.logarithmic)) {
    svg.Line(scale(tick), y, scale(tick), y + 4, "axis");
    svg.Text(scale(tick), y + 16, Anchor::kMiddle, "", NumberText(tick));
  }
}

std::string Answers(const char* side, std::int64_t n) {
  return absl::StrFormat("%s, %s answer%s", side, CountText(n), n == 1 ? "" : "s");
}

std::string ShortPercent(double share) {
  return share > 0 && share < 0.01 ? "<1 %" : absl::StrFormat("%.0f %%", 100 * share);
}

bool IsLine(const char* css) { return std::string_view(css).ends_with("line"); }

// Reference and observed with a sample of their look, one under the other.
void Legend(Svg& svg, double x, double y, const char* reference_css, const std::string& reference,
            const char* observed_css, const std::string& observed) {
  const auto entry = [&](double top, const char* css, const std::string& text) {
    if (IsLine(css)) {
      svg.Line(x, top, x + 22, top, css);
    } else {
      svg.Rect(x, top - 5, 22, 9, css);
    }
    svg.Text(x + 28, top + 4, Anchor::kStart, "", text);
  };
  entry(y, reference_css, reference);
  entry(y + 16, observed_css, observed);
}

// Extreme finite numbers overflow when they are subtracted; such an axis cannot be drawn.
bool CanBeDrawn(const Scale& scale) { return std::isfinite(scale.high - scale.low); }

bool AllFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

// Every number that the plot of an effect shows.
bool IsFinite(const SignalEvidence& evidence) {
  return AllFinite({*evidence.effect, evidence.effect_gate, evidence.effect_low.value_or(0),
                    evidence.effect_high.value_or(0), evidence.detectable_effect.value_or(0)});
}

// Limits of the axis of an effect: zero, the gate on the effect's side, and the interval.
Scale EffectScale(const SignalEvidence& evidence) {
  const double effect = *evidence.effect;
  const double gate = effect < 0 ? -evidence.effect_gate : evidence.effect_gate;
  double low = std::min({0.0, effect, gate, evidence.effect_low.value_or(0)});
  double high = std::max({0.0, effect, gate, evidence.effect_high.value_or(0)});
  if (evidence.detectable_effect) {
    (effect < 0 ? low : high) = effect < 0 ? std::min(low, -*evidence.detectable_effect)
                                           : std::max(high, *evidence.detectable_effect);
  }
  const double room = std::max(high - low, 1e-9);
  return {low - 0.08 * room, high + 0.12 * room, 10, kWidth - 10};
}

void DrawGate(Svg& svg, const Scale& x, double gate, double top, double bottom) {
  const double left = x(std::max(-gate, x.low)), right = x(std::min(gate, x.high));
  svg.Rect(left, top, right - left, bottom - top, "band");
  for (const double edge : {-gate, gate}) {
    if (edge > x.low && edge < x.high) svg.Line(x(edge), top, x(edge), bottom, "gate");
  }
}

std::string EffectDescription(const SignalEvidence& evidence) {
  std::string text =
      "Effect " + EffectText(evidence) + ". Granted: up to " + NumberText(evidence.effect_gate) + ".";
  if (evidence.detectable_effect)
    text += " Smallest effect found with power 0.9: " + NumberText(*evidence.detectable_effect) + ".";
  return text;
}

}  // namespace

std::string EffectPlot(std::string_view id, const SignalEvidence& evidence, Claim claim) {
  if (!evidence.measurable || !evidence.counted || !evidence.effect || !IsFinite(evidence)) return "";
  constexpr double kTop = 20, kBottom = 66, kMiddle = 44;
  const Scale x = EffectScale(evidence);
  if (!CanBeDrawn(x)) return "";
  Svg svg(kWidth, 90);
  DrawGate(svg, x, evidence.effect_gate, kTop, kBottom);
  const double gate = *evidence.effect < 0 ? -evidence.effect_gate : evidence.effect_gate;
  const double at = x(gate);
  svg.Text(std::clamp(at, 60.0, kWidth - 60), 13, Anchor::kMiddle, "",
           "granted up to " + NumberText(evidence.effect_gate));
  BottomAxis(svg, x, kBottom, 5);
  svg.Line(x(0), kTop, x(0), kBottom, "axis");
  if (evidence.detectable_effect) {
    const double found = x(gate < 0 ? -*evidence.detectable_effect : *evidence.detectable_effect);
    svg.Line(found, kBottom - 9, found, kBottom, "tick");
    svg.Diamond(found, kBottom - 11, 4, "tick");
  }
  if (evidence.effect_low && evidence.effect_high) {
    const double low = x(*evidence.effect_low), high = x(*evidence.effect_high);
    svg.Line(low, kMiddle, high, kMiddle, "whisker");
    for (const double end : {low, high}) svg.Line(end, kMiddle - 5, end, kMiddle + 5, "whisker");
  }
  svg.Circle(x(*evidence.effect), kMiddle, 5, "effect");
  std::string caption =
      evidence.effect_low ? "Point and bar: effect with its 95 % interval." : "Point: the effect.";
  caption += " Shaded: granted to " + GrantedTo(claim) + ".";
  if (evidence.detectable_effect) caption += " Diamond: smallest effect found with power 0.9.";
  return Figure("Effect in " + evidence.effect_unit,
                svg.Image(id, "Effect against what is granted", EffectDescription(evidence)), caption);
}

std::string SharesPlot(std::string_view id, const ChoiceCounts& counts) {
  if (counts.shown.empty() || counts.n_reference <= 0 || counts.n_observed <= 0) return "";
  constexpr double kLabels = 96, kBars = kWidth - kLabels - 44, kRow = 29, kTop = 38;
  constexpr std::size_t kLabelColumns = 13;
  const auto share = [](std::int64_t n, std::int64_t total) {
    return static_cast<double>(n) / static_cast<double>(total);
  };
  double largest = 0;
  for (const AnswerCount& row : counts.shown) {
    largest =
        std::max({largest, share(row.reference, counts.n_reference), share(row.observed, counts.n_observed)});
  }
  if (largest <= 0) return "";
  const std::size_t rows = counts.shown.size() + (counts.n_other > 0 ? 1 : 0);
  Svg svg(kWidth, kTop + kRow * static_cast<double>(rows));
  Legend(svg, 0, 8, "ref-fill", Answers("reference", counts.n_reference), "obs-fill",
         Answers("observed", counts.n_observed));
  std::string description;
  double top = kTop;
  for (const AnswerCount& row : counts.shown) {
    const std::string label = row.answer.empty() ? "(empty)" : Clip(row.answer, kLabelColumns);
    const double p = share(row.reference, counts.n_reference), q = share(row.observed, counts.n_observed);
    svg.Text(kLabels - 8, top + 15, Anchor::kEnd, "label", label);
    svg.Rect(kLabels, top, kBars * p / largest, 11, "ref-fill");
    svg.Rect(kLabels, top + 12, kBars * q / largest, 11, "obs-fill");
    svg.Text(kLabels + kBars * p / largest + 5, top + 9.5, Anchor::kStart, "", ShortPercent(p));
    svg.Text(kLabels + kBars * q / largest + 5, top + 21.5, Anchor::kStart, "strong", ShortPercent(q));
    description += label + ": reference " + PercentText(p) + ", observed " + PercentText(q) + "; ";
    top += kRow;
  }
  // Many answers together would dwarf the single ones: numbers, no bars.
  const std::string p = PercentText(share(counts.other.reference, counts.n_reference));
  const std::string q = PercentText(share(counts.other.observed, counts.n_observed));
  const std::string others = absl::StrFormat("%d others", counts.n_other);
  if (counts.n_other > 0) {
    svg.Text(kLabels - 8, top + 15, Anchor::kEnd, "", others);
    svg.Text(kLabels, top + 15, Anchor::kStart, "", "reference " + p + ", observed " + q);
    description += others + ": reference " + p + ", observed " + q + "; ";
  }
  description.resize(description.size() - 2);
  const std::string title = "Probe " + Clip(counts.probe, 36);
  return Figure(title, svg.Image(id, "Shares of answers, " + title, description + "."), "");
}

std::string CurvesPlot(std::string_view id, const CurvesText& text, const QuantityCurves& curves) {
  if (curves.empty() || curves.observed.empty()) return "";
  constexpr double kLeft = 40, kTop = 42, kBottom = 200;
  if (!AllFinite(curves.reference) || !AllFinite(curves.observed)) return "";
  // Of all values: a report made elsewhere may hold some that do not rise.
  const auto mine = std::minmax_element(curves.reference.begin(), curves.reference.end());
  const auto theirs = std::minmax_element(curves.observed.begin(), curves.observed.end());
  const double low = std::min(*mine.first, *theirs.first), high = std::max(*mine.second, *theirs.second);
  const bool logarithmic = low > 0 && high > 30 * low;
  const double margin = high > low ? 0 : std::max(1.0, std::abs(high)) * 0.1;
  const Scale x{logarithmic || low < 0 ? low - margin : 0, high + margin, kLeft, kWidth - 12, logarithmic};
  if (!CanBeDrawn(x)) return "";
  const Scale y{0, 1, kBottom, kTop};
  Svg svg(kWidth, 240);
  Legend(svg, kLeft, 8, "ref-line", Answers("reference", curves.n_reference), "obs-line",
         Answers("observed", curves.n_observed));
  for (const double level : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    svg.Line(kLeft, y(level), kWidth - 12, y(level), level == 0 ? "axis" : "grid");
    svg.Text(kLeft - 6, y(level) + 4, Anchor::kEnd, "", absl::StrFormat("%.0f %%", 100 * level));
  }
  BottomAxis(svg, x, kBottom, 5);
  svg.Text((kLeft + kWidth - 12) / 2, kBottom + 34, Anchor::kMiddle, "", text.quantity);
  const auto draw = [&](const std::vector<double>& quantiles, const char* css) {
    std::vector<double> xs, ys;
    const auto last = static_cast<double>(quantiles.size() - 1);
    for (std::size_t q = 0; q < quantiles.size(); ++q) {
      xs.push_back(x(quantiles[q]));
      ys.push_back(y(last > 0 ? static_cast<double>(q) / last : 1));
    }
    svg.Polyline(xs, ys, css);
  };
  draw(curves.reference, "ref-line");
  draw(curves.observed, "obs-line");
  const auto quartiles = [](const std::vector<double>& q) {
    const std::size_t n = q.size() - 1;
    return NumberText(q[n / 4]) + ", " + NumberText(q[n / 2]) + ", " + NumberText(q[3 * n / 4]);
  };
  const std::string description = "Quartiles in " + text.quantity + ": reference " +
                                  quartiles(curves.reference) + "; observed " + quartiles(curves.observed) +
                                  ".";
  return Figure(text.title, svg.Image(id, text.title + ", both distributions", description),
                absl::StrFormat("Share of answers up to a value; each of %d prompt%s weighs the same.",
                                curves.probes, curves.probes == 1 ? "" : "s"));
}

std::string PointsPlot(std::string_view id, const PointsText& text, const std::vector<PairedPoint>& points) {
  double low = std::numeric_limits<double>::infinity(), high = -low, furthest = 0;
  for (const PairedPoint& point : points) {
    if (!std::isfinite(point.reference) || !std::isfinite(point.observed)) continue;
    low = std::min({low, point.reference, point.observed});
    high = std::max({high, point.reference, point.observed});
    furthest = std::max(furthest, std::abs(point.observed - point.reference));
  }
  if (!(low <= high)) return "";
  constexpr double kLeft = 44, kTop = 22, kBottom = 236;
  const double margin = high > low ? 0.04 * (high - low) : 1;
  const Scale x{low - margin, high + margin, kLeft, kWidth - 12};
  if (!CanBeDrawn(x)) return "";
  const Scale y{low - margin, high + margin, kBottom, kTop};
  Svg svg(kWidth, 276);
  for (const double tick : Ticks(y.low, y.high, 5)) {
    svg.Line(kLeft, y(tick), kWidth - 12, y(tick), "grid");
    svg.Text(kLeft - 6, y(tick) + 4, Anchor::kEnd, "", NumberText(tick));
  }
  BottomAxis(svg, x, kBottom, 5);
  svg.Line(kLeft, kTop, kLeft, kBottom, "axis");
  svg.Line(x(x.low), y(x.low), x(x.high), y(x.high), "gate");
  svg.Text(0, 11, Anchor::kStart, "", "observed, " + text.unit);
  svg.Text(kWidth - 12, kBottom + 34, Anchor::kEnd, "", "reference, " + text.unit);
  for (const PairedPoint& point : points) {
    if (!std::isfinite(point.reference) || !std::isfinite(point.observed)) continue;
    std::string tip = Clip(point.probe, 40);
    if (!point.label.empty()) tip += ", token \"" + Clip(point.label, 24) + "\"";
    tip += ": " + NumberText(point.reference) + " / " + NumberText(point.observed);
    svg.Circle(x(point.reference), y(point.observed), 3.2, "dot", tip);
  }
  const std::string description =
      absl::StrFormat("%d points; the furthest is %s %s off the line of equal values.", points.size(),
                      NumberText(furthest), text.unit);
  return Figure(text.title, svg.Image(id, text.title + ", observed against reference", description),
                text.caption);
}

std::string ShareBar(double share, std::string_view css) {
  Svg svg(100, 10);
  svg.Rect(0, 0, 100, 10, "band");
  svg.Rect(0, 0, 100 * std::clamp(share, 0.0, 1.0), 10, css);
  return svg.Decoration("bar");
}

}  // namespace pinchbeck::internal
