// Runs every fuzz target on its seeds, on their prefixes and on small changes of them, without a fuzzer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace pinchbeck::fuzz {

void Violation(const char* file, int line, const std::string& what) { ADD_FAILURE_AT(file, line) << what; }

std::vector<Target>& Targets() {
  static auto* const kTargets = new std::vector<Target>();
  return *kTargets;
}

namespace {

struct Seed {
  std::string name;
  std::string bytes;
};

std::vector<Seed> SeedsOf(const std::string& target) {
  std::vector<Seed> seeds;
  const std::filesystem::path folder =
      std::filesystem::path(PINCHBECK_SOURCE_DIR) / "tests/fuzz/corpus" / target;
  if (!std::filesystem::is_directory(folder)) return seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.push_back({entry.path().filename().string(),
                     std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>())});
  }
  // The order of a folder is the file system's.
  std::sort(seeds.begin(), seeds.end(), [](const Seed& a, const Seed& b) { return a.name < b.name; });
  return seeds;
}

// One of the changes that find most mistakes in parsers: another byte, a missing, repeated or foreign piece.
std::string Mutate(std::string bytes, const std::string& other, std::mt19937_64& random) {
  const auto below = [&random](std::size_t bound) { return bound == 0 ? 0 : random() % bound; };
  const std::size_t at = below(bytes.size() + 1);
  const std::size_t length = below(std::min<std::size_t>(bytes.size() - at, 24) + 1);
  switch (below(6)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(random());
      break;
    case 1:
      bytes.erase(at, length);
      break;
    case 2:
      bytes.insert(at, bytes.substr(at, length));
      break;
    case 3: {
      static constexpr std::string_view kPieces[] = {
          "\"",    "{",       "}",    "[",    "]", "null", "-1",
          "1e999", "\\u0000", "\xFF", "\r\n", ":", ",",    "18446744073709551616"};
      bytes.insert(at, kPieces[below(std::size(kPieces))]);
      break;
    }
    case 4:
      bytes.insert(at, other.substr(below(other.size() + 1), length));
      break;
    default:
      bytes.resize(at);
      break;
  }
  return bytes;
}

class FuzzTarget : public ::testing::TestWithParam<std::string> {
 protected:
  FuzzTarget() {
    for (const Target& target : Targets()) {
      if (GetParam() == target.name) target_ = target;
    }
  }
  Target target_{};
};

TEST_P(FuzzTarget, HoldsOnItsSeedsAndNearThem) {
  constexpr int kChanges = 120;
  constexpr std::size_t kPrefixes = 40;
  ASSERT_NE(target_.run, nullptr) << "this program has no target of that name";
  const std::vector<Seed> seeds = SeedsOf(GetParam());
  ASSERT_GE(seeds.size(), 2U) << "too few seeds in tests/fuzz/corpus/" << GetParam();
  (void)target_.run("");
  std::mt19937_64 random(1);
  int accepted = 0;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    SCOPED_TRACE(seeds[i].name);
    const std::string& bytes = seeds[i].bytes;
    if (target_.run(bytes)) ++accepted;
    const std::size_t step = bytes.size() / kPrefixes + 1;
    for (std::size_t length = 0; length < bytes.size(); length += step)
      (void)target_.run(bytes.substr(0, length));
    for (int change = 0; change < kChanges; ++change) {
      (void)target_.run(Mutate(bytes, seeds[random() % seeds.size()].bytes, random));
    }
    if (HasFailure()) return;  // one is enough to look at
  }
  // Seeds that are all refused at the first check would test nothing else.
  EXPECT_GE(accepted, 1) << "no seed is accepted: is the format another one now?";
}

std::vector<std::string> Folders() {
  std::vector<std::string> names;
  const std::filesystem::path corpus = std::filesystem::path(PINCHBECK_SOURCE_DIR) / "tests/fuzz/corpus";
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Corpus, FuzzTarget, ::testing::ValuesIn(Folders()),
                         [](const ::testing::TestParamInfo<std::string>& param) { return param.param; });

TEST(FuzzTargets, EachHasSeeds) {
  const std::vector<std::string> folders = Folders();
  for (const Target& target : Targets()) {
    EXPECT_NE(std::find(folders.begin(), folders.end(), target.name), folders.end()) << target.name;
  }
  EXPECT_EQ(folders.size(), Targets().size());
}

}  // namespace
}  // namespace pinchbeck::fuzz
