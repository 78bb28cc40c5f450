#include "src/fingerprint/logprob_json.h"

#include <cstdint>
#include <string>
#include <utility>

#include "src/signal/logprob_reading.h"

namespace pinchbeck::internal {
namespace {

using Json = nlohmann::ordered_json;
using Entries = std::vector<std::pair<std::uint32_t, double>>;

void PutEntries(const Entries& entries, Json& object) {
  Json tokens = Json::array(), values = Json::array();
  for (const auto& [token, value] : entries) {
    tokens.push_back(token);
    values.push_back(value);
  }
  object["tokens"] = std::move(tokens);
  object["values"] = std::move(values);
}

Entries ReadEntries(const Field& field, std::size_t tokens, std::size_t most) {
  const std::vector<double> indices = field.At("tokens").Numbers(), values = field.At("values").Numbers();
  if (indices.size() != values.size()) field.Fail("tokens and values differ in length");
  if (indices.empty() || indices.size() > most) {
    field.Fail("expected 1 to " + std::to_string(most) + " entries");
  }
  Entries entries;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (!(indices[i] >= 0 && indices[i] < static_cast<double>(tokens)))
      field.Fail("token index out of range");
    if (!IsLogprob(values[i])) field.Fail("log-probability out of range");
    entries.emplace_back(static_cast<std::uint32_t>(indices[i]), values[i]);
  }
  return entries;
}

}  // namespace

Json LogprobsToJson(const std::vector<FirstTokenLogprobs>& logprobs) {
  Json list = Json::array();
  for (const FirstTokenLogprobs& item : logprobs) {
    Json json = {{"alternatives", item.has_alternatives}};
    PutEntries(item.entries, json);
    if (item.sampled) json["sampled"] = *item.sampled;
    if (item.mean_tokens > 0) {
      json["mean"] = item.mean;
      json["mean_tokens"] = item.mean_tokens;
    }
    if (!item.path.empty()) PutEntries(item.path, json["path"]);
    list.push_back(std::move(json));
  }
  return list;
}

FirstTokenLogprobs ReadLogprobs(const Field& field, std::size_t tokens) {
  FirstTokenLogprobs item;
  item.has_alternatives = field.At("alternatives").Bool();
  item.entries = ReadEntries(field, tokens, kMaxTopLogprobs);
  for (std::size_t i = 1; i < item.entries.size(); ++i) {
    if (item.entries[i].second > item.entries[i - 1].second)
      field.Fail("log-probabilities are not in falling order");
  }
  if (item.has_alternatives && item.entries.size() < 2) item.has_alternatives = false;
  if (const auto sampled = field.Find("sampled")) {
    item.sampled = static_cast<std::size_t>(sampled->Count());
    if (*item.sampled > item.entries.size()) sampled->Fail("is larger than the number of entries");
  }
  if (const auto mean = field.Find("mean")) {
    const Field count = field.At("mean_tokens");
    item.mean = mean->Number();
    item.mean_tokens = count.Count();
    if (!IsLogprob(item.mean)) mean->Fail("log-probability out of range");
    if (item.mean_tokens < 2) count.Fail("expected a whole number >= 2");
  }
  if (const auto path = field.Find("path")) item.path = ReadEntries(*path, tokens, kMaxPathTokens);
  return item;
}

}  // namespace pinchbeck::internal
