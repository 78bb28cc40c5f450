// Folders of fingerprints: finding the files, describing them, checking them against their index.
#include "pinchbeck/fingerprint/library.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/fingerprint/file_writer.h"
#include "src/fingerprint/json_field.h"
#include "src/internal/json_value.h"
#include "src/internal/posix_file.h"

namespace pinchbeck {
namespace {

using internal::Field;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr std::size_t kMaxFingerprintBytes = std::size_t{1} << 30;
constexpr std::size_t kMaxIndexBytes = std::size_t{64} << 20;

constexpr std::pair<std::string_view, bool ProbePlan::*> kSignals[] = {
    {"choice", &ProbePlan::choice},
    {"logprob", &ProbePlan::logprob},
    {"token_length", &ProbePlan::token_length},
    {"latency", &ProbePlan::latency},
    {"text", &ProbePlan::text},
    {"tokenizer", &ProbePlan::tokenizer},
    {"reasoning", &ProbePlan::reasoning}};

FingerprintIndexEntry Describe(const std::string& file, std::string_view bytes,
                               const Fingerprint& fingerprint) {
  FingerprintIndexEntry entry;
  entry.file = file;
  entry.sha256 = internal::Sha256Hex(bytes);
  entry.bytes = static_cast<std::int64_t>(bytes.size());
  entry.model = fingerprint.model;
  if (const auto& provenance = fingerprint.provenance) {
    entry.use = provenance->use;
    entry.source = provenance->source;
    entry.licence = provenance->licence;
  }
  entry.battery_sha256 = fingerprint.battery_sha256;
  std::set<std::string> variants;
  for (const FingerprintPart& part : fingerprint.parts) {
    entry.answers += part.sample.usable;
    variants.insert(part.variant);
  }
  entry.variants = static_cast<std::int64_t>(variants.size());
  entry.probes = static_cast<std::int64_t>(fingerprint.plan.size());
  entry.signals = PlannedSignals(fingerprint.plan);
  entry.first_time = fingerprint.FirstTime();
  entry.last_time = fingerprint.LastTime();
  return entry;
}

template <class T>
void Put(Json& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

Json EntryToJson(const FingerprintIndexEntry& entry) {
  Json json = {{"file", entry.file},
               {"sha256", entry.sha256},
               {"bytes", entry.bytes},
               {"model", entry.model},
               {"use", FingerprintUseName(entry.use)}};
  Put(json, "source", entry.source);
  Put(json, "licence", entry.licence);
  Put(json, "battery_sha256", entry.battery_sha256);
  json["answers"] = entry.answers;
  json["probes"] = entry.probes;
  json["variants"] = entry.variants;
  json["signals"] = entry.signals;
  Put(json, "first_time", entry.first_time);
  Put(json, "last_time", entry.last_time);
  return json;
}

std::optional<std::string> OptionalString(const Field& object, const char* name) {
  const std::optional<Field> field = object.Find(name);
  if (!field) return std::nullopt;
  return field->String();
}

FingerprintIndexEntry ReadEntry(const Field& field) {
  FingerprintIndexEntry entry;
  entry.file = field.At("file").String();
  entry.sha256 = field.At("sha256").String();
  entry.bytes = field.At("bytes").Count();
  entry.model = field.At("model").String();
  const Field use = field.At("use");
  const std::string use_name = use.String();
  if (use_name == FingerprintUseName(FingerprintUse::kRankingOnly)) {
    entry.use = FingerprintUse::kRankingOnly;
  } else if (use_name != FingerprintUseName(FingerprintUse::kReference)) {
    use.Fail("unknown use \"" + use_name + "\"");
  }
  entry.source = OptionalString(field, "source");
  entry.licence = OptionalString(field, "licence");
  entry.battery_sha256 = OptionalString(field, "battery_sha256");
  entry.answers = field.At("answers").Count();
  entry.probes = field.At("probes").Count();
  entry.variants = field.At("variants").Count();
  for (const Field& signal : field.At("signals").Items()) entry.signals.push_back(signal.String());
  entry.first_time = OptionalString(field, "first_time");
  entry.last_time = OptionalString(field, "last_time");
  return entry;
}

absl::Status CheckEntry(const std::string& path, const FingerprintIndexEntry& stored,
                        const FingerprintIndexEntry& actual) {
  if (stored == actual) return absl::OkStatus();
  const Json a = EntryToJson(stored), b = EntryToJson(actual);
  const auto text = [](const Json& object, const std::string& name) {
    return object.contains(name) ? object[name].dump() : std::string("absent");
  };
  std::set<std::string> names;
  for (const auto& item : a.items()) names.insert(item.key());
  for (const auto& item : b.items()) names.insert(item.key());
  for (const std::string& name : names) {
    if (text(a, name) == text(b, name)) continue;
    return absl::InvalidArgumentError(path + ": " + name + " is " + text(b, name) + ", but " + text(a, name) +
                                      " in " + std::string(kFingerprintIndexFile) +
                                      "; restore the file, or write the index again if the change is wanted");
  }
  return absl::OkStatus();
}

std::string Under(const std::string& folder, std::string_view file) {
  return (fs::path(folder) / fs::path(file)).string();
}

absl::StatusOr<FingerprintIndex> LoadIndex(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text, internal::ReadFile(path, kMaxIndexBytes));
  absl::StatusOr<FingerprintIndex> index = ParseFingerprintIndex(text);
  if (!index.ok()) return internal::Annotate(index.status(), path);
  return index;
}

absl::Status CheckAgainstIndex(const std::string& folder, const FingerprintIndex& actual) {
  const std::string index_path = Under(folder, kFingerprintIndexFile);
  PINCHBECK_ASSIGN_OR_RETURN(const FingerprintIndex stored, LoadIndex(index_path));
  std::map<std::string, const FingerprintIndexEntry*> by_file;
  for (const FingerprintIndexEntry& entry : stored) by_file[entry.file] = &entry;
  for (const FingerprintIndexEntry& entry : actual) {
    const auto it = by_file.find(entry.file);
    if (it == by_file.end()) {
      return absl::InvalidArgumentError(Under(folder, entry.file) + ": is not in " + index_path +
                                        "; remove it, or write the index again");
    }
    PINCHBECK_RETURN_IF_ERROR(CheckEntry(Under(folder, entry.file), *it->second, entry));
    by_file.erase(it);
  }
  if (by_file.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(index_path + ": file \"" + by_file.begin()->first +
                                    "\" is not in the folder");
}

}  // namespace

absl::StatusOr<std::vector<std::string>> FingerprintFiles(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    if (path.extension() != ".json" || path.filename() == fs::path(kFingerprintIndexFile)) continue;
    if (it->is_directory(error)) continue;
    files.push_back(path.lexically_relative(folder).generic_string());
  }
  if (error) return absl::NotFoundError(folder + ": " + error.message() + "; give a folder of fingerprints");
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<std::vector<Fingerprint>> LoadFingerprints(const std::string& folder) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<std::string> files, FingerprintFiles(folder));
  std::vector<Fingerprint> fingerprints;
  for (const std::string& file : files) {
    PINCHBECK_ASSIGN_OR_RETURN(Fingerprint fingerprint, LoadFingerprint(Under(folder, file)));
    fingerprints.push_back(std::move(fingerprint));
  }
  return fingerprints;
}

