// The stratified permutation engine that every signal shares: relabelings, tables of statistics under them,
// and tests whose memory does not grow with their number.
//
// Null hypothesis: within each stratum (probe) the pooled items are exchangeable between reference and
// observed. Labels are permuted within strata only, so the mix of probes can neither create nor hide a
// difference. When all relabelings are few they are enumerated and the p-value is exact; otherwise they are
// drawn at random and p = (1 + #{T* >= T}) / (1 + B) (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585),
// which is valid for every B.
#ifndef PINCHBECK_STATS_PERMUTATION_H_
#define PINCHBECK_STATS_PERMUTATION_H_

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/permutation_table.h"
#include "pinchbeck/stats/permutation_test.h"
#include "pinchbeck/stats/relabeling.h"

#endif  // PINCHBECK_STATS_PERMUTATION_H_
