// Small fingerprints and a folder to put them in.
#ifndef PINCHBECK_TESTS_FINGERPRINT_FINGERPRINT_FIXTURE_H_
#define PINCHBECK_TESTS_FINGERPRINT_FINGERPRINT_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "tests/signal/observations.h"

namespace pinchbeck {

inline Fingerprint Enrolled(const std::string& model, const std::vector<Observation>& observations) {
  FingerprintBuilder builder(EnrollOptions{.model = model});
  for (const Observation& observation : observations) EXPECT_TRUE(builder.Add(observation, "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

// 40 answers to each of two probes; a larger power prefers larger answers.
inline Fingerprint ChoiceFingerprint(const std::string& model, double power, std::uint64_t seed = 1,
                                     int answers = 40) {
  return Enrolled(model, RandomChoices(2, answers, power, seed));
}

// A test with a folder of its own.
class FolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "pinchbeck-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string File(const std::string& name) const { return folder_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(File(name)).parent_path());
    std::ofstream(File(name), std::ios::binary) << content;
    return File(name);
  }
  [[nodiscard]] static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

 private:
  std::string folder_;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_FINGERPRINT_FINGERPRINT_FIXTURE_H_
