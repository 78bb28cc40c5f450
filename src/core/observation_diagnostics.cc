// What the parser of observations says when a line is wrong.
#include <algorithm>
#include <functional>
#include <limits>

#include "pinchbeck/internal/utf8.h"
#include "src/core/observation_handler.h"
#include "src/internal/json_text.h"

namespace pinchbeck::internal {
namespace {

// Key under which a container stands in its parent.
std::string_view ContextName(Context context) {
  switch (context) {
    case Context::kSignals:
      return "signals";
    case Context::kRequest:
      return "request";
    case Context::kResponse:
      return "response";
    case Context::kTokenIds:
      return "token_ids";
    case Context::kUsage:
      return "usage";
    case Context::kTiming:
      return "timing";
    case Context::kEventSeconds:
      return "event_s";
    case Context::kEventTokens:
      return "event_tokens";
    case Context::kLogprobs:
      return "logprobs";
    case Context::kTop:
      return "top";
    case Context::kError:
      return "error";
    case Context::kRoot:
    case Context::kPosition:
    case Context::kTopEntry:
      break;
  }
  return "";
}

std::string_view ExpectedType(const Slot& slot) {
  struct Namer {
    std::string_view operator()(Ignored) const { return "any value"; }
    std::string_view operator()(Opens opens) const { return IsList(opens.context) ? "a list" : "an object"; }
    std::string_view operator()(std::string*) const { return "a string"; }
    std::string_view operator()(std::optional<std::string>*) const { return "a string"; }
    std::string_view operator()(std::optional<std::int64_t>*) const { return "an integer"; }
    std::string_view operator()(std::optional<double>*) const { return "a number"; }
    std::string_view operator()(std::optional<bool>*) const { return "true or false"; }
    std::string_view operator()(std::vector<std::string>*) const { return "a string"; }
    std::string_view operator()(std::vector<std::int64_t>*) const { return "an integer"; }
    std::string_view operator()(std::vector<double>*) const { return "a number"; }
  };
  return std::visit(Namer{}, slot.target);
}

// Long or binary pieces of the input in a message, shortened and made printable.
std::string Excerpt(std::string_view text) {
  constexpr std::size_t kMaxExcerpt = 160;
  if (text.size() <= kMaxExcerpt) return ReplaceInvalidUtf8(text);
  return ReplaceInvalidUtf8(text.substr(0, kMaxExcerpt)) + "...";
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendJsonString(Excerpt(text), &quoted);
  return quoted;
}

}  // namespace

std::string ObservationHandler::Path() const {
  std::string path;
  for (int i = 0; i < depth_; ++i) {
    const Frame& frame = frames_[static_cast<std::size_t>(i)];
    if (IsList(frame.context)) {
      path += '[' + std::to_string(frame.index) + ']';
      continue;
    }
    if (!path.empty()) path += '.';
    const bool innermost = i + 1 == depth_;
    path += innermost ? Excerpt(name_)
                      : std::string(ContextName(frames_[static_cast<std::size_t>(i + 1)].context));
  }
  return path;
}

bool ObservationHandler::Fail(std::string_view message) {
  std::string text = Path();
  if (!text.empty()) text += ": ";
  text += message;
  status_ = absl::InvalidArgumentError(text);
  return false;
}

bool ObservationHandler::FailType(std::string_view got) {
  if (depth_ == 0) return Fail("expected a JSON object with one observation, got " + std::string(got));
  return Fail("expected " + std::string(ExpectedType(slot_)) + ", got " + std::string(got));
}

bool ObservationHandler::FailNegative(double value) {
  std::string text = "expected a value of at least 0, got ";
  AppendJsonNumber(value, &text);
  return Fail(text);
}

bool ObservationHandler::FailInteger(std::string_view got) {
  return Fail("expected an integer of at most 64 bits, got " + Excerpt(got));
}

bool ObservationHandler::CloseError() {
  const auto fail = [this](std::string_view path, std::string_view what) {
    std::string text(path);
    text += ": ";
    text += what;
    status_ = absl::InvalidArgumentError(text);
    return false;
  };
  if (!error_kind_.has_value()) return fail("error.kind", "missing; give http, timeout, network or protocol");
  const auto entry = std::ranges::find(kErrorKindNames, std::string_view(*error_kind_), &ErrorKindName::name);
  if (entry == std::end(kErrorKindNames)) {
    return fail("error.kind", "expected http, timeout, network or protocol, got " + Quoted(*error_kind_));
  }
  observation_.error->kind = entry->kind;
  if (error_status_.has_value()) {
    if (*error_status_ > std::numeric_limits<int>::max()) {
      return fail("error.status", std::to_string(*error_status_) + " is no HTTP status");
    }
    observation_.error->status = static_cast<int>(*error_status_);
  }
  return true;
}

void ObservationHandler::NumberOutOfRange(std::string_view text) {
  // Inside of ignored members there is no path: that of the outermost one is close enough.
  if (ignored_depth_ == 0) Advance();
  Fail("the number " + Excerpt(text) + " is out of range");
}

void ObservationHandler::SyntaxError(std::size_t column, std::string_view message) {
  status_ = absl::InvalidArgumentError("column " + std::to_string(column) + ": " + std::string(message));
}

absl::Status ObservationHandler::Finish() {
  if (schema_.has_value() && *schema_ != kObservationSchema) {
    return absl::InvalidArgumentError("schema: expected \"" + std::string(kObservationSchema) + "\", got " +
                                      Quoted(*schema_) + "; convert the recording or update the program");
  }
  if (observation_.probe.empty()) {
    return absl::InvalidArgumentError("probe: missing or empty; every observation names its probe");
  }
  const TimingRecord& timing = observation_.timing;
  const auto later = std::ranges::adjacent_find(timing.event_s, std::ranges::greater());
  if (later != timing.event_s.end()) {
    const auto index = later - timing.event_s.begin() + 1;
    std::string text = "timing.event_s[" + std::to_string(index) + "]: ";
    AppendJsonNumber(*(later + 1), &text);
    text += " comes before the event ahead of it at ";
    AppendJsonNumber(*later, &text);
    return absl::InvalidArgumentError(text);
  }
  if (!timing.event_tokens.empty() && timing.event_tokens.size() != timing.event_s.size()) {
    return absl::InvalidArgumentError(
        "timing.event_tokens: has " + std::to_string(timing.event_tokens.size()) +
        " entries, but timing.event_s has " + std::to_string(timing.event_s.size()));
  }
  return absl::OkStatus();
}

}  // namespace pinchbeck::internal
