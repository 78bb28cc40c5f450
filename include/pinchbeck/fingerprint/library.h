// A folder of fingerprints and the index that says what is in it.
#ifndef PINCHBECK_FINGERPRINT_LIBRARY_H_
#define PINCHBECK_FINGERPRINT_LIBRARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

inline constexpr std::string_view kFingerprintIndexSchema = "pinchbeck.fingerprint-index/1";
// Name of the index file in the library's folder. Fingerprints cannot have it.
inline constexpr std::string_view kFingerprintIndexFile = "index.json";

// What an index says of one fingerprint.
struct FingerprintIndexEntry {
  // Path below the library's folder, with '/'.
  std::string file;
  // Of the file's bytes.
  std::string sha256;
  std::int64_t bytes = 0;
  std::string model;
  FingerprintUse use = FingerprintUse::kReference;
  std::optional<std::string> source = std::nullopt;
  std::optional<std::string> licence = std::nullopt;
  // Absent where the prompts are somebody else's or unknown.
  std::optional<std::string> battery_sha256 = std::nullopt;
  std::int64_t answers = 0;
  std::int64_t probes = 0;
  std::int64_t variants = 0;
  std::vector<std::string> signals = {};
  std::optional<std::string> first_time = std::nullopt;
  std::optional<std::string> last_time = std::nullopt;
  friend bool operator==(const FingerprintIndexEntry&, const FingerprintIndexEntry&) = default;
};

// Entries by file name.
using FingerprintIndex = std::vector<FingerprintIndexEntry>;

// Fingerprint files (*.json but index files) of a folder and its subfolders, relative to it, sorted. Links to
// folders are not followed. NotFound: no such folder.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> FingerprintFiles(const std::string& folder);

// Names of the signals that some probe of the plan feeds, in the order of FORMATS.
[[nodiscard]] std::vector<std::string> PlannedSignals(const SignalPlan& plan);

// Reads every fingerprint of the folder and describes it. Errors of LoadFingerprint() are passed on.
[[nodiscard]] absl::StatusOr<FingerprintIndex> BuildFingerprintIndex(const std::string& folder);

// Deterministic JSON, one entry a line.
[[nodiscard]] std::string SerializeFingerprintIndex(const FingerprintIndex& index);
// InvalidArgument names the field.
[[nodiscard]] absl::StatusOr<FingerprintIndex> ParseFingerprintIndex(std::string_view json);
// Writes the index into its folder; no reader sees half of it.
[[nodiscard]] absl::Status SaveFingerprintIndex(const FingerprintIndex& index, const std::string& folder);

struct LibraryCheck {
  FingerprintIndex index;
  // False where the folder has no index file: then only that all fingerprints load is known.
  bool index_found = false;
};

// Checks that every fingerprint of the folder loads and that the folder's index, if there is one, describes
// exactly these files. InvalidArgument names the file and the field that is wrong: a fingerprint that does
// not load, one without an entry, an entry without its file, another digest or another description. Cost:
// every file is read once.
[[nodiscard]] absl::StatusOr<LibraryCheck> CheckLibrary(const std::string& folder);

// The fingerprint that `name` means: a file; else a path below the folder, with or without ".json"; else the
// model label of exactly one fingerprint of the folder. NotFound and InvalidArgument name what is there.
[[nodiscard]] absl::StatusOr<std::string> FindFingerprint(const std::string& folder, const std::string& name);

}  // namespace pinchbeck

#endif  // PINCHBECK_FINGERPRINT_LIBRARY_H_
