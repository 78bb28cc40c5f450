// Collecting from two endpoints side by side.
#ifndef PINCHBECK_SRC_CLI_COLLECT_PAIR_H_
#define PINCHBECK_SRC_CLI_COLLECT_PAIR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/cli/collect_flags.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {

struct PairFlags {
  // Two base URLs, that of the trusted endpoint first; empty: no pair.
  std::vector<std::string> urls;
  std::string out_a, out_b;
  // Names of the environment variables with the keys. Empty: no key. Both must be given.
  std::optional<std::string> api_key_env_a, api_key_env_b;
  // Of the second endpoint, where they differ from the first's.
  std::string model_b, api_b;
};

// Adds the flags to `collect`, which has the usual ones already.
void AddPairFlags(CLI::App& app, PairFlags& pair);

struct PairReport {
  CollectionReport a, b;
  std::int64_t pairs = 0;
  // Pairs with a good answer in both recordings.
  std::int64_t complete_pairs = 0;
};

// Collects into both files; see CollectToFile() and CollectPair(). `flags` hold everything that both
// endpoints share.
// InvalidArgument, besides: a missing file name or key variable, one file for both, or one key for two
// origins.
[[nodiscard]] absl::StatusOr<PairReport> CollectPairToFiles(const CollectFlags& flags, const PairFlags& pair,
                                                            CommandContext& context);

// As CollectionStatus(), for the side that ended the collection.
[[nodiscard]] absl::Status PairStatus(const PairReport& report);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COLLECT_PAIR_H_
