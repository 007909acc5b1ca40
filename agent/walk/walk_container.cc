#include "agent/walk/walk_container.h"

#include <algorithm>
#include <array>
#include <optional>

#include "agent/base/byte_order.h"

namespace agent {
namespace {

using namespace std::string_view_literals;

Walked<std::string> bytes_at(WalkedContent& content, std::uint64_t offset, std::size_t most) {
  const auto left = content.size_bytes() - std::min(offset, content.size_bytes());
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(most, left)), '\0');
  if (auto got = content.read_at(offset, bytes); !got) return got.error();
  return bytes;
}

unsigned byte_of(const std::string& bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

// RFC 4880, 4.2. One length of a packet, or of a part of one.
struct PacketLength {
  std::size_t header_bytes = 0;
  std::uint64_t body_bytes = 0;
  bool is_part = false;    ///< another length follows its bytes
  bool is_to_end = false;  ///< the packet is all that is left
};

PacketLength new_length(const std::string& bytes, std::size_t at) {
  const auto first = byte_of(bytes, at);
  if (first < 192) return {1, first};
  if (first < 224) return {2, ((first - 192) << 8U) + byte_of(bytes, at + 1) + 192};
  if (first < 255) return {1, std::uint64_t{1} << (first & 0x1FU), true};
  return {5, big_endian(bytes, at + 1, 4)};
}

PacketLength old_length(const std::string& bytes) {
  switch (byte_of(bytes, 0) & 3U) {
    case 0:
      return {1, byte_of(bytes, 1)};
    case 1:
      return {2, big_endian(bytes, 1, 2)};
    case 2:
      return {4, big_endian(bytes, 1, 4)};
    default:
      return {0, 0, false, true};
  }
}

Walked<std::string> walk_packets(WalkedContent& content) {
  constexpr std::size_t kMaxHeader = 6;
  const auto size = content.size_bytes();
  std::uint64_t at = 0;
  bool in_packet = false;
  while (at < size || in_packet) {
    const auto bytes = bytes_at(content, at, kMaxHeader);
    if (!bytes) return bytes.error();
    PacketLength length;
    if (in_packet) {
      length = new_length(*bytes, 0);
    } else {
      const auto tag = byte_of(*bytes, 0);
      if ((tag & 0x80U) == 0) return broken("what stands behind its packets is not OpenPGP");
      length = (tag & 0x40U) != 0 ? new_length(*bytes, 1) : old_length(*bytes);
      ++length.header_bytes;
    }
    if (length.is_to_end) return not_known("its last packet does not say where it ends");
    if (length.header_bytes > size - at || length.body_bytes > size - at - length.header_bytes) {
      return broken("its last packet is cut");
    }
    at += length.header_bytes + length.body_bytes;
    in_packet = length.is_part;
  }
  return std::string();
}

// https://age-encryption.org/v1: a header of lines, a nonce, and chunks of 64 KiB with a tag each.
Walked<std::string> walk_age(WalkedContent& content) {
  constexpr std::size_t kMaxHeader = std::size_t{64} * 1024;
  constexpr std::uint64_t kNonce = 16;
  constexpr std::uint64_t kTag = 16;
  constexpr std::uint64_t kChunk = std::uint64_t{64} * 1024 + kTag;
  const auto bytes = bytes_at(content, 0, kMaxHeader);
  if (!bytes) return bytes.error();
  if (!bytes->starts_with("age-encryption.org/v1\n")) return std::string();  // armoured
  const auto mac = bytes->find("\n--- ");
  const auto end = mac == std::string::npos ? mac : bytes->find('\n', mac + 1);
  if (end == std::string::npos) {
    if (bytes->size() == kMaxHeader) return not_known("it has more recipients than are looked at");
    return broken("its header is cut");
  }
  const auto rest = content.size_bytes() - end - 1;
  if (rest < kNonce + kTag) return broken("it ends before its first chunk does");
  const auto chunks = rest - kNonce;
  const auto last = chunks % kChunk;
  // Only an empty content has an empty last chunk.
  if (last != 0 && (last < kTag || (last == kTag && chunks > kTag))) {
    return broken("its last chunk is cut");
  }
  return std::string();
}

// The last eight bytes are the CRC-64 of Jones of all before; zero: it was turned off.
Walked<std::string> walk_redis(WalkedContent& content) {
  constexpr std::uint64_t kPolynomial = 0x95AC9329AC4BC9B5;  // reflected
  constexpr std::uint64_t kSumBytes = 8;
  constexpr std::uint64_t kFirstVersion = 5;
  const auto head = bytes_at(content, 0, 9);
  if (!head) return head.error();
  std::uint64_t version = 0;
  for (const char digit : std::string_view(*head).substr(std::min<std::size_t>(5, head->size()))) {
    version = version * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  const auto size = content.size_bytes();
  if (version < kFirstVersion || size < head->size() + kSumBytes) return std::string();
  std::array<std::uint64_t, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::uint64_t rest = i;
    for (int bit = 0; bit < 8; ++bit)
      rest = (rest & 1U) != 0 ? rest >> 1U ^ kPolynomial : rest >> 1U;
    table[i] = rest;
  }
  std::uint64_t left = size - kSumBytes;
  std::uint64_t crc = 0;
  content.seek(0);
  while (left > 0) {
    const auto bytes = content.next();
    if (!bytes) return bytes.error();
    for (const char c : bytes->substr(0, static_cast<std::size_t>(left))) {
      crc = table[static_cast<std::size_t>((crc ^ static_cast<unsigned char>(c)) & 0xFFU)] ^
            crc >> 8U;
    }
    left -= std::min<std::uint64_t>(left, bytes->size());
  }
  const auto sum = bytes_at(content, size - kSumBytes, kSumBytes);
  if (!sum) return sum.error();
  const auto told = little_endian(*sum, 0, kSumBytes);
  if (told == 0) return std::string();
  if (told != crc) return broken("its CRC-64 is wrong");
  return std::string("Redis's CRC-64");
}

}  // namespace

Walked<std::string> walk_container(ContentForm form, WalkedContent& content) {
  switch (form) {
    case ContentForm::kGnupg:
    case ContentForm::kGnupgOpen: {
      const auto head = bytes_at(content, 0, 1);
      if (!head) return head.error();
      return head->starts_with('-') ? Walked<std::string>(std::string()) : walk_packets(content);
    }
    case ContentForm::kAge:
      return walk_age(content);
    case ContentForm::kRedis:
      return walk_redis(content);
    default:
      return std::string();
  }
}

}  // namespace agent
