#include "src/audit/warnings.h"

#include <cmath>
#include <string>

#include "absl/time/time.h"
#include "src/signal/failure_kind.h"

namespace pinchbeck::internal {
namespace {

// A recording of other probes than the fingerprint's, where those are somebody else's prompts: says how to
// get them.
void ExplainOtherPrompts(const Fingerprint& fingerprint, std::int64_t unplanned, Report& report) {
  if (report.reason != "nothing_comparable" || unplanned == 0) return;
  if (!fingerprint.provenance || fingerprint.provenance->prompts.empty()) return;
  const Provenance& provenance = *fingerprint.provenance;
  report.reason = "other_prompts";
  std::string where = provenance.source;
  if (provenance.prompts.front().file) where = *provenance.prompts.front().file + " of " + where;
  if (provenance.commit) where += " at " + *provenance.commit;
  report.warnings.push_back("the fingerprint was made with prompts of " + provenance.source +
                            ", which the recording does not hold; get " + where +
                            ", make a battery with `pinchbeck fingerprints prompt`, and record with "
                            "`pinchbeck collect --battery`");
}

void WarnAboutAge(const Fingerprint& fingerprint, const std::optional<std::string>& last_observed,
                  double max_age_days, Report& report) {
  const std::optional<std::string> enrolled = fingerprint.LastTime();
  absl::Time from, to;
  if (!enrolled || !last_observed || !absl::ParseTime(absl::RFC3339_full, *enrolled, &from, nullptr) ||
      !absl::ParseTime(absl::RFC3339_full, *last_observed, &to, nullptr)) {
    return;
  }
  const double days = absl::ToDoubleHours(to - from) / 24;
  if (days > max_age_days) {
    report.warnings.push_back("the fingerprint is " + std::to_string(static_cast<std::int64_t>(days)) +
                              " days older than the recording; vendors update models, enrol again");
  }
}

}  // namespace

void WarnAboutSize(Report& report) {
  if (report.n_observed * 2 > report.n_reference) {
    report.warnings.push_back("the reference holds " + std::to_string(report.n_reference) + " answers for " +
                              std::to_string(report.n_observed) +
                              " observed ones; its own sampling error limits the test, enrol more");
  }
}

void WarnAboutRecordings(const Fingerprint& fingerprint, const ObservedSample& observed, double max_age_days,
                         Report& report) {
  report.warnings.insert(report.warnings.begin(), observed.recordings.warnings.begin(),
                         observed.recordings.warnings.end());
  if (observed.unplanned > 0) {
    report.warnings.push_back(
        std::to_string(observed.unplanned) +
        " observations belong to probes that the fingerprint does not hold and were left out");
  }
  ExplainOtherPrompts(fingerprint, observed.unplanned, report);
  std::int64_t not_asked = 0;
  for (const auto& entry : fingerprint.plan) not_asked += observed.sample.probes.count(entry.first) == 0;
  if (not_asked > 0) {
    report.warnings.push_back(std::to_string(not_asked) + " of the fingerprint's " +
                              std::to_string(fingerprint.plan.size()) +
                              " probes are not in the recording; nothing is said about them");
  }
  if (report.n_failed > 0) {
    report.warnings.push_back(std::to_string(report.n_failed) +
                              " requests failed; failures are counted, not compared");
  }
  if (const std::int64_t after_text = CountAfterText(observed.sample.failures); after_text > 0) {
    report.warnings.push_back(std::to_string(after_text) +
                              " of the failed requests had brought text of an answer; look at their errors");
  }
  WarnAboutAge(fingerprint, observed.last_time, max_age_days, report);
}

}  // namespace pinchbeck::internal
