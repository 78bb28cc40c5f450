// Each allocation of a call fails once: the call must return a code, and the next one must work.
//
// Where JSON documents are involved, only allocations of some size fail: the JSON package allocates a little
// while it frees a document, in a destructor, from which nothing can be returned (see pinchbeck.h).
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "tests/c/c_fixture.h"

namespace {

// Allocations until one fails; negative: never.
thread_local std::int64_t allocations_left = -1;
// Smaller ones do not count.
thread_local std::size_t least_size = 1;

void* Allocate(std::size_t size) {
  if (size >= least_size && allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// The shared library takes these too.
void* operator new(std::size_t size) { return Allocate(size); }
void* operator new[](std::size_t size) { return Allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace pinchbeck {
namespace {

// Runs `call` with the first, second, ... allocation of at least `least` bytes failing until none fails;
// returns how many failed.
template <class Call>
std::int64_t FailEveryAllocation(std::size_t least, Call call) {
  least_size = least;
  for (std::int64_t n = 0;; ++n) {
    pinchbeck_error* error = nullptr;
    allocations_left = n;
    const pinchbeck_code code = call(&error);
    allocations_left = -1;
    if (code == PINCHBECK_OK) return n;
    EXPECT_EQ(code, PINCHBECK_OUT_OF_MEMORY) << "allocation " << n << ": " << pinchbeck_error_message(error);
    EXPECT_EQ(pinchbeck_error_code(error), code);
    EXPECT_STREQ(pinchbeck_error_message(error), "out of memory");
    pinchbeck_error_free(error);
    if (code != PINCHBECK_OUT_OF_MEMORY || n > 100000) return n;
  }
}

struct Handles {
  std::string json = SerializeFingerprint(EnrolledFrom(WithPrompts(RandomChoices(2, 20, 2, 1)), "m"));
  FingerprintHandle fingerprint;
  VerifierHandle verifier;
  MonitorHandle monitor;
  ObserverHandle observer;

  Handles() {
    pinchbeck_fingerprint* made = nullptr;
    EXPECT_EQ(pinchbeck_fingerprint_parse(json.data(), json.size(), &made, nullptr), PINCHBECK_OK);
    fingerprint.reset(made);
    pinchbeck_verifier* new_verifier = nullptr;
    EXPECT_EQ(pinchbeck_verifier_new(made, nullptr, 0, nullptr, &new_verifier, nullptr), PINCHBECK_OK);
    verifier.reset(new_verifier);
    pinchbeck_monitor* new_monitor = nullptr;
    EXPECT_EQ(pinchbeck_monitor_new(made, nullptr, 0, nullptr, &new_monitor, nullptr), PINCHBECK_OK);
    monitor.reset(new_monitor);
    pinchbeck_observer* new_observer = nullptr;
    EXPECT_EQ(pinchbeck_observer_new(made, R"({"models": ["m"]})", &new_observer, nullptr), PINCHBECK_OK);
    observer.reset(new_observer);
  }
};

TEST(CAllocationTest, EveryFailureOfAddingAndSteppingBecomesACode) {
  const Handles handles;
  const std::string line = Lines(WithPrompts(RandomChoices(1, 1, 2, 2)));
  EXPECT_GT(FailEveryAllocation(1,
                                [&](pinchbeck_error** error) {
                                  return pinchbeck_verifier_add(handles.verifier.get(), line.data(),
                                                                line.size(), error);
                                }),
            3);
  EXPECT_GT(FailEveryAllocation(1,
                                [&](pinchbeck_error** error) {
                                  return pinchbeck_monitor_step(handles.monitor.get(), line.data(),
                                                                line.size(), error);
                                }),
            3);
}

TEST(CAllocationTest, LargerFailuresAroundJsonBecomeCodes) {
  const Handles handles;
  constexpr std::size_t kLarge = 1000;
  pinchbeck_fingerprint* fingerprint = nullptr;
  EXPECT_GT(FailEveryAllocation(kLarge,
                                [&](pinchbeck_error** error) {
                                  return pinchbeck_fingerprint_parse(handles.json.data(), handles.json.size(),
                                                                     &fingerprint, error);
                                }),
            0);
  pinchbeck_fingerprint_free(fingerprint);
  const std::string exchange =
      R"({"request": {"model": "m", "messages": [{"role": "user", "content": ")" + std::string(5000, 'q') +
      R"("}]}, "response": {"choices": [{"message": {"content": ")" + std::string(5000, 'a') + R"("}}]}})";
  const char* use = nullptr;
  EXPECT_GT(FailEveryAllocation(kLarge,
                                [&](pinchbeck_error** error) {
                                  return pinchbeck_observer_observe(handles.observer.get(), exchange.data(),
                                                                    exchange.size(), &use, error);
                                }),
            5);
  EXPECT_STREQ(use, "unknown_prompt");
}

}  // namespace
}  // namespace pinchbeck
