#include "agent/proof/missing_end.h"

#include <algorithm>
#include <optional>

#include "agent/base/byte_order.h"
#include "store/content/crc.h"

// Each form says at its end, or at its head, how far it goes. What is looked at here is only what
// its own tools insist on: whatever a tool adds behind it, such as the padding of a tape, is no
// fault.
namespace agent {
namespace {

using namespace std::string_view_literals;

bool ends_in_zeroes(std::string_view tail, std::size_t bytes) {
  return tail.size() >= bytes &&
         tail.substr(tail.size() - bytes).find_first_not_of('\0') == std::string_view::npos;
}

std::string_view last_bytes(std::string_view tail, std::size_t bytes) {
  return tail.substr(tail.size() - std::min(tail.size(), bytes));
}

// Its last four bytes are the size of what was compressed, modulo 2^32, of the last member where
// there are several; and deflate cannot make anything smaller than by 1032.
bool is_cut_gzip(const ContentEnds& ends) {
  constexpr std::uint64_t kMinBytes = 18;
  constexpr std::uint64_t kMaxRatio = 1032;
  constexpr std::uint64_t kSlack = 1024;
  if (ends.size_bytes < kMinBytes) return true;
  const auto told = little_endian(ends.tail, ends.tail.size() - 4, 4);
  return told / kMaxRatio > ends.size_bytes + kSlack;
}

// Counts off the blocks of all frames, where all of a content is at hand.
class FrameWalk {
 public:
  enum class Frame {
    kWhole,
    kCut,
    kNone,  ///< what stands there is of no frame
  };
  struct Block {
    std::uint64_t bytes = 0;  ///< behind its header
    bool is_last = false;
  };

  explicit FrameWalk(std::string_view all) : rest_(all) {}

  /// Whether there are frames, and all of them are whole. What stands behind them does not count.
  template <typename SkipFrame>
  bool is_whole(const SkipFrame& skip_frame) {
    for (bool any = false; !rest_.empty(); any = true) {
      const auto frame = skip_frame(*this);
      if (frame != Frame::kWhole) return any && frame == Frame::kNone;
    }
    return had_bytes_;
  }

  template <typename BlockOf>
  bool skip_blocks(std::size_t header_bytes, const BlockOf& block_of) {
    while (rest_.size() >= header_bytes) {
      const Block block = block_of(number(0, header_bytes));
      if (!skip(header_bytes + block.bytes)) return false;
      if (block.is_last) return true;
    }
    return false;
  }

  bool skip(std::uint64_t bytes) {
    if (bytes > rest_.size()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(bytes));
    return true;
  }
  std::uint64_t number(std::size_t at, std::size_t bytes) const {
    return little_endian(rest_, at, bytes);
  }
  std::size_t left_bytes() const { return rest_.size(); }

