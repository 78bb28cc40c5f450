#include "src/core/keyed_generator.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <numeric>
#include <set>

#include "absl/status/status.h"

namespace pinchbeck::internal {
namespace {

constexpr std::size_t kMinSecretBytes = 16;
constexpr std::size_t kMinDifferentBytes = 8;
// Part of the format: another number is another battery.
constexpr int kRounds = 100'000;
constexpr std::string_view kSalt = "pinchbeck.keyed_battery/1";

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

absl::StatusOr<DerivedKey> DeriveKey(const Secret& secret) {
  const std::string& value = secret.Reveal();
  const std::set<char> different(value.begin(), value.end());
  if (value.size() < kMinSecretBytes || different.size() < kMinDifferentBytes) {
    return absl::InvalidArgumentError(
        "the battery key is too weak: it needs at least 16 characters, 8 of them different; make one with "
        "`openssl rand -hex 32`");
  }
  DerivedKey key{};
  if (PKCS5_PBKDF2_HMAC(value.data(), static_cast<int>(value.size()), Bytes(kSalt),
                        static_cast<int>(kSalt.size()), kRounds, EVP_sha256(), static_cast<int>(key.size()),
                        key.data()) != 1) {
    return absl::InternalError("the battery key could not be derived: OpenSSL refused PBKDF2 with SHA-256");
  }
  return key;
}

DerivedKey PublicKey() {
  DerivedKey key{};
  for (std::size_t i = 0; i < kSalt.size() && i < key.size(); ++i)
    key[i] = static_cast<unsigned char>(kSalt[i]);
  return key;
}

std::uint32_t KeyedGenerator::Next32() {
  if (used_ == bytes_.size()) {
    std::string message = label_ + '\0';
    for (int shift = 56; shift >= 0; shift -= 8) message += static_cast<char>((block_ >> shift) & 0xFF);
    unsigned int length = 0;
    HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), Bytes(message), message.size(),
         bytes_.data(), &length);
    ++block_;
    used_ = 0;
  }
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word = (word << 8) | bytes_[used_++];
  return word;
}

std::uint32_t KeyedGenerator::Below(std::uint32_t bound) {
  // Words from the largest multiple of the bound upwards would favour small remainders.
  const std::uint32_t excess = (0u - bound) % bound;
  while (true) {
    const std::uint32_t word = Next32();
    if (word <= ~excess) return word % bound;
  }
}

std::int64_t KeyedGenerator::Between(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(Below(static_cast<std::uint32_t>(high - low + 1)));
}

std::vector<std::size_t> KeyedGenerator::Order(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[Below(static_cast<std::uint32_t>(i))]);
  }
  return order;
}

}  // namespace pinchbeck::internal
