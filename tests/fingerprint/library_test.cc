#include "pinchbeck/fingerprint/library.h"

#include <gmock/gmock.h>

#include "tests/fingerprint/fingerprint_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LibraryTest : public FolderTest {
 protected:
  void SetUp() override {
    FolderTest::SetUp();
    Write("a/one.json", SerializeFingerprint(ChoiceFingerprint("one", 0)));
    Write("b/two.json", SerializeFingerprint(ChoiceFingerprint("two", 1)));
    Write("README.md", "not a fingerprint");
    const auto index = BuildFingerprintIndex(folder());
    ASSERT_TRUE(index.ok()) << index.status();
    ASSERT_TRUE(SaveFingerprintIndex(*index, folder()).ok());
  }
  std::string CheckError() { return CheckLibrary(folder()).status().ToString(); }
};

TEST_F(LibraryTest, IndexDescribesEveryFile) {
  const auto check = CheckLibrary(folder());
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_TRUE(check->index_found);
  ASSERT_EQ(check->index.size(), 2u);
  const FingerprintIndexEntry& entry = check->index[0];
  EXPECT_EQ(entry.file, "a/one.json");
  EXPECT_EQ(entry.model, "one");
  EXPECT_EQ(entry.answers, 80);
  EXPECT_EQ(entry.probes, 2);
  EXPECT_THAT(entry.signals, ElementsAre("choice"));
  EXPECT_EQ(entry.bytes, static_cast<std::int64_t>(Read(File("a/one.json")).size()));
  const auto parsed = ParseFingerprintIndex(SerializeFingerprintIndex(check->index));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, check->index);
}

TEST_F(LibraryTest, SubfoldersAreLoadedAndTheIndexIsNot) {
  const auto fingerprints = LoadFingerprints(folder());
  ASSERT_TRUE(fingerprints.ok()) << fingerprints.status();
  ASSERT_EQ(fingerprints->size(), 2u);
  EXPECT_EQ((*fingerprints)[1].model, "two");
}

TEST_F(LibraryTest, ChangedBytesAreSeen) {
  // Still a fingerprint, but not the one that was indexed.
  Write("a/one.json", Read(File("a/one.json")) + " ");
  EXPECT_THAT(CheckError(), AllOf(HasSubstr("a/one.json: bytes is"), HasSubstr("index.json")));
  Write("a/one.json", SerializeFingerprint(ChoiceFingerprint("uno", 0)));
  EXPECT_THAT(CheckError(),
              AllOf(HasSubstr("a/one.json: model is \"uno\""), HasSubstr("\"one\" in index.json")));
}

TEST_F(LibraryTest, DigestIsComparedWhereNothingElseDiffers) {
  std::string text = Read(File("a/one.json"));
  const std::size_t at = text.find("\"program\":\"p");
  ASSERT_NE(at, std::string::npos);
  text[at + 11] = 'q';
  Write("a/one.json", text);
  EXPECT_THAT(CheckError(), HasSubstr("a/one.json: sha256 is"));
}

TEST_F(LibraryTest, ExtraMissingAndBrokenFilesAreNamed) {
  Write("c.json", SerializeFingerprint(ChoiceFingerprint("three", 0)));
  EXPECT_THAT(CheckError(), AllOf(HasSubstr("c.json"), HasSubstr("is not in")));
  std::filesystem::remove(File("c.json"));
  std::filesystem::remove(File("b/two.json"));
  EXPECT_THAT(CheckError(), HasSubstr("index.json: file \"b/two.json\" is not in the folder"));
  Write("b/two.json", R"({"schema":"pinchbeck.fingerprint/1","model":"two","plan":{},"parts":3})");
  EXPECT_THAT(CheckError(), AllOf(HasSubstr("b/two.json"), HasSubstr("parts: expected a list")));
}

TEST_F(LibraryTest, BrokenIndexIsNamed) {
  Write("index.json", "{\"schema\":\"pinchbeck.fingerprint-index/1\",\"fingerprints\":[{\"file\":3}]}");
  EXPECT_THAT(CheckError(), AllOf(HasSubstr("index.json"), HasSubstr("fingerprints[0].file")));
  Write("index.json", "{\"schema\":\"other\",\"fingerprints\":[]}");
  EXPECT_THAT(CheckError(), HasSubstr("schema"));
}

TEST_F(LibraryTest, FolderWithoutIndexOnlyLoads) {
  std::filesystem::remove(File("index.json"));
  const auto check = CheckLibrary(folder());
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_FALSE(check->index_found);
  EXPECT_EQ(CheckLibrary(File("nowhere")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LibraryTest, FingerprintsAreFoundByFilePathAndModel) {
  EXPECT_EQ(*FindFingerprint(folder(), File("a/one.json")), File("a/one.json"));
  EXPECT_EQ(*FindFingerprint(folder(), "a/one.json"), File("a/one.json"));
  EXPECT_EQ(*FindFingerprint(folder(), "a/one"), File("a/one.json"));
  EXPECT_EQ(*FindFingerprint(folder(), "two"), File("b/two.json"));
  EXPECT_THAT(FindFingerprint(folder(), "three").status().ToString(),
              AllOf(HasSubstr("\"three\""), HasSubstr("one, two")));
  Write("b/again.json", SerializeFingerprint(ChoiceFingerprint("two", 2)));
  EXPECT_THAT(FindFingerprint(folder(), "two").status().ToString(), HasSubstr("b/again.json, b/two.json"));
}

}  // namespace
}  // namespace pinchbeck
