#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace agent {

/// What a content is, by its bytes. The numbers stand in ledgers: they are never used anew.
enum class ContentForm {
  kUnknown = 0,
  kEmpty = 1,
  kZeroes = 2,
  kText = 3,  ///< text of no form that is known here
  kWebPage = 4,
  kErrorPage = 5,  ///< a server's error in XML
  kGzip = 10,
  kZstd = 11,
  kXz = 12,
  kBzip2 = 13,
  kLz4 = 14,
  kZip = 15,
  kSevenZip = 16,
  kTar = 20,
  kCpio = 21,
  kSquashfs = 22,
  kJpa = 23,
  kVma = 24,
  kPostgresArchive = 30,
  kPostgresDump = 31,
  kMysqlDump = 32,
  kSqliteDump = 33,
  kSqlite = 34,
  kRedis = 35,
  kQcow2 = 36,
  kGnupg = 40,
  kAge = 41,
  kOpensslEnc = 42,
  kLuks = 43,
  kGnupgOpen = 44,  ///< keys, or what is signed and not encrypted
};

/// The name of a form in a sentence: "gzip", "a web page", "nothing that is known here".
std::string_view name_of(ContentForm form);

/// True for what can only be read with a key.
bool is_encrypted(ContentForm form);

/// The two ends of a content. Where it is no longer than `kTailBytes`, the tail is all of it.
struct ContentEnds {
  /// The longest header that is looked at, and room for the first lines of a dump.
  static constexpr std::size_t kHeadBytes = std::size_t{4} * 1024;
  /// A zip's end record has a comment of up to 64 KiB behind it.
  static constexpr std::size_t kTailBytes = std::size_t{68} * 1024;

  std::string_view head;  ///< the first kHeadBytes, or all
  std::string_view tail;  ///< the last kTailBytes, or all
  std::uint64_t size_bytes = 0;
};

/// What the ends of a content tell.
struct ContentLook {
  ContentForm form = ContentForm::kUnknown;
  bool is_cut = false;       ///< it is of that form, and its end is not there
  double bits_per_byte = 0;  ///< of the tail of what is unknown; 8 is what no order can be seen in

  bool operator==(const ContentLook&) const = default;
};

/// Pure. Recognises a form by its head (and a tar by its checksum, a last part of a zip by its end
/// record), and looks for what the form ends with, as far as that is known without reading what
/// lies between: see agent/proof/missing_end.h. What is in doubt is not cut.
ContentLook look_at(const ContentEnds& ends);

}  // namespace agent
