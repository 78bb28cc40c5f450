// A fuzz target is written once and runs in two programs: under libFuzzer, and over the seeds in the tests.
#ifndef PINCHBECK_TESTS_FUZZ_FUZZ_TARGET_H_
#define PINCHBECK_TESTS_FUZZ_FUZZ_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

namespace pinchbeck::fuzz {

// Runs one input. True when the input was accepted as what it should be, so that the tests can see whether
// the seeds reach beyond the first check. Any bytes are legal input; a broken property goes to Violation().
using TargetFunction = bool (*)(std::string_view input);

struct Target {
  const char* name;
  TargetFunction run;
};

// Reports that a property does not hold: aborts under libFuzzer, fails the running test elsewhere.
void Violation(const char* file, int line, const std::string& what);

// The targets of this program.
std::vector<Target>& Targets();

struct Registration {
  explicit Registration(const Target& target) { Targets().push_back(target); }
};

}  // namespace pinchbeck::fuzz

// Checks a property that must hold for every input.
#define PINCHBECK_FUZZ_CHECK(condition, what)                                   \
  do {                                                                          \
    if (!(condition)) ::pinchbeck::fuzz::Violation(__FILE__, __LINE__, (what)); \
  } while (false)

// Makes a function known under the name that its seeds' folder has.
#define PINCHBECK_FUZZ_TARGET(name, function) \
  const ::pinchbeck::fuzz::Registration name##_registration({#name, function})

#endif  // PINCHBECK_TESTS_FUZZ_FUZZ_TARGET_H_
