// A dialect whose requests do without what an endpoint refused.
#ifndef PINCHBECK_SRC_CLIENT_ADAPTED_DIALECT_H_
#define PINCHBECK_SRC_CLIENT_ADAPTED_DIALECT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/adaptation.h"
#include "pinchbeck/client/dialect.h"

namespace pinchbeck::internal {

class AdaptedDialect final : public Dialect {
 public:
  // Both must outlive this object; the adaptation may change between calls.
  AdaptedDialect(const Dialect& dialect, const Adaptation& adaptation)
      : dialect_(dialect), adaptation_(adaptation) {}

  [[nodiscard]] std::string_view name() const override { return dialect_.name(); }
  [[nodiscard]] DialectFeatures features() const override { return dialect_.features(); }
  [[nodiscard]] absl::StatusOr<HttpRequest> BuildRequest(const Endpoint& endpoint, const Probe& probe,
                                                         std::optional<std::int64_t> seed) const override;
  [[nodiscard]] std::unique_ptr<ResponseDecoder> MakeDecoder(bool streaming) const override {
    return dialect_.MakeDecoder(streaming && !adaptation_.stream);
  }

 private:
  const Dialect& dialect_;
  const Adaptation& adaptation_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_ADAPTED_DIALECT_H_
