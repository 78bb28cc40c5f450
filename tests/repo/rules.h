// The rules that the project's files keep. Each function returns one message per violation, in the form
// "path:line: what is wrong".
#ifndef PINCHBECK_TESTS_REPO_RULES_H_
#define PINCHBECK_TESTS_REPO_RULES_H_

#include <string>
#include <vector>

#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {

// Folders depend downwards only (docs/design/0002-dependencies.md), name what they include by its path from
// the root, and public headers pull in neither curl, JSON nor another large package. Looks at files under
// include/ and src/.
[[nodiscard]] std::vector<std::string> CheckIncludes(const SourceFile& file);

// C++ sources hold ASCII only.
[[nodiscard]] std::vector<std::string> CheckAscii(const SourceFile& file);

// No note about unfinished work is left in any file.
[[nodiscard]] std::vector<std::string> CheckLeftovers(const SourceFile& file);

// A header's include guard follows from its path: include/pinchbeck/x/y.h and src/x/y.h have
// PINCHBECK_X_Y_H_, tests/x/y.h has PINCHBECK_TESTS_X_Y_H_.
[[nodiscard]] std::vector<std::string> CheckGuard(const SourceFile& file);

}  // namespace pinchbeck::repo

#endif  // PINCHBECK_TESTS_REPO_RULES_H_
