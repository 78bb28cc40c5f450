// Needs every part of the library: a transport, a fingerprint, recordings, a verdict and its report.
#include <cstdio>
#include <string>
#include <string_view>

#include "pinchbeck/audit/verify.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/report/report_writers.h"
#include "pinchbeck/version.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const auto transport = pinchbeck::MakeCurlTransport();
  if (!transport.ok()) return Fail(transport.status());
  const auto fingerprint = pinchbeck::LoadFingerprint(argv[1]);
  if (!fingerprint.ok()) return Fail(fingerprint.status());
  const auto report = pinchbeck::VerifyRecordings(*fingerprint, {argv[2]});
  if (!report.ok()) return Fail(report.status());
  if (pinchbeck::ReportToText(*report).empty()) return 2;
  const std::string_view verdict = pinchbeck::VerdictName(report->verdict);
  std::printf("%s %s %s\n", std::string(pinchbeck::kVersion).c_str(), fingerprint->model.c_str(),
              std::string(verdict).c_str());
}
