// Which stored model do the answers come from, and what share of them can it be?
#ifndef PINCHBECK_SRC_AUDIT_ATTRIBUTION_H_
#define PINCHBECK_SRC_AUDIT_ATTRIBUTION_H_

#include <vector>

#include "pinchbeck/audit/report.h"
#include "src/audit/candidates.h"

namespace pinchbeck::internal {

// Names the stored model that the answers fit, if it is itself accepted by the same tests, and estimates the
// share of answers that come from it and from anything else. Nothing where only latency differs: how fast an
// answer comes says nothing about which model gave it.
void Attribute(const SampleSet& reference, const SampleSet& observed,
               const std::vector<Candidate>& alternatives, const VerifyOptions& options, Report& report);

// Says in the notes of each signal which stored model its data fit best.
void NameClosest(const std::vector<Candidate>& alternatives, std::vector<SignalReport>& signals);

// The largest share of each alternative that the sample leaves open.
void AddLargestShares(const SampleSet& reference, const SampleSet& observed,
                      const std::vector<Candidate>& alternatives, Report& report);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_ATTRIBUTION_H_
