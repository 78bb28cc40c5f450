#include "pinchbeck/client/prices.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/internal/json_value.h"
#include "src/internal/posix_file.h"

namespace pinchbeck {
namespace {

using internal::JsonValue;

constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
// Above any price; a value beyond it is given per token or in another unit.
constexpr double kMaxPrice = 1e6;

absl::StatusOr<absl::CivilDay> ParseDay(const JsonValue& value) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text, value.String());
  absl::CivilDay day;
  // The parser alone would take "2026-1-2" and years of any length.
  if (text.size() == 10 && absl::ParseCivilTime(text, &day)) return day;
  return value.Error("expected a day such as \"2026-11-20\"");
}

absl::StatusOr<ModelPrice> ParsePrice(const JsonValue& value) {
  PINCHBECK_RETURN_IF_ERROR(value.ExpectObject());
  ModelPrice price;
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue model, value.Member("model"));
  PINCHBECK_ASSIGN_OR_RETURN(price.model, model.NonEmptyString());
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> endpoint, value.OptionalMember("endpoint"));
  if (endpoint.has_value()) {
    PINCHBECK_ASSIGN_OR_RETURN(price.endpoint, endpoint->NonEmptyString());
  }
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue in, value.Member("usd_per_mtok_in"));
  PINCHBECK_ASSIGN_OR_RETURN(price.usd_per_mtok_in, in.Number(0.0, kMaxPrice));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue out, value.Member("usd_per_mtok_out"));
  PINCHBECK_ASSIGN_OR_RETURN(price.usd_per_mtok_out, out.Number(0.0, kMaxPrice));
  return price;
}

}  // namespace

const ModelPrice* PriceList::Find(std::string_view model, std::string_view endpoint) const {
  const ModelPrice* any = nullptr;
  for (const ModelPrice& price : models) {
    if (price.model != model) continue;
    if (!price.endpoint.has_value()) any = &price;
    if (price.endpoint == endpoint) return &price;
  }
  return any;
}

absl::StatusOr<PriceList> ParsePrices(std::string_view json) {
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json document, internal::ParseJsonDocument(json));
  const JsonValue root(document);
  PINCHBECK_RETURN_IF_ERROR(root.ExpectObject());
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue schema, root.Member("schema"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::string version, schema.String());
  if (version != kPricesSchema) {
    return schema.Error("expected \"" + std::string(kPricesSchema) + "\"");
  }
  PriceList list;
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue date, root.Member("date"));
  PINCHBECK_ASSIGN_OR_RETURN(list.date, ParseDay(date));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue source, root.Member("source"));
  PINCHBECK_ASSIGN_OR_RETURN(list.source, source.NonEmptyString());
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue models, root.Member("models"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> entries, models.List());
  for (const JsonValue& entry : entries) {
    PINCHBECK_ASSIGN_OR_RETURN(ModelPrice price, ParsePrice(entry));
    for (const ModelPrice& other : list.models) {
      if (other.model == price.model && other.endpoint == price.endpoint) {
        return entry.Error("the model is named twice" +
                           std::string(price.endpoint.has_value() ? " for one endpoint" : ""));
      }
    }
    list.models.push_back(std::move(price));
  }
  return list;
}

absl::StatusOr<PriceList> LoadPrices(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text, internal::ReadFile(path, kMaxBytes));
  absl::StatusOr<PriceList> list = ParsePrices(text);
  if (!list.ok()) return internal::Annotate(list.status(), path);
  return list;
}

}  // namespace pinchbeck
