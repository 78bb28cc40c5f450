// Verdicts of identifications in plain words.
#ifndef PINCHBECK_SRC_REPORT_IDENTIFICATION_WORDS_H_
#define PINCHBECK_SRC_REPORT_IDENTIFICATION_WORDS_H_

#include <string>

#include "pinchbeck/audit/identify.h"

namespace pinchbeck::internal {

// Why the verdict is what it is, one or two sentences.
[[nodiscard]] std::string IdentificationSentence(const Identification& identification);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_IDENTIFICATION_WORDS_H_
