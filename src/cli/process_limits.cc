#include "src/cli/process_limits.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>

namespace pinchbeck::cli {

void ForbidCoreDumps() {
  // One byte instead of none: Linux hands dumps to a collecting program whatever the limit is, but for this
  // one. PR_SET_DUMPABLE would also close /dev/stdout to users other than root.
  const rlimit limit{1, 1};
  (void)setrlimit(RLIMIT_CORE, &limit);
}

void AllowManyFiles() {
  constexpr rlim_t kEnough = 4096;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kEnough) return;
  limit.rlim_cur = std::min(kEnough, limit.rlim_max);
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void ReportFileSizeLimits() { (void)signal(SIGXFSZ, SIG_IGN); }

}  // namespace pinchbeck::cli
