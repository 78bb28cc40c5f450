// Files for targets that read by path.
#ifndef PINCHBECK_TESTS_FUZZ_SCRATCH_FILE_H_
#define PINCHBECK_TESTS_FUZZ_SCRATCH_FILE_H_

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace pinchbeck::fuzz {

// A folder that disappears with the process; in memory where the system has such a place, because the targets
// write a file for every input.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::error_code ignored;
    const std::filesystem::path memory = "/dev/shm";
    const bool in_memory =
        std::filesystem::is_directory(memory, ignored) && access(memory.c_str(), W_OK) == 0;
    std::string name =
        ((in_memory ? memory : std::filesystem::temp_directory_path()) / "pinchbeck-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  // Writes the file anew and returns its path.
  std::string Write(const std::string& name, std::string_view bytes) const {
    const std::string file = path_ + "/" + name;
    if (std::FILE* out = std::fopen(file.c_str(), "wb")) {
      std::fwrite(bytes.data(), 1, bytes.size(), out);
      std::fclose(out);
    }
    return file;
  }

 private:
  std::string path_;
};

}  // namespace pinchbeck::fuzz

#endif  // PINCHBECK_TESTS_FUZZ_SCRATCH_FILE_H_
