// The receiver of JSON events that fills an Observation.
#ifndef PINCHBECK_SRC_CORE_OBSERVATION_HANDLER_H_
#define PINCHBECK_SRC_CORE_OBSERVATION_HANDLER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/core/observation.h"
#include "src/core/observation_fields.h"

namespace pinchbeck::internal {

// What the innermost open container is.
enum class Context {
  kRoot,
  kSignals,
  kRequest,
  kResponse,
  kTokenIds,
  kUsage,
  kTiming,
  kEventSeconds,
  kEventTokens,
  kLogprobs,
  kPosition,
  kTop,
  kTopEntry,
  kError,
};

constexpr bool IsList(Context context) {
  return context == Context::kSignals || context == Context::kTokenIds || context == Context::kEventSeconds ||
         context == Context::kEventTokens || context == Context::kLogprobs || context == Context::kTop;
}

// Members that the schema does not know.
struct Ignored {};
// A container of the schema, to be entered.
struct Opens {
  Context context;
};

// Where the next value goes. Vectors take one more element.
struct Slot {
  std::variant<Ignored, Opens, std::string*, std::optional<std::string>*, std::optional<std::int64_t>*,
               std::optional<double>*, std::optional<bool>*, std::vector<std::string>*,
               std::vector<std::int64_t>*, std::vector<double>*>
      target;
  FieldRule rule = FieldRule::kAny;
};

// Receives the events of JsonScanner, which stops as soon as a member returns false; status() then says why.
class ObservationHandler {
 public:
  explicit ObservationHandler(Observation* observation) : observation_(*observation) {}

  bool Null();
  bool Boolean(bool value);
  bool Integer(std::int64_t value);
  bool Number(double value, std::string_view text);
  bool String(std::string& value);
  bool StartObject() { return Open(/*is_list=*/false); }
  bool StartList() { return Open(/*is_list=*/true); }
  bool Key(std::string& name);
  bool EndObject() { return Close(); }
  bool EndList() { return Close(); }
  void NumberOutOfRange(std::string_view text);
  void SyntaxError(std::size_t column, std::string_view message);

  // Why parsing stopped; OK when it did not.
  const absl::Status& status() const { return status_; }
  // Checks what only the whole line can tell.
  absl::Status Finish();

 private:
  struct Frame {
    Context context = Context::kRoot;
    std::int64_t index = -1;  // of the current element, in lists
  };

  Frame& top() { return frames_[static_cast<std::size_t>(depth_ - 1)]; }
  // Moves on to the next element when the innermost container is a list. For members, Key() did that.
  void Advance();
  Slot MemberSlot(Context context, std::string_view name);
  Slot ElementSlot(Context context);
  bool Open(bool is_list);
  bool Close();
  void Enter(Context context);
  // Empties what a container fills, so that of two members with one name the last one wins.
  void Reset(Context context);
  // null: empties the place of the value.
  bool Clear(Ignored) { return true; }
  bool Clear(Opens opens);
  bool Clear(std::string* text) {
    text->clear();
    return true;
  }
  template <class T>
  bool Clear(std::optional<T>* value) {
    value->reset();
    return true;
  }
  template <class T>
  bool Clear(std::vector<T>*) {
    return FailType("null");  // a hole in a list of plain values
  }
  bool StoreInteger(std::int64_t value);
  bool StoreNumber(double value);
  bool CloseError();
  std::string Path() const;
  bool Fail(std::string_view message);
  bool FailType(std::string_view got);
  bool FailNegative(double value);
  bool FailInteger(std::string_view got);

  Observation& observation_;
  absl::Status status_;
  // The schema nests containers five deep; others are ignored and only counted.
  std::array<Frame, 8> frames_;
  int depth_ = 0;
  int ignored_depth_ = 0;
  Slot slot_;
  std::string name_;  // the key read last
  std::optional<std::string> schema_;
  std::optional<std::string> error_kind_;
  std::optional<std::int64_t> error_status_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_OBSERVATION_HANDLER_H_
