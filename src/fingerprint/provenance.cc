// Provenance: reading, checking, writing, and attaching it to a fingerprint.
#include "pinchbeck/fingerprint/provenance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/fingerprint/provenance_json.h"
#include "src/internal/json_value.h"
#include "src/internal/posix_file.h"

namespace pinchbeck {
namespace internal {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 11> kFields = {"source",  "url",   "commit",     "path",
                                                      "licence", "dates", "conditions", "attribution",
                                                      "changes", "use",   "use_note"};
constexpr std::size_t kSha256Digits = 64;

// A text that will be shown in terminals and pages.
std::string ReadText(const Field& field) {
  std::string text = field.String();
  if (text.empty()) field.Fail("must not be empty");
  if (text.size() > Provenance::kMaxText) {
    field.Fail("is longer than " + std::to_string(Provenance::kMaxText) + " bytes");
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_control)) field.Fail("holds a control character");
  return text;
}

std::optional<std::string> OptionalText(const Field& object, const char* name) {
  const std::optional<Field> field = object.Find(name);
  if (!field) return std::nullopt;
  return ReadText(*field);
}

std::string ReadSha256(const Field& field) {
  std::string digest = field.String();
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (digest.size() != kSha256Digits || !std::all_of(digest.begin(), digest.end(), is_hex)) {
    field.Fail("expected 64 lower-case hexadecimal digits");
  }
  return digest;
}

ForeignPrompt ReadPrompt(const Field& field) {
  ForeignPrompt prompt;
  prompt.probe = ReadText(field.At("probe"));
  prompt.sha256 = ReadSha256(field.At("sha256"));
  prompt.file = OptionalText(field, "file");
  if (const auto temperature = field.Find("temperature")) {
    prompt.temperature = temperature->Number();
    if (!(*prompt.temperature >= 0) || !std::isfinite(*prompt.temperature)) {
      temperature->Fail("expected a number >= 0");
    }
  }
  if (const auto max_tokens = field.Find("max_tokens")) prompt.max_tokens = max_tokens->Count();
  return prompt;
}

FingerprintUse ReadUse(const Field& object) {
  const std::optional<Field> field = object.Find("use");
  if (!field) return FingerprintUse::kReference;
  const std::string name = field->String();
  for (const FingerprintUse use : {FingerprintUse::kReference, FingerprintUse::kRankingOnly}) {
    if (name == FingerprintUseName(use)) return use;
  }
  field->Fail("unknown use \"" + name + "\"; expected \"reference\" or \"ranking_only\"");
}

template <class T>
void Put(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

}  // namespace

Json ProvenanceToJson(const Provenance& provenance) {
  Json json = {{"source", provenance.source}};
  Put(json, "url", provenance.url);
  Put(json, "commit", provenance.commit);
  Put(json, "path", provenance.path);
  json["licence"] = provenance.licence;
  json["attribution"] = provenance.attribution;
  Put(json, "dates", provenance.dates);
  Put(json, "conditions", provenance.conditions);
  Put(json, "changes", provenance.changes);
  json["use"] = FingerprintUseName(provenance.use);
  Put(json, "use_note", provenance.use_note);
  if (provenance.prompts.empty()) return json;
  json["prompts"] = Json::array();
  for (const ForeignPrompt& prompt : provenance.prompts) {
    Json item = {{"probe", prompt.probe}, {"sha256", prompt.sha256}};
    Put(item, "file", prompt.file);
    Put(item, "temperature", prompt.temperature);
    Put(item, "max_tokens", prompt.max_tokens);
    json["prompts"].push_back(std::move(item));
  }
  return json;
}

Provenance ReadProvenance(const Field& field) {
  Provenance provenance;
  provenance.source = ReadText(field.At("source"));
  provenance.licence = ReadText(field.At("licence"));
  provenance.attribution = ReadText(field.At("attribution"));
  provenance.url = OptionalText(field, "url");
  provenance.commit = OptionalText(field, "commit");
  provenance.path = OptionalText(field, "path");
  provenance.dates = OptionalText(field, "dates");
  provenance.conditions = OptionalText(field, "conditions");
  provenance.changes = OptionalText(field, "changes");
  provenance.use = ReadUse(field);
  provenance.use_note = OptionalText(field, "use_note");
  const std::optional<Field> prompts = field.Find("prompts");
  if (!prompts) return provenance;
  const std::vector<Field> items = prompts->Items();
  if (items.size() > Provenance::kMaxPrompts) {
    prompts->Fail("more than " + std::to_string(Provenance::kMaxPrompts) + " prompts");
  }
  std::set<std::string> named;
  for (const Field& item : items) {
    provenance.prompts.push_back(ReadPrompt(item));
    const std::string& probe = provenance.prompts.back().probe;
    if (!named.insert(probe).second) item.At("probe").Fail("\"" + probe + "\" is named twice");
  }
  return provenance;
}

}  // namespace internal

