// The addresses of operations, and what of a base URL is not part of them.
#ifndef PINCHBECK_SRC_CLIENT_OPERATION_H_
#define PINCHBECK_SRC_CLIENT_OPERATION_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "pinchbeck/client/api.h"
#include "src/client/url.h"

namespace pinchbeck::internal {

struct SplitPath {
  // Without trailing slashes and without the operation.
  std::string base;
  // The API whose operation the path ended in.
  std::optional<Api> api;
};

// Takes the operation of any API off the end of a path.
[[nodiscard]] SplitPath SplitOperation(std::string_view path);

[[nodiscard]] bool EndsWith(std::string_view text, std::string_view end);

// Whether the last segment of a path is a version: "v1", "v1beta", "v2".
[[nodiscard]] bool EndsInVersion(std::string_view path);

// Address of `operation` ("/chat/completions") below a base URL that may already end in an operation.
// `version` ("/v1", may be empty) comes in between unless the base ends in a version. The query is kept.
// InvalidArgument: as ParseUrl().
[[nodiscard]] absl::StatusOr<Url> OperationUrl(std::string_view base_url, std::string_view version,
                                               std::string_view operation);

// One path segment: everything but letters, digits and "-._~" is percent-encoded.
[[nodiscard]] std::string EncodeSegment(std::string_view text);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OPERATION_H_
