// The reference fingerprints that are installed with the command.
#ifndef PINCHBECK_SRC_CLI_INSTALLED_FINGERPRINTS_H_
#define PINCHBECK_SRC_CLI_INSTALLED_FINGERPRINTS_H_

#include <string>

namespace pinchbeck::cli {

// Their folder, found from the place of the program, so that an installation may be moved; empty where the
// program is not installed. An empty `program` means the one that runs.
[[nodiscard]] std::string InstalledFingerprints(const std::string& program = "");

// `folder` if there is such a thing or nothing is installed, else the installed fingerprints.
[[nodiscard]] std::string FolderOrInstalled(const std::string& folder, const std::string& program = "");

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_INSTALLED_FINGERPRINTS_H_
