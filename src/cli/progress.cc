#include "src/cli/progress.h"

#include <ostream>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace pinchbeck::cli {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
// Carriage return and "erase to the end of the line".
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

std::string ProgressText(const CollectProgress& progress, absl::Duration elapsed) {
  const CollectSummary& summary = progress.summary;
  const std::int64_t total = summary.planned - summary.skipped_by_resume;
  std::string text = absl::StrFormat("%d/%d  ok %d  failed %d  retried %d  tokens %d in %d out", summary.done,
                                     total, summary.ok, summary.failed, summary.retried, summary.input_tokens,
                                     summary.output_tokens);
  if (summary.cost_usd.has_value()) text += absl::StrFormat("  %.4f USD", *summary.cost_usd);
  if (summary.done > 0 && summary.done < total) {
    const double share = static_cast<double>(total - summary.done) / static_cast<double>(summary.done);
    text += "  about " + absl::FormatDuration(absl::Ceil(elapsed * share, absl::Seconds(1))) + " left";
  }
  return text;
}

ProgressLine::ProgressLine(std::ostream& err, Clock& clock)
    : err_(err), clock_(clock), start_(clock.Monotonic()) {}

ProgressLine::~ProgressLine() {
  if (shown_) err_ << kClearLine << std::flush;
}

void ProgressLine::OnProgress(const CollectProgress& progress) {
  const absl::Duration now = clock_.Monotonic();
  if (now - last_shown_ < kRedrawInterval) return;
  last_shown_ = now;
  shown_ = true;
  err_ << kClearLine << ProgressText(progress, now - start_) << std::flush;
}

}  // namespace pinchbeck::cli
