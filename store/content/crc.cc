#include "store/content/crc.h"

#include <zlib.h>

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && !defined(__clang__)
#include <arm_acle.h>
#include <sys/auxv.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace store {
namespace {

constexpr std::uint32_t kCrc32cPolynomial = 0x82f63b78;
constexpr std::uint64_t kCrc64NvmePolynomial = 0x9a6c9329ac4bc9b5;

// Slicing by 8: entry [k][b] is what byte b does to the register when k more bytes follow it.
template <typename Register>
using Tables = std::array<std::array<Register, 256>, 8>;

template <typename Register>
constexpr Tables<Register> make_tables(Register polynomial) {
  Tables<Register> tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    auto value = static_cast<Register>(byte);
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const Register before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables<std::uint32_t> kCrc32cTables = make_tables(kCrc32cPolynomial);
constexpr Tables<std::uint64_t> kCrc64NvmeTables = make_tables(kCrc64NvmePolynomial);

std::uint64_t load_little_endian(const std::byte* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

template <typename Register>
Register crc_by_tables(const Tables<Register>& tables, Register crc,
                       std::span<const std::byte> bytes) {
  Register state = ~crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_little_endian(at) ^ state;
    const auto low = static_cast<std::uint32_t>(word);
    const auto high = static_cast<std::uint32_t>(word >> 32);
    state = tables[7][low & 0xff] ^ tables[6][(low >> 8) & 0xff] ^ tables[5][(low >> 16) & 0xff] ^
            tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][(high >> 8) & 0xff] ^
            tables[1][(high >> 16) & 0xff] ^ tables[0][high >> 24];
  }
  for (; left > 0; ++at, --left) {
    state = (state >> 8) ^ tables[0][(state ^ std::to_integer<Register>(*at)) & 0xff];
  }
  return ~state;
}

#if defined(__x86_64__)

bool has_crc32c_instruction() { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(
    std::uint32_t crc, std::span<const std::byte> bytes) {
  std::uint64_t state = static_cast<std::uint32_t>(~crc);
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) state = _mm_crc32_u64(state, load_little_endian(at));
  auto narrow = static_cast<std::uint32_t>(state);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, std::to_integer<unsigned char>(*at));
  return ~narrow;
}

#elif (defined(__aarch64__) && !defined(__clang__)) || defined(__ARM_FEATURE_CRC32)

#if defined(__ARM_FEATURE_CRC32)
#define HOLDFAST_TARGET_CRC
bool has_crc32c_instruction() { return true; }
#else
#define HOLDFAST_TARGET_CRC __attribute__((target("+crc")))
bool has_crc32c_instruction() { return (::getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
#endif

HOLDFAST_TARGET_CRC std::uint32_t crc32c_by_instruction(std::uint32_t crc,
                                                        std::span<const std::byte> bytes) {
  std::uint32_t state = ~crc;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) state = __crc32cd(state, load_little_endian(at));
  for (; left > 0; ++at, --left) state = __crc32cb(state, std::to_integer<std::uint8_t>(*at));
  return ~state;
}

#else

bool has_crc32c_instruction() { return false; }
std::uint32_t crc32c_by_instruction(std::uint32_t crc, std::span<const std::byte> bytes) {
  return crc32c_portable(crc, bytes);
}

#endif

}  // namespace

std::uint32_t crc32_ieee(std::uint32_t crc, std::span<const std::byte> bytes) {
  // zlib takes a null pointer for the wish to start anew.
  if (bytes.empty()) return crc;
  return static_cast<std::uint32_t>(
      ::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) {
  static const bool by_instruction = has_crc32c_instruction();
  return by_instruction ? crc32c_by_instruction(crc, bytes) : crc32c_portable(crc, bytes);
}

std::uint32_t crc32c_portable(std::uint32_t crc, std::span<const std::byte> bytes) {
  return crc_by_tables(kCrc32cTables, crc, bytes);
}

std::uint64_t crc64_nvme(std::uint64_t crc, std::span<const std::byte> bytes) {
  return crc_by_tables(kCrc64NvmeTables, crc, bytes);
}

std::string zlib_version_text() { return ::zlibVersion(); }

}  // namespace store
