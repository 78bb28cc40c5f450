// The requests behind ExamineEndpoint().
#ifndef PINCHBECK_SRC_CLIENT_EXAMINER_H_
#define PINCHBECK_SRC_CLIENT_EXAMINER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "pinchbeck/client/doctor.h"
#include "pinchbeck/core/probe.h"
#include "src/client/adapted_dialect.h"
#include "src/client/attempt.h"
#include "src/client/refusal.h"

namespace pinchbeck::internal {

// Requests of one examination, refused ones and their repetitions included.
inline constexpr std::int64_t kMaxExaminationRequests = 16;

// The question of all but the seed's requests. Its answer is longer than the output limit, so that a limit
// that is not kept shows; and it ends by itself, so that this costs little.
[[nodiscard]] Probe ExaminationProbe();
// One with many possible answers.
[[nodiscard]] Probe SeedProbe();

class Examiner {
 public:
  Examiner(const Endpoint& endpoint, const TransferTimeouts& timeouts, const DoctorServices& services);
  [[nodiscard]] absl::StatusOr<DoctorReport> Run();

 private:
  // One answer, after the adaptations that it took.
  struct Answer {
    AttemptResult result;
    SentParameters sent;
    // Seconds of the whole transfer.
    double total_s = 0.0;
    [[nodiscard]] bool good() const { return !result.observation.error.has_value(); }
  };

  // Absent when the number of requests is used up or the stop flag is set.
  [[nodiscard]] absl::StatusOr<std::optional<Answer>> Ask(const Probe& probe,
                                                          std::optional<std::int64_t> seed = std::nullopt);
  [[nodiscard]] absl::StatusOr<Answer> Send(const Probe& probe, std::optional<std::int64_t> seed);
  [[nodiscard]] bool Adapt(const Answer& answer);
  void NoteHead(const TransferResult& transfer, absl::Time sent_at, absl::Time ended_at);

  [[nodiscard]] absl::Status AskPlain();
  [[nodiscard]] absl::Status AskStream();
  [[nodiscard]] absl::Status AskLogprobs();
  [[nodiscard]] absl::Status AskTemperature();
  [[nodiscard]] absl::Status AskSeed();
  [[nodiscard]] absl::Status AskOtherLimitName();

  const Endpoint& endpoint_;
  TransferTimeouts timeouts_;
  const DoctorServices& services_;
  Adaptation adaptation_;
  AdaptedDialect dialect_;
  std::string origin_;
  // The server's words of the latest refusal.
  std::string refusal_words_;
  DoctorReport report_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_EXAMINER_H_
