// The progress line of a collection.
#ifndef PINCHBECK_SRC_CLI_PROGRESS_H_
#define PINCHBECK_SRC_CLI_PROGRESS_H_

#include <iosfwd>
#include <string>

#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/clock.h"

namespace pinchbeck::cli {

// "12/400  ok 11  failed 1  retried 0  tokens 310 in 95 out  0.01 USD  about 2m10s left"
[[nodiscard]] std::string ProgressText(const CollectProgress& progress, absl::Duration elapsed);

// Rewrites one line of a terminal, a few times a second at most. Make one only if `err` is a terminal.
class ProgressLine final : public ProgressObserver {
 public:
  ProgressLine(std::ostream& err, Clock& clock);
  // Clears the line.
  ~ProgressLine() override;
  void OnProgress(const CollectProgress& progress) override;

 private:
  std::ostream& err_;
  Clock& clock_;
  absl::Duration start_;
  absl::Duration last_shown_ = -absl::InfiniteDuration();
  bool shown_ = false;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_PROGRESS_H_
