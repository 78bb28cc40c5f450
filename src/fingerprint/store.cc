// The fingerprint file: one JSON document. docs/design/0003-fingerprint-format.md describes it.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/version.h"
#include "src/fingerprint/file_writer.h"
#include "src/fingerprint/json_field.h"
#include "src/fingerprint/latency_json.h"
#include "src/fingerprint/limits.h"
#include "src/fingerprint/logprob_json.h"
#include "src/fingerprint/provenance_json.h"
#include "src/fingerprint/text_json.h"
#include "src/signal/length_cells.h"

namespace pinchbeck {
namespace {

using internal::Field;
using Json = nlohmann::ordered_json;

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{1} << 30;

// ---- writing ----

template <class T>
void PutOptional(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

template <class Key>
Json CountsToJson(const std::map<Key, std::int64_t>& counts) {
  Json object = Json::object();
  for (const auto& [key, count] : counts) {
    if constexpr (std::is_same_v<Key, std::string>) {
      object[key] = count;
    } else {
      object[std::to_string(key)] = count;
    }
  }
  return object;
}

Json PlanToJson(const ProbePlan& plan) {
  Json signals = Json::array();
  if (plan.choice) signals.push_back("choice");
  if (plan.logprob) signals.push_back("logprob");
  if (plan.token_length) signals.push_back("token_length");
  if (plan.latency) signals.push_back("latency");
  if (plan.text) signals.push_back("text");
  if (plan.tokenizer) signals.push_back("tokenizer");
  if (plan.reasoning) signals.push_back("reasoning");
  Json json = {{"signals", signals}};
  if (plan.choice) json["answer"] = plan.normalise_choice ? "normalised" : "raw";
  if (plan.token_length) json["length_source"] = LengthSourceName(plan.length_source);
  return json;
}

Json ConditionsToJson(const ProbeConditions& conditions) {
  Json json = Json::object();
  PutOptional(json, "temperature", conditions.temperature);
  PutOptional(json, "top_p", conditions.top_p);
  PutOptional(json, "top_k", conditions.top_k);
  PutOptional(json, "min_p", conditions.min_p);
  PutOptional(json, "max_tokens", conditions.max_tokens);
  PutOptional(json, "prompt_sha256", conditions.prompt_sha256);
  return json;
}

Json LengthsToJson(const std::vector<OutputLength>& lengths) {
  Json values = Json::array(), capped = Json::array();
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    values.push_back(lengths[i].length);
    if (lengths[i].capped) capped.push_back(i);
  }
  return {{"values", values}, {"capped", capped}};
}

Json ProbeSampleToJson(const ProbeSample& sample) {
  Json json = {{"usable", sample.usable}, {"failed", sample.failed}};
  json["conditions"] = ConditionsToJson(sample.conditions);
  if (!sample.choices.empty()) json["choices"] = CountsToJson(sample.choices);
  if (!sample.logprobs.empty()) {
    json["tokens"] = sample.tokens;
    json["logprobs"] = internal::LogprobsToJson(sample.logprobs);
  }
  if (!sample.lengths.empty()) json["lengths"] = LengthsToJson(sample.lengths);
  if (!sample.reasoning.empty()) json["reasoning"] = LengthsToJson(sample.reasoning);
  if (!sample.latencies.empty()) json["latencies"] = internal::LatenciesToJson(sample.latencies);
  if (!sample.texts.empty()) json["texts"] = internal::TextsToJson(sample.texts);
  if (!sample.input_tokens.empty()) json["input_tokens"] = CountsToJson(sample.input_tokens);
  return json;
}

Json PartToJson(const FingerprintPart& part) {
  Json json = {{"variant", part.variant}, {"session", part.session}};
  PutOptional(json, "first_time", part.first_time);
  PutOptional(json, "last_time", part.last_time);
  json["usable"] = part.sample.usable;
  json["failures"] = CountsToJson(part.sample.failures);
  const DeclarationSample& declared = part.sample.declaration;
  json["declaration"] = {{"responses", declared.responses},
                         {"models", CountsToJson(declared.models)},
                         {"id_shapes", CountsToJson(declared.id_shapes)},
                         {"system_fingerprints", CountsToJson(declared.system_fingerprints)},
                         {"finish_reasons", CountsToJson(declared.finish_reasons)},
                         {"usage_fields", CountsToJson(declared.usage_fields)}};
  Json probes = Json::object();
  for (const auto& [id, sample] : part.sample.probes) probes[id] = ProbeSampleToJson(sample);
  json["probes"] = std::move(probes);
  return json;
}

// ---- reading ----

std::map<std::string, std::int64_t> ReadCounts(const Field& field) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [name, value] : field.Members()) counts[name] = value.Count();
  return counts;
}

