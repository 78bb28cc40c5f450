// Tallies what responses say of themselves.
#ifndef PINCHBECK_SRC_SIGNAL_DECLARATION_SAMPLE_H_
#define PINCHBECK_SRC_SIGNAL_DECLARATION_SAMPLE_H_

#include "pinchbeck/core/observation.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

void AddDeclaration(const Observation& observation, DeclarationSample& sample);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_DECLARATION_SAMPLE_H_