std::vector<std::string> PlannedSignals(const SignalPlan& plan) {
  std::vector<std::string> names;
  for (const auto& [name, member] : kSignals) {
    const auto feeds = [member = member](const auto& entry) { return entry.second.*member; };
    if (std::any_of(plan.begin(), plan.end(), feeds)) names.emplace_back(name);
  }
  return names;
}

absl::StatusOr<FingerprintIndex> BuildFingerprintIndex(const std::string& folder) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<std::string> files, FingerprintFiles(folder));
  FingerprintIndex index;
  for (const std::string& file : files) {
    const std::string path = Under(folder, file);
    // The digest and the description are of the same bytes, whatever happens to the file meanwhile.
    PINCHBECK_ASSIGN_OR_RETURN(const std::string bytes, internal::ReadFile(path, kMaxFingerprintBytes));
    const absl::StatusOr<Fingerprint> fingerprint = ParseFingerprint(bytes);
    if (!fingerprint.ok()) return internal::Annotate(fingerprint.status(), path);
    index.push_back(Describe(file, bytes, *fingerprint));
  }
  return index;
}

std::string SerializeFingerprintIndex(const FingerprintIndex& index) {
  std::string text = "{\"schema\":\"" + std::string(kFingerprintIndexSchema) + "\",\"fingerprints\":[";
  for (std::size_t i = 0; i < index.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += EntryToJson(index[i]).dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + "\n]}\n";
}

absl::StatusOr<FingerprintIndex> ParseFingerprintIndex(std::string_view json) {
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json document, internal::ParseJsonDocument(json));
  try {
    const Field root(document, "");
    const Field schema = root.At("schema");
    if (schema.String() != kFingerprintIndexSchema) {
      schema.Fail("expected \"" + std::string(kFingerprintIndexSchema) + "\"");
    }
    FingerprintIndex index;
    std::set<std::string> files;
    for (const Field& item : root.At("fingerprints").Items()) {
      index.push_back(ReadEntry(item));
      if (!files.insert(index.back().file).second) item.At("file").Fail("is named twice");
    }
    return index;
  } catch (const internal::FieldError& error) {
    return absl::InvalidArgumentError(error.message);
  }
}

absl::Status SaveFingerprintIndex(const FingerprintIndex& index, const std::string& folder) {
  return internal::ReplaceFile(Under(folder, kFingerprintIndexFile), SerializeFingerprintIndex(index));
}

absl::StatusOr<LibraryCheck> CheckLibrary(const std::string& folder) {
  LibraryCheck check;
  PINCHBECK_ASSIGN_OR_RETURN(check.index, BuildFingerprintIndex(folder));
  std::error_code error;
  check.index_found = fs::exists(Under(folder, kFingerprintIndexFile), error);
  if (check.index_found) PINCHBECK_RETURN_IF_ERROR(CheckAgainstIndex(folder, check.index));
  return check;
}

absl::StatusOr<std::string> FindFingerprint(const std::string& folder, const std::string& name) {
  std::error_code error;
  for (const std::string& path : {name, Under(folder, name), Under(folder, name + ".json")}) {
    if (!name.empty() && fs::is_regular_file(path, error)) return path;
  }
  const absl::StatusOr<FingerprintIndex> index = BuildFingerprintIndex(folder);
  if (!index.ok()) {
    return internal::Annotate(index.status(), "\"" + name +
                                                  "\" is no fingerprint file, and the folder "
                                                  "cannot be searched");
  }
  std::vector<std::string> found;
  for (const FingerprintIndexEntry& entry : *index) {
    if (entry.model == name) found.push_back(entry.file);
  }
  if (found.size() == 1) return Under(folder, found.front());
  std::string list;
  if (found.empty()) {
    for (const FingerprintIndexEntry& entry : *index) list += (list.empty() ? "" : ", ") + entry.model;
    return absl::NotFoundError("no fingerprint of \"" + name + "\" in " + folder +
                               "; there are: " + (list.empty() ? "none" : list));
  }
  for (const std::string& file : found) list += (list.empty() ? "" : ", ") + file;
  return absl::InvalidArgumentError("several fingerprints of \"" + name + "\"; name one of: " + list);
}

}  // namespace pinchbeck