template <class T, class Read>
std::optional<T> ReadOptional(const Field& object, const char* name, Read read) {
  const std::optional<Field> field = object.Find(name);
  if (!field) return std::nullopt;
  return read(*field);
}

std::optional<std::string> OptionalString(const Field& object, const char* name) {
  return ReadOptional<std::string>(object, name, [](const Field& field) { return field.String(); });
}
std::optional<double> OptionalNumber(const Field& object, const char* name) {
  return ReadOptional<double>(object, name, [](const Field& field) { return field.Number(); });
}
std::optional<std::int64_t> OptionalCount(const Field& object, const char* name) {
  return ReadOptional<std::int64_t>(object, name, [](const Field& field) { return field.Count(); });
}

// Servers give some integers a meaning below zero: top_k is -1 where it is switched off.
std::optional<std::int64_t> OptionalInteger(const Field& object, const char* name) {
  return ReadOptional<std::int64_t>(object, name, [](const Field& field) { return field.Integer(); });
}

ProbePlan ReadPlan(const Field& field) {
  ProbePlan plan;
  for (const Field& item : field.At("signals").Items()) {
    const std::string signal = item.String();
    if (signal == "choice") {
      plan.choice = true;
    } else if (signal == "logprob") {
      plan.logprob = true;
    } else if (signal == "token_length") {
      plan.token_length = true;
    } else if (signal == "latency") {
      plan.latency = true;
    } else if (signal == "text") {
      plan.text = true;
    } else if (signal == "tokenizer") {
      plan.tokenizer = true;
    } else if (signal == "reasoning") {
      plan.reasoning = true;
    } else {
      item.Fail("unknown signal \"" + signal + "\"");
    }
  }
  if (plan.choice) {
    const Field answer = field.At("answer");
    plan.normalise_choice = answer.String() == "normalised";
    if (!plan.normalise_choice && answer.String() != "raw") answer.Fail("expected \"raw\" or \"normalised\"");
  }
  if (plan.token_length) {
    const Field source = field.At("length_source");
    const std::string name = source.String();
    bool known = false;
    for (const LengthSource candidate :
         {LengthSource::kUsage, LengthSource::kEvents, LengthSource::kCharacters}) {
      if (name != LengthSourceName(candidate)) continue;
      plan.length_source = candidate;
      known = true;
    }
    if (!known) source.Fail("unknown length source \"" + name + "\"");
  }
  return plan;
}

ProbeConditions ReadConditions(const Field& field) {
  return {.temperature = OptionalNumber(field, "temperature"),
          .top_p = OptionalNumber(field, "top_p"),
          .top_k = OptionalInteger(field, "top_k"),
          .min_p = OptionalNumber(field, "min_p"),
          .max_tokens = OptionalCount(field, "max_tokens"),
          .prompt_sha256 = OptionalString(field, "prompt_sha256")};
}

std::vector<OutputLength> ReadLengths(const Field& field) {
  std::vector<OutputLength> lengths;
  for (const double value : field.At("values").Numbers()) {
    if (!(value >= 0 && value <= internal::kMostLength) || value != std::floor(value))
      field.Fail("expected lengths that are whole numbers from 0 to 1e9");
    lengths.push_back({value, false});
  }
  for (const Field& index : field.At("capped").Items()) {
    const auto i = static_cast<std::size_t>(index.Count());
    if (i >= lengths.size()) index.Fail("index out of range");
    lengths[i].capped = true;
  }
  return lengths;
}

