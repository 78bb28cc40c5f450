// What a reader of a verdict should know about the files behind it.
#ifndef PINCHBECK_SRC_AUDIT_WARNINGS_H_
#define PINCHBECK_SRC_AUDIT_WARNINGS_H_

#include <optional>
#include <string>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck::internal {

// The reference is not much larger than the observed sample.
void WarnAboutSize(Report& report);

// About the recordings, unplanned and missing probes, failures and the fingerprint's age; a recording of
// other prompts than a published fingerprint's is told how to get them.
void WarnAboutRecordings(const Fingerprint& fingerprint, const ObservedSample& observed, double max_age_days,
                         Report& report);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_WARNINGS_H_
