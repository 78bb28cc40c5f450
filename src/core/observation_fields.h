// Names of the plain fields of an observation, shared by the parser and the serialiser so that they cannot
// disagree.
#ifndef PINCHBECK_SRC_CORE_OBSERVATION_FIELDS_H_
#define PINCHBECK_SRC_CORE_OBSERVATION_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

enum class FieldRule {
  kAny,
  // Numbers below zero are errors.
  kNonNegative,
  // An empty string is a value; elsewhere it is read as absent.
  kKeepEmpty,
};

template <class Record>
struct FieldOf {
  std::string_view name;
  std::variant<std::optional<std::string> Record::*, std::optional<std::int64_t> Record::*,
               std::optional<double> Record::*, std::optional<bool> Record::*>
      member;
  FieldRule rule = FieldRule::kAny;
};

inline constexpr FieldOf<Observation> kObservationFields[] = {
    {"sample", &Observation::sample},
    {"session", &Observation::session},
    {"time", &Observation::time},
    {"endpoint", &Observation::endpoint},
};

inline constexpr FieldOf<RequestRecord> kRequestFields[] = {
    {"api", &RequestRecord::api},
    {"model", &RequestRecord::model},
    {"temperature", &RequestRecord::temperature},
    {"top_p", &RequestRecord::top_p},
    {"top_k", &RequestRecord::top_k},
    {"min_p", &RequestRecord::min_p},
    {"max_tokens", &RequestRecord::max_tokens, FieldRule::kNonNegative},
    {"seed", &RequestRecord::seed},
    {"stream", &RequestRecord::stream},
    {"top_logprobs", &RequestRecord::top_logprobs, FieldRule::kNonNegative},
    {"prompt_sha256", &RequestRecord::prompt_sha256},
};

inline constexpr FieldOf<ResponseRecord> kResponseFields[] = {
    {"id", &ResponseRecord::id},
    {"model", &ResponseRecord::model},
    {"text", &ResponseRecord::text, FieldRule::kKeepEmpty},
    {"reasoning_text", &ResponseRecord::reasoning_text},
    {"finish_reason", &ResponseRecord::finish_reason},
    {"native_finish_reason", &ResponseRecord::native_finish_reason},
    {"provider", &ResponseRecord::provider},
    {"system_fingerprint", &ResponseRecord::system_fingerprint},
};

inline constexpr FieldOf<UsageRecord> kUsageFields[] = {
    {"input_tokens", &UsageRecord::input_tokens, FieldRule::kNonNegative},
    {"output_tokens", &UsageRecord::output_tokens, FieldRule::kNonNegative},
    {"reasoning_tokens", &UsageRecord::reasoning_tokens, FieldRule::kNonNegative},
    {"cached_input_tokens", &UsageRecord::cached_input_tokens, FieldRule::kNonNegative},
    {"cost", &UsageRecord::cost, FieldRule::kNonNegative},
};

inline constexpr FieldOf<TimingRecord> kTimingFields[] = {
    {"connect_s", &TimingRecord::connect_s, FieldRule::kNonNegative},
    {"first_token_s", &TimingRecord::first_token_s, FieldRule::kNonNegative},
    {"total_s", &TimingRecord::total_s, FieldRule::kNonNegative},
};

struct ErrorKindName {
  std::string_view name;
  ErrorKind kind;
};

inline constexpr ErrorKindName kErrorKindNames[] = {
    {"http", ErrorKind::kHttp},
    {"timeout", ErrorKind::kTimeout},
    {"network", ErrorKind::kNetwork},
    {"protocol", ErrorKind::kProtocol},
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_OBSERVATION_FIELDS_H_
