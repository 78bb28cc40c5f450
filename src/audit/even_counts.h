// Does a reference look as if nobody drew it?
#ifndef PINCHBECK_SRC_AUDIT_EVEN_COUNTS_H_
#define PINCHBECK_SRC_AUDIT_EVEN_COUNTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck::internal {

// Natural logarithm of a bound on the chance that `values` different answers come exactly `each` times when
// values * each answers are drawn independently from one distribution, whatever it is and however many other
// answers it has. With K values, m each and n = K m, the chance is
//
//   n! / (m!)^K  sum over sets S of K answers of  prod_{k in S} p_k^m,
//
// where prod p_k^(m-1) is at most K^(-K (m-1)) and the sum of the products of K probabilities at most 1 / K!
// (both by the means of numbers that sum to at most 1). At most 0.
[[nodiscard]] double LogChanceOfEvenCounts(std::int64_t values, std::int64_t each);

// A sentence on the first probe whose answers above temperature 0 are spread exactly evenly, if drawn answers
// would do that anywhere in the fingerprint with a chance below 1/1000 (the bound times the number of probes
// and parts).
[[nodiscard]] std::optional<std::string> EvenCountsWarning(const Fingerprint& fingerprint);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_EVEN_COUNTS_H_
