#include "src/internal/file_digest.h"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "pinchbeck/internal/status_macros.h"
#include "src/internal/posix_file.h"

namespace pinchbeck::internal {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::string Hex(const unsigned char* bytes, unsigned size) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

absl::StatusOr<FileDigest> DigestFile(const std::string& path) {
  constexpr std::size_t kPiece = std::size_t{1} << 18;
  PINCHBECK_ASSIGN_OR_RETURN(const FileDescriptor file, OpenForReading(path));
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  bool working = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  FileDigest result;
  std::vector<char> piece(kPiece);
  while (working) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::size_t size, ReadSome(file, path, piece.data(), piece.size()));
    if (size == 0) break;
    working = EVP_DigestUpdate(context.get(), piece.data(), size) == 1;
    result.bytes += size;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  working = working && EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1;
  if (!working) return absl::InternalError(path + ": SHA-256 is not available in the system's OpenSSL");
  result.sha256 = Hex(digest.data(), length);
  return result;
}

}  // namespace pinchbeck::internal
