#include "src/fingerprint/latency_json.h"

#include <cmath>
#include <optional>
#include <utility>

namespace pinchbeck::internal {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
void PutOptional(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

double PositiveNumber(const Field& field, const char* expected) {
  const double value = field.Number();
  if (!(value > 0) || !std::isfinite(value)) field.Fail(expected);
  return value;
}

std::optional<double> OptionalPositive(const Field& object, const char* name) {
  const std::optional<Field> field = object.Find(name);
  if (!field) return std::nullopt;
  return PositiveNumber(*field, "expected a number > 0");
}

double NumberWithin(const Field& field, double low, double high, const char* expected) {
  const double value = field.Number();
  // Rounding may leave the range by a hair.
  if (!(value >= low - 1e-9 && value <= high + 1e-9)) field.Fail(expected);
  return value;
}

GapShape ReadGaps(const Field& field) {
  const Field dispersion = field.At("dispersion");
  GapShape shape;
  shape.dispersion = dispersion.Number();
  if (!(shape.dispersion >= 0) || !std::isfinite(shape.dispersion)) dispersion.Fail("expected a number >= 0");
  shape.burst_share = NumberWithin(field.At("burst_share"), 0, 1, "expected a share from 0 to 1");
  shape.autocorrelation =
      NumberWithin(field.At("autocorrelation"), -1, 1, "expected a correlation from -1 to 1");
  return shape;
}

}  // namespace

Json LatenciesToJson(const std::vector<Latency>& latencies) {
  Json list = Json::array();
  for (const Latency& latency : latencies) {
    Json item = {{"first_token_s", latency.first_token_s}};
    PutOptional(item, "median_gap_s", latency.median_gap_s);
    PutOptional(item, "tokens_per_s", latency.tokens_per_s);
    PutOptional(item, "total_per_token_s", latency.total_per_token_s);
    if (latency.gaps) {
      item["gaps"] = {{"dispersion", latency.gaps->dispersion},
                      {"burst_share", latency.gaps->burst_share},
                      {"autocorrelation", latency.gaps->autocorrelation}};
    }
    PutOptional(item, "input_tokens", latency.input_tokens);
    PutOptional(item, "minute", latency.minute);
    list.push_back(std::move(item));
  }
  return list;
}

Latency ReadLatency(const Field& field) {
  Latency latency;
  latency.first_token_s = PositiveNumber(field.At("first_token_s"), "expected seconds > 0");
  latency.median_gap_s = OptionalPositive(field, "median_gap_s");
  latency.tokens_per_s = OptionalPositive(field, "tokens_per_s");
  latency.total_per_token_s = OptionalPositive(field, "total_per_token_s");
  if (const auto gaps = field.Find("gaps")) latency.gaps = ReadGaps(*gaps);
  if (const auto tokens = field.Find("input_tokens")) latency.input_tokens = tokens->Count();
  if (const auto minute = field.Find("minute")) latency.minute = minute->Integer();
  return latency;
}

}  // namespace pinchbeck::internal
