// The loop behind CollectPair(): two collectors over one transport.
#ifndef PINCHBECK_SRC_CLIENT_PAIR_COLLECTOR_H_
#define PINCHBECK_SRC_CLIENT_PAIR_COLLECTOR_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/pair.h"
#include "src/client/collector.h"

namespace pinchbeck::internal {

struct PairedSide {
  const PairSide& side;
  std::string public_url;
  // With this side's prices and completed samples.
  CollectOptions options;
};

class PairCollector {
 public:
  // All arguments must outlive the object.
  PairCollector(const PairedSide& a, const PairedSide& b, const Battery& battery,
                const PairServices& services);
  PairCollector(const PairCollector&) = delete;
  PairCollector& operator=(const PairCollector&) = delete;
  [[nodiscard]] absl::StatusOr<PairSummary> Run();

 private:
  static constexpr std::size_t kSides = 2;

  [[nodiscard]] absl::Status Loop();
  [[nodiscard]] absl::Status StartWhatFits();
  // The side whose next task is that of the earliest pair; absent when no task is left.
  [[nodiscard]] std::optional<std::size_t> Turn() const;
  [[nodiscard]] absl::Status HandleResults();
  // What ends one side ends the other.
  void ShareEnd();
  void ReportProgress() const;

  const PairServices& services_;
  const CollectOptions& options_;
  CollectionShare share_;
  std::array<CollectServices, kSides> side_services_;
  std::array<Collector, kSides> sides_;
  // By position: the side that starts first.
  std::vector<std::size_t> first_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_PAIR_COLLECTOR_H_