ProbeSample ReadProbeSample(const Field& field) {
  ProbeSample sample;
  sample.usable = field.At("usable").Count();
  sample.failed = field.At("failed").Count();
  sample.conditions = ReadConditions(field.At("conditions"));
  if (const auto choices = field.Find("choices")) sample.choices = ReadCounts(*choices);
  if (const auto logprobs = field.Find("logprobs")) {
    for (const Field& token : field.At("tokens").Items()) sample.tokens.push_back(token.String());
    for (const Field& item : logprobs->Items())
      sample.logprobs.push_back(internal::ReadLogprobs(item, sample.tokens.size()));
  }
  if (const auto lengths = field.Find("lengths")) sample.lengths = ReadLengths(*lengths);
  if (const auto lengths = field.Find("reasoning")) sample.reasoning = ReadLengths(*lengths);
  if (const auto list = field.Find("latencies")) {
    for (const Field& item : list->Items()) sample.latencies.push_back(internal::ReadLatency(item));
  }
  if (const auto list = field.Find("texts")) {
    for (const Field& item : list->Items()) sample.texts.push_back(internal::ReadText(item));
  }
  if (const auto counts = field.Find("input_tokens")) {
    for (const auto& [name, count] : counts->Members()) {
      if (name.empty() || name.size() > 15 ||
          !std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        count.Fail("expected a token count as name");
      }
      sample.input_tokens[std::stoll(name)] = count.Count();
    }
  }
  auto at_most_usable = [&](std::size_t count, const char* what) {
    if (static_cast<std::int64_t>(count) > sample.usable) {
      field.Fail(std::string("more ") + what + " than usable observations");
    }
  };
  at_most_usable(static_cast<std::size_t>(sample.choice_count()), "choices");
  at_most_usable(sample.logprobs.size(), "log-probability vectors");
  at_most_usable(sample.lengths.size(), "lengths");
  at_most_usable(sample.reasoning.size(), "reasoning counts");
  at_most_usable(sample.latencies.size(), "latencies");
  at_most_usable(sample.texts.size(), "texts");
  return sample;
}

FingerprintPart ReadPart(const Field& field, const SignalPlan& plan) {
  FingerprintPart part;
  part.variant = field.At("variant").String();
  part.session = field.At("session").String();
  part.first_time = OptionalString(field, "first_time");
  part.last_time = OptionalString(field, "last_time");
  part.sample.usable = field.At("usable").Count();
  part.sample.failures = ReadCounts(field.At("failures"));
  const Field declared = field.At("declaration");
  part.sample.declaration = {.models = ReadCounts(declared.At("models")),
                             .id_shapes = ReadCounts(declared.At("id_shapes")),
                             .system_fingerprints = ReadCounts(declared.At("system_fingerprints")),
                             .finish_reasons = ReadCounts(declared.At("finish_reasons")),
                             .usage_fields = ReadCounts(declared.At("usage_fields")),
                             .responses = declared.At("responses").Count()};
  std::int64_t usable = 0;
  for (const auto& [id, sample] : field.At("probes").Members()) {
    if (plan.count(id) == 0) sample.Fail("this probe is missing in `plan`");
    const auto it = part.sample.probes.emplace(id, ReadProbeSample(sample)).first;
    usable += it->second.usable;
  }
  if (usable != part.sample.usable) {
    field.At("usable").Fail("does not match the sum over probes (" + std::to_string(usable) + ")");
  }
  return part;
}

std::map<std::string, double> ReadSpread(const Field& root, const char* name) {
  std::map<std::string, double> spread;
  const auto field = root.Find(name);
  if (!field) return spread;
  for (const auto& [signal, value] : field->Members()) {
    spread[signal] = value.Number();
    if (!(spread[signal] >= 0)) value.Fail("expected a number >= 0");
  }
  return spread;
}

void CheckSchema(const Field& root) {
  const Field schema = root.At("schema");
  const std::string name = schema.String();
  if (name == kFingerprintSchema) return;
  if (name.rfind("pinchbeck.fingerprint/", 0) == 0) {
    schema.Fail("\"" + name + "\" is another major version than this program reads (" +
                std::string(kFingerprintSchema) + "); enrol again or use a matching version");
  }
  schema.Fail("\"" + name + "\" is not a fingerprint (expected \"" + std::string(kFingerprintSchema) + "\")");
}

