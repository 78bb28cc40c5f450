// Flags that the commands which test have in common.
#ifndef PINCHBECK_SRC_CLI_AUDIT_FLAGS_H_
#define PINCHBECK_SRC_CLI_AUDIT_FLAGS_H_

#include <cstdint>
#include <string>

#include "pinchbeck/audit/verify.h"
#include "src/cli/command.h"
#include "src/cli/report_files.h"

namespace pinchbeck::cli {

struct AuditFlags {
  std::string claim = "weights";
  std::string latency = "advisory";
  double alpha = VerifyOptions{}.alpha;
  std::uint64_t seed = VerifyOptions{}.seed;
  std::int64_t permutations = VerifyOptions{}.permutations;
  // 0: one per processor.
  int threads = 0;
  bool ranking_only = false;
  bool json = false;
  ReportFileFlags files;
};

void AddAuditFlags(CLI::App& app, AuditFlags& flags);
[[nodiscard]] VerifyOptions ToVerifyOptions(const AuditFlags& flags);

// Appends the flags that decide about the result.
void AppendAuditFlags(const AuditFlags& flags, ShellCommand& command);

// Prints the report to `context.out` and sets the exit code of its verdict.
void PrintReport(const Report& report, bool json, CommandContext& context);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_AUDIT_FLAGS_H_