 private:
  std::string_view rest_;
  const bool had_bytes_ = !rest_.empty();
};

FrameWalk::Frame frame_of(bool is_whole) {
  return is_whole ? FrameWalk::Frame::kWhole : FrameWalk::Frame::kCut;
}

// RFC 8878, 3.1.1.
FrameWalk::Frame skip_zstd_frame(FrameWalk& walk) {
  constexpr std::uint64_t kMagic = 0xFD2FB528;
  constexpr std::uint64_t kSkippable = 0x184D2A5;
  constexpr std::size_t kMinBytes = 5;
  if (walk.left_bytes() < kMinBytes) return FrameWalk::Frame::kNone;
  const auto magic = walk.number(0, 4);
  if (magic >> 4U == kSkippable) {
    const auto size = walk.number(4, 4);
    return frame_of(walk.left_bytes() >= 8 && walk.skip(8 + size));
  }
  if (magic != kMagic) return FrameWalk::Frame::kNone;
  const auto flags = walk.number(4, 1);
  const bool is_single = (flags & 0x20U) != 0;
  constexpr std::uint64_t kDictionaryBytes[] = {0, 1, 2, 4};
  constexpr std::uint64_t kSizeBytes[] = {0, 2, 4, 8};
  const auto size_flag = flags >> 6U;
  const std::uint64_t size_bytes = size_flag == 0 && is_single ? 1 : kSizeBytes[size_flag];
  const auto header = 5 + (is_single ? 0 : 1) + kDictionaryBytes[flags & 3U] + size_bytes;
  const auto block_of = [](std::uint64_t block) {
    const bool is_repeated = ((block >> 1U) & 3U) == 1;
    return FrameWalk::Block{is_repeated ? 1 : block >> 3U, (block & 1U) != 0};
  };
  return frame_of(walk.skip(header) && walk.skip_blocks(3, block_of) &&
                  ((flags & 4U) == 0 || walk.skip(4)));
}

// lz4_Frame_format.md.
FrameWalk::Frame skip_lz4_frame(FrameWalk& walk) {
  constexpr std::uint64_t kMagic = 0x184D2204;
  if (walk.left_bytes() < 4 || walk.number(0, 4) != kMagic) return FrameWalk::Frame::kNone;
  if (walk.left_bytes() < 7) return FrameWalk::Frame::kCut;
  const auto flags = walk.number(4, 1);
  const std::uint64_t size_bytes = (flags & 8U) != 0 ? 8 : 0;
  const std::uint64_t dictionary_bytes = (flags & 1U) != 0 ? 4 : 0;
  const std::uint64_t checksum_bytes = (flags & 16U) != 0 ? 4 : 0;
  const auto block_of = [&](std::uint64_t block) {
    if (block == 0) return FrameWalk::Block{0, true};
    return FrameWalk::Block{(block & 0x7FFFFFFFU) + checksum_bytes, false};
  };
  return frame_of(walk.skip(7 + size_bytes + dictionary_bytes) && walk.skip_blocks(4, block_of) &&
                  ((flags & 4U) == 0 || walk.skip(4)));
}

bool is_cut_zstd(const ContentEnds& ends) {
  const bool is_all = ends.tail.size() == ends.size_bytes;
  return is_all && !FrameWalk(ends.tail).is_whole(skip_zstd_frame);
}

// The footer ends in "YZ", behind it may be zeroes, four at a time; and its own CRC is in it.
bool is_cut_xz(const ContentEnds& ends) {
  constexpr std::size_t kFooter = 12;
  auto tail = ends.tail;
  while (tail.size() > kFooter && tail.ends_with("\0\0\0\0"sv)) tail.remove_suffix(4);
  if (tail.size() < kFooter || !tail.ends_with("YZ")) return true;
  const auto footer = last_bytes(tail, kFooter);
  const auto covered = footer.substr(4, 6);
  return store::crc32_ieee(0, std::as_bytes(std::span(covered))) != little_endian(footer, 0, 4);
}

// The end mark is 48 bits, a checksum of 32 follows, and up to seven bits fill the last byte.
bool is_cut_bzip2(const ContentEnds& ends) {
  constexpr std::uint64_t kMark = 0x177245385090;
  constexpr std::size_t kLookedBytes = 11;
  const auto tail = last_bytes(ends.tail, kLookedBytes);
  if (tail.size() < kLookedBytes) return true;
  // The mark may begin in any of the eight bits before the one where it stands without filling.
  for (unsigned filling = 0; filling < 8; ++filling) {
    std::uint64_t mark = 0;
    for (unsigned bit = 0; bit < 48; ++bit) {
      const unsigned from_start = static_cast<unsigned>(kLookedBytes) * 8 - filling - 80 + bit;
      const auto byte = static_cast<unsigned char>(tail[from_start / 8]);
      mark = (mark << 1U) | ((byte >> (7U - from_start % 8)) & 1U);
    }
    if (mark == kMark) return false;
  }
  return true;
}

// A block of no bytes ends the frame, and a checksum may follow. The legacy frame has no end.
bool is_cut_lz4(const ContentEnds& ends) {
  constexpr unsigned kHasChecksum = 4;
  constexpr std::size_t kEnd = 8;
  if (ends.head.starts_with("\x02\x21\x4C\x18"sv)) return false;
  if (ends.tail.size() == ends.size_bytes) {
    return !FrameWalk(ends.tail).is_whole(skip_lz4_frame);
  }
  const bool has_checksum = (static_cast<unsigned char>(ends.head[4]) & kHasChecksum) != 0;
  const auto tail = last_bytes(ends.tail, kEnd);
  // Several frames need not be alike.
  return little_endian(tail, has_checksum ? 0 : 4, 4) != 0 &&
         little_endian(tail, has_checksum ? 4 : 0, 4) != 0;
}

// Where the end record stands in the tail, by a comment that goes to the end.
std::optional<std::size_t> zip_end(std::string_view tail) {
  constexpr std::string_view kMark = "PK\x05\x06"sv;
  constexpr std::size_t kRecord = 22;
  std::optional<std::size_t> last;
  // Forwards, which the library does by leaps; backwards it compares at each byte.
  for (auto at = tail.find(kMark); at != std::string_view::npos; at = tail.find(kMark, at + 1)) {
    if (tail.size() - at < kRecord) break;
    if (at + kRecord + little_endian(tail, at + 20, 2) == tail.size()) last = at;
  }
  return last;
}

bool is_cut_zip(const ContentEnds& ends) {
  const auto at = zip_end(ends.tail);
  if (!at) return true;
  const auto parts = little_endian(ends.tail, *at + 4, 2);
  const auto size = little_endian(ends.tail, *at + 12, 4);
  const auto offset = little_endian(ends.tail, *at + 16, 4);
  constexpr std::uint64_t kIn64 = 0xFFFFFFFF;
  // Of several parts the offset is of another file; in 64 bits it stands before the record.
  if (parts != 0 || size == kIn64 || offset == kIn64) return false;
  return offset + size > ends.size_bytes - (ends.tail.size() - *at);
}

// https://py7zr.readthedocs.io/en/latest/archive_format.html: where the header lies that all else
// is told in, behind everything.
bool is_cut_seven_zip(const ContentEnds& ends) {
  constexpr std::size_t kStart = 32;
  if (ends.size_bytes < kStart) return true;
  const auto told = ends.head.substr(12, 20);
  if (store::crc32_ieee(0, std::as_bytes(std::span(told))) != little_endian(ends.head, 8, 4))
    return true;
  const auto offset = little_endian(ends.head, 12, 8);
  const auto size = little_endian(ends.head, 20, 8);
  if (offset > ends.size_bytes || size > ends.size_bytes) return true;
  return kStart + offset + size > ends.size_bytes;
}

// Blocks of 512 bytes, and two of zeroes at the end. One is what some writers leave it at.
bool is_cut_tar(const ContentEnds& ends) {
  constexpr std::size_t kBlock = 512;
  return ends.size_bytes % kBlock != 0 || !ends_in_zeroes(ends.tail, kBlock);
}

bool is_cut_cpio(const ContentEnds& ends) {
  return ends.tail.find("TRAILER!!!") == std::string_view::npos;
}

bool is_cut_squashfs(const ContentEnds& ends) {
  constexpr std::size_t kBytesUsedAt = 40;
  constexpr std::size_t kSuperblock = 96;
  return ends.size_bytes < kSuperblock ||
         little_endian(ends.head, kBytesUsedAt, 8) > ends.size_bytes;
}

// https://www.sqlite.org/fileformat.html: the pages that the header counts, where it is valid.
bool is_cut_sqlite(const ContentEnds& ends) {
  constexpr std::size_t kHeader = 100;
  if (ends.size_bytes < kHeader) return true;
  auto page_bytes = big_endian(ends.head, 16, 2);
  if (page_bytes == 1) page_bytes = 65536;
  if (page_bytes == 0) return true;
  const auto pages = big_endian(ends.head, 28, 4);
  const bool is_valid = pages != 0 && big_endian(ends.head, 24, 4) == big_endian(ends.head, 92, 4);
  if (ends.size_bytes % page_bytes != 0) return true;
  return is_valid && pages * page_bytes > ends.size_bytes;
}

// An opcode of 255, and from version 5 on a checksum of eight bytes.
bool is_cut_redis(const ContentEnds& ends) {
  constexpr char kEnd = '\xFF';
  const bool has_checksum = ends.head.substr(5, 4) >= "0005"sv;
  const auto tail = last_bytes(ends.tail, has_checksum ? 9 : 1);
  return tail.empty() || tail.front() != kEnd;
}

// docs/interop/qcow2.txt: the tables that everything is found by.
bool is_cut_qcow2(const ContentEnds& ends) {
  constexpr std::size_t kHeader = 72;
  if (ends.size_bytes < kHeader) return true;
  const auto table_bytes = big_endian(ends.head, 36, 4) * 8;
  const auto table_at = big_endian(ends.head, 40, 8);
  const auto counts_at = big_endian(ends.head, 48, 8);
  return table_at > ends.size_bytes || table_bytes > ends.size_bytes - table_at ||
         counts_at > ends.size_bytes;
}

// What a dump closes with. Newer ones write a line or two behind it.
bool closes_with(const ContentEnds& ends, std::string_view saying) {
  constexpr std::size_t kLastLines = 1024;
  return last_bytes(ends.tail, kLastLines).find(saying) != std::string_view::npos;
}

bool is_cut_postgres(const ContentEnds& ends) {
  return !closes_with(ends, "-- PostgreSQL database dump complete") &&
         !closes_with(ends, "-- PostgreSQL database cluster dump complete");
}

bool is_cut_armour(const ContentEnds& ends) {
  if (!ends.head.starts_with("-----BEGIN ")) return false;
  return !closes_with(ends, "-----END ");
}

}  // namespace

bool has_zip_end(const ContentEnds& ends) { return zip_end(ends.tail).has_value(); }

bool lacks_its_end(ContentForm form, const ContentEnds& ends) {
  switch (form) {
    case ContentForm::kGzip:
      return is_cut_gzip(ends);
    case ContentForm::kZstd:
      return is_cut_zstd(ends);
    case ContentForm::kXz:
      return is_cut_xz(ends);
    case ContentForm::kBzip2:
      return is_cut_bzip2(ends);
    case ContentForm::kLz4:
      return is_cut_lz4(ends);
    case ContentForm::kZip:
      return is_cut_zip(ends);
    case ContentForm::kSevenZip:
      return is_cut_seven_zip(ends);
    case ContentForm::kTar:
      return is_cut_tar(ends);
    case ContentForm::kCpio:
      return is_cut_cpio(ends);
    case ContentForm::kSquashfs:
      return is_cut_squashfs(ends);
    case ContentForm::kSqlite:
      return is_cut_sqlite(ends);
    case ContentForm::kRedis:
      return is_cut_redis(ends);
    case ContentForm::kQcow2:
      return is_cut_qcow2(ends);
    case ContentForm::kPostgresDump:
      return is_cut_postgres(ends);
    case ContentForm::kMysqlDump:
      return !closes_with(ends, "-- Dump completed");
    case ContentForm::kSqliteDump:
      return !closes_with(ends, "COMMIT;") && !closes_with(ends, "ROLLBACK;");
    case ContentForm::kGnupg:
    case ContentForm::kGnupgOpen:
    case ContentForm::kAge:
      return is_cut_armour(ends);
    default:
      return false;
  }
}

}  // namespace agent
