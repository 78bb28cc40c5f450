// Answers through Gemini generateContent.
#include <string_view>

#include "pinchbeck/client/api.h"
#include "pinchbeck/client/dialect.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/reply_target.h"

namespace pinchbeck::fuzz {
namespace {

bool Run(std::string_view input) {
  static const Dialect* const kDialect = MakeDialect(Api::kGemini).release();
  return RunReply(*kDialect, input);
}

PINCHBECK_FUZZ_TARGET(gemini, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
