// Paired collecting: the same probes at two endpoints, side by side.
#ifndef PINCHBECK_CLIENT_PAIR_H_
#define PINCHBECK_CLIENT_PAIR_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/clock.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/endpoint.h"

namespace pinchbeck {

// One of the two endpoints. Everything referred to must outlive the call.
struct PairSide {
  const Endpoint& endpoint;
  const Dialect& dialect;
  RecordingSink& sink;
  // What its recording already holds.
  CompletedSamples completed;
  // US dollars per million tokens at this endpoint.
  std::optional<double> usd_per_mtok_in;
  std::optional<double> usd_per_mtok_out;
};

// What both sides use.
struct PairServices {
  Transport& transport;
  Clock& clock;
  // Sees the sums of both sides.
  ProgressObserver* progress = nullptr;
  const StopFlag* stop = nullptr;
};

struct PairSummary {
  CollectSummary a, b;
  // Probes times samples.
  std::int64_t pairs = 0;
  // Those with a good answer on both sides, earlier runs included.
  std::int64_t complete_pairs = 0;
};

// Collects as Collect() does, from two endpoints at a time and into two sinks.
//
// A pair is one probe and sample number, sent once to each endpoint; both observations carry them and the
// session, which together are the pair's name. Pairs start in the order of Collect(); which side of a pair
// starts first is drawn by the seed, pair by pair, so that neither endpoint is always asked first. No side
// runs ahead: the next request to start is always that of the earliest pair, so that a limit or a pause of
// one server holds both back and differences in time of day stay out of the comparison. Retries go out when
// they are due.
//
// `options.concurrency` and the limits in `options.budget` hold for both sides together, rate limits and
// pacing for each by itself. The sides' own prices and completed samples count, not those in `options`.
//
// When one side gives up, is out of budget or is interrupted, the other sends nothing more either: its
// requests in flight are waited for and recorded, and its stop reason is kPartner (or the shared one). A side
// that is complete lets the other go on.
//
// Each request carries the key of its own endpoint only, and goes to that endpoint's origin or not at all.
//
// Errors: as Collect(), for either side.
[[nodiscard]] absl::StatusOr<PairSummary> CollectPair(const PairSide& a, const PairSide& b,
                                                      const Battery& battery, const CollectOptions& options,
                                                      const PairServices& services);

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_PAIR_H_
