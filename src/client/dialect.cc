#include "pinchbeck/client/dialect.h"

namespace pinchbeck {

SamplingParameters SupportedSampling(const SamplingParameters& sampling, const DialectFeatures& features) {
  SamplingParameters supported = sampling;
  if (!features.top_k) supported.top_k.reset();
  if (!features.min_p) supported.min_p.reset();
  if (!features.logprobs) supported.top_logprobs.reset();
  if (!features.reasoning_effort) supported.reasoning_effort.reset();
  return supported;
}

}  // namespace pinchbeck
