// Logs that people already have, turned into observations that can be enrolled and compared.
#ifndef PINCHBECK_AUDIT_IMPORT_RECORDING_H_
#define PINCHBECK_AUDIT_IMPORT_RECORDING_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/client/log_import.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

struct RecordingImportOptions {
  // Takes only requests for the model of this name, and those whose log says that they went to this base URL;
  // empty: the log must ask for one model and name one endpoint.
  std::string model;
  std::string endpoint;
  // With a model: further names of it, for logs that give the name in the answer.
  std::vector<std::string> also_named;
  // Recorded instead of the log's session, where it is not empty.
  std::string session;
  // Requests that repeat one of its probes get that probe's name.
  const Fingerprint* fingerprint = nullptr;
  LogImportOptions log = {};
};

struct RecordingImportSummary {
  // Handed to the caller; of these, failed requests, among them those whose answer the log does not hold; and
  // those that were asked as a probe of the fingerprint.
  std::int64_t observations = 0;
  std::int64_t failed = 0;
  std::int64_t unanswered = 0;
  std::int64_t matched = 0;
  // Probes among them: prompts, each asked in one way. At most 1,000,000 are told apart.
  std::int64_t kinds = 0;
  // Requests that can be no plain probe, by the reason ("other_parameter tools").
  std::map<std::string, std::int64_t> obstacles;
  // Records left out, by a reason in words.
  std::map<std::string, std::int64_t> skipped;
  // As in LogImportSummary.
  std::int64_t faults = 0;
  std::vector<std::string> fault_examples;
  // Of probes of the fingerprint that no request can match.
  std::vector<std::string> warnings;
};

// Reads log files as ImportLog() does and calls back for each observation of the recording, in order; a
// status that is not ok stops and is returned.
//
// Requests of one identity (see Exchange::request_sha256) share a probe: the fingerprint's that they repeat,
// by the rules of the Observer, or one named "log/" and digits of the identity. Left out are requests whose
// parameters are not all known, since one name would stand for several ways of asking, and those with a seed,
// whose answers are no new draws. Observations that would be equal, and those without a response id, are
// numbered, so that they are not taken for copies and the same log gives the same recording again.
//
// Errors of ImportLog(); InvalidArgument: an endpoint that is no URL, several models or endpoints in the log,
// or none by name beside a named one; a log that may give the model's name in the answer and has requests of
// one kind under the chosen name and under others; more requests without a whole answer than with one;
// nothing that could be imported. What was called back before an error is no sample of anything.
[[nodiscard]] absl::StatusOr<RecordingImportSummary> ImportRecording(
    LogFormat format, const std::vector<std::string>& paths,
    const std::function<absl::Status(Observation)>& visit, const RecordingImportOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_IMPORT_RECORDING_H_