Fingerprint ReadFingerprint(const Field& root) {
  CheckSchema(root);
  Fingerprint fingerprint;
  const Field model = root.At("model");
  fingerprint.model = model.String();
  if (fingerprint.model.empty()) model.Fail("must not be empty");
  fingerprint.created = OptionalString(root, "created");
  fingerprint.endpoint_kind = OptionalString(root, "endpoint_kind");
  fingerprint.battery_sha256 = OptionalString(root, "battery_sha256");
  if (const auto names = root.Find("requested_models")) {
    for (const Field& name : names->Items()) fingerprint.requested_models.push_back(name.String());
  }
  if (const auto provenance = root.Find("provenance")) {
    fingerprint.provenance = internal::ReadProvenance(*provenance);
  }
  for (const auto& [id, plan] : root.At("plan").Members()) fingerprint.plan.emplace(id, ReadPlan(plan));
  const Field parts = root.At("parts");
  if (parts.Items().size() > internal::kMaxParts) {
    parts.Fail("more than " + std::to_string(internal::kMaxParts) +
               " parts (sessions and variants); enrol fewer recordings as variants");
  }
  for (const Field& part : parts.Items()) fingerprint.parts.push_back(ReadPart(part, fingerprint.plan));
  if (fingerprint.parts.empty()) parts.Fail("must not be empty");
  fingerprint.variant_spread = ReadSpread(root, "variant_spread");
  fingerprint.session_spread = ReadSpread(root, "session_spread");
  if (const auto texts = root.Find("texts")) {
    for (const auto& [id, list] : texts->Members()) {
      for (const Field& text : list.Items()) fingerprint.texts[id].push_back(text.String());
    }
  }
  return fingerprint;
}

}  // namespace

std::string SerializeFingerprint(const Fingerprint& fingerprint) {
  Json json = {{"schema", kFingerprintSchema}, {"model", fingerprint.model}};
  json["program"] = std::string("pinchbeck ") + std::string(kVersion);
  PutOptional(json, "created", fingerprint.created);
  PutOptional(json, "endpoint_kind", fingerprint.endpoint_kind);
  PutOptional(json, "battery_sha256", fingerprint.battery_sha256);
  json["requested_models"] = fingerprint.requested_models;
  if (fingerprint.provenance) json["provenance"] = internal::ProvenanceToJson(*fingerprint.provenance);
  Json plan = Json::object();
  for (const auto& [id, probe] : fingerprint.plan) plan[id] = PlanToJson(probe);
  json["plan"] = std::move(plan);
  if (!fingerprint.variant_spread.empty()) json["variant_spread"] = fingerprint.variant_spread;
  if (!fingerprint.session_spread.empty()) json["session_spread"] = fingerprint.session_spread;
  json["parts"] = Json::array();
  for (const FingerprintPart& part : fingerprint.parts) json["parts"].push_back(PartToJson(part));
  if (!fingerprint.texts.empty()) json["texts"] = fingerprint.texts;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Fingerprint> ParseFingerprint(std::string_view json) {
  try {
    const nlohmann::json document = nlohmann::json::parse(json);
    return ReadFingerprint(Field(document, ""));
  } catch (const internal::FieldError& error) {
    return absl::InvalidArgumentError(error.message);
  } catch (const nlohmann::json::parse_error& error) {
    return absl::InvalidArgumentError("not complete JSON at byte " + std::to_string(error.byte) +
                                      "; the file is cut off or damaged");
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(std::string("not usable JSON: ") + error.what());
  }
}

absl::StatusOr<Fingerprint> LoadFingerprint(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(path + ": is a folder; name one fingerprint file");
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(path + ": " + error.message());
  if (size > kMaxFileBytes)
    return absl::InvalidArgumentError(path + ": larger than 1 GiB; not a fingerprint");
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(size))) {
    return absl::InvalidArgumentError(path + ": cannot be read");
  }
  absl::StatusOr<Fingerprint> fingerprint = ParseFingerprint(text);
  if (!fingerprint.ok()) return internal::Annotate(fingerprint.status(), path);
  return fingerprint;
}

absl::Status SaveFingerprint(const Fingerprint& fingerprint, const std::string& path) {
  return internal::ReplaceFile(path, SerializeFingerprint(fingerprint));
}

}  // namespace pinchbeck
