// What models cost, from a dated file that the user keeps. No price is built in.
#ifndef PINCHBECK_CLIENT_PRICES_H_
#define PINCHBECK_CLIENT_PRICES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace pinchbeck {

inline constexpr std::string_view kPricesSchema = "pinchbeck.prices/1";

struct ModelPrice {
  std::string model;
  // Base URL (see PublicBaseUrl) that the price is for; absent: any.
  std::optional<std::string> endpoint;
  // US dollars per million tokens.
  double usd_per_mtok_in = 0.0;
  double usd_per_mtok_out = 0.0;
};

struct PriceList {
  // The day on which the prices were looked up.
  absl::CivilDay date;
  // Where they come from, in the file's words.
  std::string source;
  std::vector<ModelPrice> models;

  // The price of a model at an endpoint: an entry for that endpoint counts more than one for any. The name
  // must be the same, letter by letter: prices of similar names differ. Null when there is none.
  [[nodiscard]] const ModelPrice* Find(std::string_view model, std::string_view endpoint) const;
};

// Reads
//   {"schema": "pinchbeck.prices/1", "date": "2026-11-20", "source": "...",
//    "models": [{"model": "gpt-x", "usd_per_mtok_in": 1.25, "usd_per_mtok_out": 10}, ...]}
// InvalidArgument names the field: no date, a negative price, a model that is named twice for one endpoint.
[[nodiscard]] absl::StatusOr<PriceList> ParsePrices(std::string_view json);
// The same from a file; messages start with its path.
[[nodiscard]] absl::StatusOr<PriceList> LoadPrices(const std::string& path);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_PRICES_H_
