// One attempt at a request: receives the answer and judges how it ended.
#ifndef PINCHBECK_SRC_CLIENT_ATTEMPT_H_
#define PINCHBECK_SRC_CLIENT_ATTEMPT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/retry.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

struct AttemptResult {
  Observation observation;
  AttemptOutcome outcome;
  bool repaired = false;
  // Nothing was generated, so that nothing was paid for.
  bool free_of_charge = false;
  // Non-empty and equal for failures of one lasting kind (see GiveUpRule).
  std::string fatal_class;
  // What to do about the failure; may be empty when the error's message says it.
  std::string advice;
};

class Attempt final : public TransferHandler {
 public:
  // `observation` holds what is known before the request is sent.
  Attempt(Observation observation, std::unique_ptr<ResponseDecoder> decoder)
      : observation_(std::move(observation)), decoder_(std::move(decoder)) {}

  void OnHead(const ResponseHead& head) override { decoder_->OnHead(head); }
  [[nodiscard]] absl::Status OnBytes(std::string_view bytes, double arrival_s) override {
    return decoder_->OnBytes(bytes, arrival_s);
  }

  // Call once, with the transport's result.
  [[nodiscard]] AttemptResult Finish(const TransferResult& result, const Secret& key);

 private:
  Observation observation_;
  std::unique_ptr<ResponseDecoder> decoder_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_ATTEMPT_H_
