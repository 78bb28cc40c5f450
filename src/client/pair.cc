#include "pinchbeck/client/pair.h"

#include <string>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/client/collect_options.h"
#include "src/client/pair_collector.h"

namespace pinchbeck {
namespace {

CollectOptions OptionsOfSide(const PairSide& side, const CollectOptions& options) {
  CollectOptions own = options;
  own.completed = side.completed;
  own.budget.usd_per_mtok_in = side.usd_per_mtok_in;
  own.budget.usd_per_mtok_out = side.usd_per_mtok_out;
  return own;
}

// The key's way over plain http is the transport's decision, as in Collect().
absl::StatusOr<std::string> CheckedUrl(const PairSide& side) {
  PINCHBECK_RETURN_IF_ERROR(ValidateEndpoint(side.endpoint, /*allow_insecure_http=*/true));
  return PublicBaseUrl(side.endpoint.base_url);
}

}  // namespace

absl::StatusOr<PairSummary> CollectPair(const PairSide& a, const PairSide& b, const Battery& battery,
                                        const CollectOptions& options, const PairServices& services) {
  internal::PairedSide sides[2] = {{a, "", OptionsOfSide(a, options)}, {b, "", OptionsOfSide(b, options)}};
  for (internal::PairedSide& side : sides) {
    PINCHBECK_ASSIGN_OR_RETURN(side.public_url, CheckedUrl(side.side));
    PINCHBECK_RETURN_IF_ERROR(internal::CheckCollectOptions(battery, side.options, side.side.dialect));
  }
  return internal::PairCollector(sides[0], sides[1], battery, services).Run();
}

}  // namespace pinchbeck