namespace {

template <class T>
bool Contradicts(const std::optional<T>& recorded, const std::optional<T>& stated) {
  return recorded && stated && *recorded != *stated;
}

absl::Status CheckPrompt(const ForeignPrompt& prompt, const Fingerprint& fingerprint) {
  const std::string where = "provenance: prompt of probe \"" + prompt.probe + "\": ";
  if (fingerprint.plan.count(prompt.probe) == 0) {
    return absl::InvalidArgumentError(where + "the fingerprint holds no such probe");
  }
  for (const FingerprintPart& part : fingerprint.parts) {
    const auto it = part.sample.probes.find(prompt.probe);
    if (it == part.sample.probes.end()) continue;
    const ProbeConditions& recorded = it->second.conditions;
    const char* field = nullptr;
    if (Contradicts(recorded.prompt_sha256, std::optional(prompt.sha256))) field = "sha256";
    if (Contradicts(recorded.temperature, prompt.temperature)) field = "temperature";
    if (Contradicts(recorded.max_tokens, prompt.max_tokens)) field = "max_tokens";
    if (field != nullptr) {
      return absl::InvalidArgumentError(where + field + " contradicts what the recording says");
    }
  }
  return absl::OkStatus();
}

template <class T>
void Fill(std::optional<T>& recorded, const std::optional<T>& stated) {
  if (!recorded) recorded = stated;
}

}  // namespace

std::string_view FingerprintUseName(FingerprintUse use) {
  return use == FingerprintUse::kRankingOnly ? "ranking_only" : "reference";
}

absl::StatusOr<Provenance> LoadProvenance(const std::string& path) {
  constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text, internal::ReadFile(path, kMaxFileBytes));
  const absl::StatusOr<nlohmann::json> document = internal::ParseJsonDocument(text);
  if (!document.ok()) return internal::Annotate(document.status(), path);
  try {
    const internal::Field root(*document, "");
    // In a file that a person wrote, a misspelt field would be lost without a word.
    for (const auto& [name, field] : root.Members()) {
      const bool known = name == "prompts" || std::find(internal::kFields.begin(), internal::kFields.end(),
                                                        name) != internal::kFields.end();
      if (!known) field.Fail("unknown field");
    }
    return internal::ReadProvenance(root);
  } catch (const internal::FieldError& error) {
    return absl::InvalidArgumentError(path + ": " + error.message);
  }
}

absl::Status AttachProvenance(Provenance provenance, Fingerprint& fingerprint) {
  for (const ForeignPrompt& prompt : provenance.prompts) {
    PINCHBECK_RETURN_IF_ERROR(CheckPrompt(prompt, fingerprint));
  }
  for (const ForeignPrompt& prompt : provenance.prompts) {
    for (FingerprintPart& part : fingerprint.parts) {
      const auto it = part.sample.probes.find(prompt.probe);
      if (it == part.sample.probes.end()) continue;
      ProbeConditions& conditions = it->second.conditions;
      Fill(conditions.prompt_sha256, std::optional(prompt.sha256));
      Fill(conditions.temperature, prompt.temperature);
      Fill(conditions.max_tokens, prompt.max_tokens);
    }
  }
  fingerprint.provenance = std::move(provenance);
  return absl::OkStatus();
}

}  // namespace pinchbeck
