#include "src/core/observation_handler.h"

#include <cmath>
#include <utility>

namespace pinchbeck::internal {
namespace {

template <class Record, std::size_t N>
std::optional<Slot> FindField(const FieldOf<Record> (&fields)[N], std::string_view name, Record* record) {
  for (const FieldOf<Record>& field : fields) {
    if (field.name != name) continue;
    return std::visit([&](auto member) { return Slot{&(record->*member), field.rule}; }, field.member);
  }
  return std::nullopt;
}

Slot TokenSlot(TokenLogprob* token, std::string_view name) {
  if (name == "token") return {&token->token};
  if (name == "logprob") return {&token->logprob};
  if (name == "id") return {&token->id};
  return {};
}

// The value as an integer where it is one: some writers print counts as 5.0.
std::optional<std::int64_t> ExactInteger(double value) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(value >= -kLimit && value < kLimit) || value != std::floor(value)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

Slot ObservationHandler::MemberSlot(Context context, std::string_view name) {
  std::optional<Slot> slot;
  switch (context) {
    case Context::kTopEntry:
      return TokenSlot(&observation_.logprobs.back().top.back(), name);
    case Context::kPosition:
      if (name == "top") return {Opens{Context::kTop}};
      return TokenSlot(&observation_.logprobs.back().sampled, name);
    case Context::kRoot:
      if (name == "probe") return {&observation_.probe};
      if (name == "schema") return {&schema_};
      if (name == "request") return {Opens{Context::kRequest}};
      if (name == "response") return {Opens{Context::kResponse}};
      if (name == "usage") return {Opens{Context::kUsage}};
      if (name == "timing") return {Opens{Context::kTiming}};
      if (name == "logprobs") return {Opens{Context::kLogprobs}};
      if (name == "signals") return {Opens{Context::kSignals}};
      if (name == "error") return {Opens{Context::kError}};
      slot = FindField(kObservationFields, name, &observation_);
      break;
    case Context::kRequest:
      slot = FindField(kRequestFields, name, &observation_.request);
      break;
    case Context::kResponse:
      if (name == "token_ids") return {Opens{Context::kTokenIds}};
      slot = FindField(kResponseFields, name, &observation_.response);
      break;
    case Context::kUsage:
      slot = FindField(kUsageFields, name, &observation_.usage);
      break;
    case Context::kTiming:
      if (name == "event_s") return {Opens{Context::kEventSeconds}};
      if (name == "event_tokens") return {Opens{Context::kEventTokens}};
      slot = FindField(kTimingFields, name, &observation_.timing);
      break;
    case Context::kError:
      if (name == "kind") return {&error_kind_};
      if (name == "status") return {&error_status_, FieldRule::kNonNegative};
      if (name == "message") return {&observation_.error->message};
      break;
    default:
      break;
  }
  return slot.value_or(Slot{});
}

Slot ObservationHandler::ElementSlot(Context context) {
  switch (context) {
    case Context::kTop:
      return {Opens{Context::kTopEntry}};
    case Context::kLogprobs:
      return {Opens{Context::kPosition}};
    case Context::kSignals:
      return {&observation_.signals};
    case Context::kTokenIds:
      return {&*observation_.response.token_ids};
    case Context::kEventSeconds:
      return {&observation_.timing.event_s, FieldRule::kNonNegative};
    case Context::kEventTokens:
      return {&observation_.timing.event_tokens, FieldRule::kNonNegative};
    default:
      return {};
  }
}

void ObservationHandler::Advance() {
  if (depth_ == 0 || !IsList(top().context)) return;
  ++top().index;
  slot_ = ElementSlot(top().context);
}

bool ObservationHandler::Key(std::string& name) {
  if (ignored_depth_ > 0) return true;
  name_.swap(name);
  slot_ = MemberSlot(top().context, name_);
  return true;
}

void ObservationHandler::Reset(Context context) {
  switch (context) {
    case Context::kSignals:
      observation_.signals.clear();
      break;
    case Context::kRequest:
      observation_.request = {};
      break;
    case Context::kResponse:
      observation_.response = {};
      break;
    case Context::kTokenIds:
      observation_.response.token_ids.reset();
      break;
    case Context::kUsage:
      observation_.usage = {};
      break;
    case Context::kTiming:
      observation_.timing = {};
      break;
    case Context::kEventSeconds:
      observation_.timing.event_s.clear();
      break;
    case Context::kEventTokens:
      observation_.timing.event_tokens.clear();
      break;
    case Context::kLogprobs:
      observation_.logprobs.clear();
      break;
    case Context::kTop:
      observation_.logprobs.back().top.clear();
      break;
    case Context::kError:
      observation_.error.reset();
      error_kind_.reset();
      error_status_.reset();
      break;
    case Context::kRoot:
    case Context::kPosition:
    case Context::kTopEntry:
      break;
  }
}

void ObservationHandler::Enter(Context context) {
  Reset(context);
  if (context == Context::kTokenIds) observation_.response.token_ids.emplace();
  if (context == Context::kError) observation_.error.emplace();
  if (context == Context::kPosition) observation_.logprobs.emplace_back();
  if (context == Context::kTopEntry) observation_.logprobs.back().top.emplace_back();
  if (context == Context::kTop && observation_.logprobs.size() > 1) {
    // Positions of one answer nearly always hold equally many alternatives.
    const PositionLogprobs* previous = &observation_.logprobs.back() - 1;
    observation_.logprobs.back().top.reserve(previous->top.size());
  }
  frames_[static_cast<std::size_t>(depth_)] = {context, -1};
  ++depth_;
}

bool ObservationHandler::Open(bool is_list) {
  const std::string_view got = is_list ? "a list" : "an object";
  if (depth_ == 0) {
    if (is_list) return FailType(got);
    Enter(Context::kRoot);
    return true;
  }
  if (ignored_depth_ == 0) {
    Advance();
    if (const auto* opens = std::get_if<Opens>(&slot_.target)) {
      if (IsList(opens->context) != is_list) return FailType(got);
      Enter(opens->context);
      return true;
    }
    if (!std::holds_alternative<Ignored>(slot_.target)) return FailType(got);
  }
  ++ignored_depth_;
  return true;
}

bool ObservationHandler::Close() {
  if (ignored_depth_ > 0) {
    --ignored_depth_;
    return true;
  }
  const bool closes_error = top().context == Context::kError;
  --depth_;
  return !closes_error || CloseError();
}

bool ObservationHandler::Clear(Opens opens) {
  // A position without information keeps its place; an absent alternative is no alternative.
  if (opens.context == Context::kPosition) observation_.logprobs.emplace_back();
  Reset(opens.context);
  return true;
}

bool ObservationHandler::Null() {
  if (depth_ == 0) return FailType("null");
  if (ignored_depth_ > 0) return true;
  Advance();
  return std::visit([this](auto target) { return Clear(target); }, slot_.target);
}

bool ObservationHandler::Boolean(bool value) {
  if (ignored_depth_ > 0) return true;
  Advance();
  if (depth_ > 0) {
    if (std::holds_alternative<Ignored>(slot_.target)) return true;
    if (auto* target = std::get_if<std::optional<bool>*>(&slot_.target)) {
      **target = value;
      return true;
    }
  }
  return FailType("a boolean");
}

bool ObservationHandler::String(std::string& value) {
  if (ignored_depth_ > 0) return true;
  Advance();
  if (depth_ > 0) {
    if (std::holds_alternative<Ignored>(slot_.target)) return true;
    if (auto* plain = std::get_if<std::string*>(&slot_.target)) {
      (*plain)->swap(value);
      return true;
    }
    if (auto* optional = std::get_if<std::optional<std::string>*>(&slot_.target)) {
      (*optional)->reset();
      if (!value.empty() || slot_.rule == FieldRule::kKeepEmpty) (*optional)->emplace(std::move(value));
      return true;
    }
    if (auto* list = std::get_if<std::vector<std::string>*>(&slot_.target)) {
      (*list)->push_back(std::move(value));
      return true;
    }
  }
  return FailType("a string");
}

bool ObservationHandler::Integer(std::int64_t value) {
  if (ignored_depth_ > 0) return true;
  Advance();
  if (depth_ == 0) return FailType("a number");
  if (std::holds_alternative<std::optional<double>*>(slot_.target) ||
      std::holds_alternative<std::vector<double>*>(slot_.target)) {
    return StoreNumber(static_cast<double>(value));
  }
  return StoreInteger(value);
}

bool ObservationHandler::Number(double value, std::string_view text) {
  if (ignored_depth_ > 0) return true;
  Advance();
  if (depth_ == 0) return FailType("a number");
  if (!std::holds_alternative<std::optional<std::int64_t>*>(slot_.target) &&
      !std::holds_alternative<std::vector<std::int64_t>*>(slot_.target)) {
    return StoreNumber(value);
  }
  // Some writers print counts as 5.0.
  if (const std::optional<std::int64_t> integer = ExactInteger(value)) return StoreInteger(*integer);
  return FailInteger(text);
}

// Stores into the slot of a list or optional of integers.
bool ObservationHandler::StoreInteger(std::int64_t value) {
  if (std::holds_alternative<Ignored>(slot_.target)) return true;
  auto* optional = std::get_if<std::optional<std::int64_t>*>(&slot_.target);
  auto* list = std::get_if<std::vector<std::int64_t>*>(&slot_.target);
  if (optional == nullptr && list == nullptr) return FailType("a number");
  if (slot_.rule == FieldRule::kNonNegative && value < 0) return FailNegative(static_cast<double>(value));
  if (optional != nullptr) {
    **optional = value;
  } else {
    (*list)->push_back(value);
  }
  return true;
}

// Stores into the slot of a list or optional of doubles.
bool ObservationHandler::StoreNumber(double value) {
  if (std::holds_alternative<Ignored>(slot_.target)) return true;
  auto* optional = std::get_if<std::optional<double>*>(&slot_.target);
  auto* list = std::get_if<std::vector<double>*>(&slot_.target);
  if (optional == nullptr && list == nullptr) return FailType("a number");
  if (slot_.rule == FieldRule::kNonNegative && value < 0.0) return FailNegative(value);
  if (optional != nullptr) {
    **optional = value;
  } else {
    (*list)->push_back(value);
  }
  return true;
}

}  // namespace pinchbeck::internal
