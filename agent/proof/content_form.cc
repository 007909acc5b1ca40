#include "agent/proof/content_form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "agent/base/byte_order.h"
#include "agent/base/printable.h"
#include "agent/proof/missing_end.h"

namespace agent {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  ContentForm form;
};

// What a content of that form begins with, and nothing else does by accident.
constexpr Magic kMagics[] = {
    {"\x28\xB5\x2F\xFD"sv, ContentForm::kZstd},  // RFC 8878
    {"\xFD"
     "7zXZ\0"sv,
     ContentForm::kXz},                         // https://tukaani.org/xz/xz-file-format.txt
    {"\x04\x22\x4D\x18"sv, ContentForm::kLz4},  // lz4_Frame_format.md
    {"\x02\x21\x4C\x18"sv, ContentForm::kLz4},  // its legacy frame
    {"PK\x03\x04"sv, ContentForm::kZip},        // APPNOTE.TXT
    {"PK\x05\x06"sv, ContentForm::kZip},        // an empty one
    {"PK\x07\x08"sv, ContentForm::kZip},        // the first of several parts
    {"7z\xBC\xAF\x27\x1C"sv, ContentForm::kSevenZip},
    {"070701"sv, ContentForm::kCpio},
    {"070702"sv, ContentForm::kCpio},
    {"070707"sv, ContentForm::kCpio},
    {"\xC7\x71"sv, ContentForm::kCpio},
    {"\x71\xC7"sv, ContentForm::kCpio},
    {"hsqs"sv, ContentForm::kSquashfs},
    {"JPA\x13"sv, ContentForm::kJpa},
    {"VMA\0"sv, ContentForm::kVma},
    {"PGDMP"sv, ContentForm::kPostgresArchive},
    {"SQLite format 3\0"sv, ContentForm::kSqlite},
    {"QFI\xFB"sv, ContentForm::kQcow2},
    {"age-encryption.org/v1\n"sv, ContentForm::kAge},
    {"-----BEGIN AGE ENCRYPTED FILE-----"sv, ContentForm::kAge},
    {"-----BEGIN PGP MESSAGE-----"sv, ContentForm::kGnupg},
    {"-----BEGIN PGP "sv, ContentForm::kGnupgOpen},
    {"Salted__"sv, ContentForm::kOpensslEnc},
    {"U2FsdGVkX1"sv, ContentForm::kOpensslEnc},  // in base64
    {"LUKS\xBA\xBE"sv, ContentForm::kLuks},
};

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

// RFC 1952: deflate is the only method, and three flags are reserved.
bool is_gzip(std::string_view head) {
  constexpr unsigned kReserved = 0xE0;
  return head.size() >= 4 && head.starts_with("\x1F\x8B\x08"sv) &&
         (byte_at(head, 3) & kReserved) == 0;
}

// "BZh", the size of a block, and the digits of pi or, of nothing, of the root of pi.
bool is_bzip2(std::string_view head) {
  if (!head.starts_with("BZh") || byte_at(head, 3) < '1' || byte_at(head, 3) > '9') return false;
  const auto rest = head.substr(4);
  return rest.starts_with("1AY&SY") || rest.starts_with("\x17\x72\x45\x38\x50\x90"sv);
}

// A skippable frame before the first one, as pzstd and seekable archives may have.
bool is_skippable(std::string_view head) {
  constexpr std::uint64_t kFirst = 0x184D2A50;
  constexpr std::uint64_t kKinds = 16;
  const auto magic = little_endian(head, 0, 4);
  return head.size() >= 8 && magic >= kFirst && magic < kFirst + kKinds;
}

// Every tar that there is has a checksum of its first header, which a v7 tar has in the place of a
// magic number: the sum of its 512 bytes with the checksum taken for blanks.
bool is_tar(std::string_view head) {
  constexpr std::size_t kHeader = 512;
  constexpr std::size_t kAt = 148;
  constexpr std::size_t kDigits = 8;
  if (head.size() < kHeader || head[0] == '\0') return false;
  std::uint64_t told = 0;
  bool any = false;
  for (const char c : head.substr(kAt, kDigits)) {
    if (c >= '0' && c <= '7') {
      told = told * 8 + static_cast<std::uint64_t>(c - '0');
      any = true;
    } else if (any || (c != ' ' && c != '\0')) {
      break;
    }
  }
  if (!any) return false;
  std::uint64_t as_unsigned = 0;
  std::int64_t as_signed = 0;  // as some old ones have it
  for (std::size_t i = 0; i < kHeader; ++i) {
    const char c = i >= kAt && i < kAt + kDigits ? ' ' : head[i];
    as_unsigned += static_cast<unsigned char>(c);
    as_signed += static_cast<signed char>(c);
  }
  return as_unsigned == told || as_signed == static_cast<std::int64_t>(told);
}

bool is_redis(std::string_view head) {
  return head.size() >= 9 && head.starts_with("REDIS") &&
         std::all_of(head.begin() + 5, head.begin() + 9,
                     [](char c) { return c >= '0' && c <= '9'; });
}

// The packets that an encrypted message begins with, RFC 4880, 4.2 and 5.1: a session key, for a
// public key (version 3) or for a passphrase (version 4), under an old or a new header.
bool is_gnupg(std::string_view head) {
  constexpr unsigned kPublicKey = 1;
  constexpr unsigned kPassphrase = 3;
  const unsigned first = byte_at(head, 0);
  if ((first & 0x80U) == 0 || head.size() < 16) return false;
  const bool is_new = (first & 0x40U) != 0;
  const unsigned tag = is_new ? first & 0x3FU : (first >> 2U) & 0x0FU;
  const unsigned length_kind = first & 0x03U;
  if (!is_new && length_kind > 1) return false;
  const std::size_t header = is_new ? (byte_at(head, 1) < 192 ? 2 : 3) : 2 + length_kind;
  const unsigned version = byte_at(head, header);
  // Versions 5 and 6 are of RFC 9580 and its drafts.
  if (tag == kPublicKey) return version == 3 || version == 6;
  return tag == kPassphrase && version >= 4 && version <= 6 && byte_at(head, header + 1) <= 10;
}

// Keys, compressed and signed messages and literal data, as gpg writes them: RFC 4880, 5.2 to 5.9.
bool is_open_gnupg(std::string_view head) {
  constexpr unsigned kSignature = 2;
  constexpr unsigned kOnePass = 4;
  constexpr unsigned kSecretKey = 5;
  constexpr unsigned kPublicKey = 6;
  constexpr unsigned kCompressed = 8;
  constexpr unsigned kLiteral = 11;
  const unsigned first = byte_at(head, 0);
  if ((first & 0xC0U) != 0x80U || head.size() < 16) return false;  // old headers alone
  const unsigned tag = (first >> 2U) & 0x0FU;
  const unsigned length_kind = first & 0x03U;
  const std::size_t header = length_kind == 3 ? 1 : 1 + (std::size_t{1} << length_kind);
  const unsigned next = byte_at(head, header);
  if (tag == kCompressed) return length_kind == 3 && next >= 1 && next <= 3;
  if (tag == kOnePass) return next == 3 && byte_at(head, 1) == 13;
  if (tag == kSignature || tag == kSecretKey || tag == kPublicKey) {
    constexpr std::size_t kAlgorithmAt = 5;
    constexpr unsigned kLast = 28;
    if (next != 4 || length_kind > 1) return false;
    return tag == kSignature || byte_at(head, header + kAlgorithmAt) <= kLast;
  }
  return tag == kLiteral && (next == 'b' || next == 't' || next == 'u');
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

// Without what an editor may have put before the text, and without blanks.
std::string_view beginning_of_text(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF"sv)) head.remove_prefix(3);
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  return head;
}

ContentForm form_of_page(std::string_view text) {
  constexpr std::size_t kLooked = 1024;
  const auto lower = lower_case(text.substr(0, kLooked));
  const std::string_view page = lower;
  if (page.starts_with("<!doctype html") || page.starts_with("<html")) return ContentForm::kWebPage;
  const bool is_xml = page.starts_with("<?xml");
  if (is_xml && page.find("<html") != std::string_view::npos) return ContentForm::kWebPage;
  const bool names_error = page.find("<error>") != std::string_view::npos;
  if (names_error && (is_xml || page.starts_with("<error>")) &&
      page.find("<code>") != std::string_view::npos) {
    return ContentForm::kErrorPage;
  }
  return ContentForm::kText;
}

// By the first lines, which the programs write unless they are told to write no comments. Columns
// may hold whatever bytes.
ContentForm form_of_dump(std::string_view head) {
  const auto text = beginning_of_text(head);
  constexpr std::size_t kFirstLines = 512;
  const auto first_lines = text.substr(0, kFirstLines);
  const auto has = [&](std::string_view saying) {
    return first_lines.find(saying) != std::string_view::npos;
  };
  if (has("-- PostgreSQL database dump") || has("-- PostgreSQL database cluster dump")) {
    return ContentForm::kPostgresDump;
  }
  if (has("-- MySQL dump ") || has("-- MariaDB dump ")) return ContentForm::kMysqlDump;
  if (text.starts_with("PRAGMA foreign_keys=OFF;") && has("BEGIN TRANSACTION;")) {
    return ContentForm::kSqliteDump;
  }
  return ContentForm::kUnknown;
}

// A character that the end of what was looked at cuts in two is none that is wrong.
std::string_view without_cut_character(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = byte_at(text, text.size() - back);
    if (byte >= 0xC0) return text.substr(0, text.size() - back);
    if (byte < 0x80) break;
  }
  return text;
}

// UTF-8, or the older 8-bit sets: no byte that no text has, and mostly letters.
bool is_text(std::string_view head) {
  if (head.starts_with("\xFF\xFE"sv) || head.starts_with("\xFE\xFF"sv)) return true;  // UTF-16
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\b' &&
            c != '\x1B') ||
           byte == 0x7F;
  };
  if (std::any_of(head.begin(), head.end(), is_control)) return false;
  if (is_utf8(without_cut_character(head))) return true;
  constexpr std::size_t kMinBytes = 64;
  const auto high = static_cast<std::size_t>(std::count_if(head.begin(), head.end(), [](char c) {
    return (byte_at({&c, 1}, 0) & 0x80U) != 0;
  }));
  return head.size() >= kMinBytes && high * 4 < head.size();
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('\0') == std::string_view::npos;
}

// A tar of no files is nothing but its end: two blocks, filled up to a record of twenty.
ContentForm form_of_zeroes(std::uint64_t size_bytes) {
  constexpr std::uint64_t kBlock = 512;
  constexpr std::uint64_t kRecord = 20 * kBlock;
  const bool is_tar = size_bytes == 2 * kBlock || size_bytes == kRecord;
  return is_tar ? ContentForm::kTar : ContentForm::kZeroes;
}

ContentForm form_of(const ContentEnds& ends) {
  const auto head = ends.head;
  if (ends.size_bytes == 0) return ContentForm::kEmpty;
  for (const auto& magic : kMagics) {
    if (head.starts_with(magic.bytes)) return magic.form;
  }
  if (is_gzip(head)) return ContentForm::kGzip;
  if (is_bzip2(head)) return ContentForm::kBzip2;
  if (is_skippable(head)) return ContentForm::kZstd;
  if (is_redis(head)) return ContentForm::kRedis;
  if (is_tar(head)) return ContentForm::kTar;
  if (is_zero(head) && is_zero(ends.tail)) return form_of_zeroes(ends.size_bytes);
  if (const auto dump = form_of_dump(head); dump != ContentForm::kUnknown) return dump;
  if (is_text(head)) return form_of_page(beginning_of_text(head));
  if (is_gnupg(head)) return ContentForm::kGnupg;
  if (is_open_gnupg(head)) return ContentForm::kGnupgOpen;
  if (has_zip_end(ends)) return ContentForm::kZip;
  return ContentForm::kUnknown;
}

double entropy_of(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const auto count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

struct FormName {
  ContentForm form;
  std::string_view name;
};
constexpr FormName kNames[] = {
    {ContentForm::kEmpty, "empty"},
    {ContentForm::kZeroes, "nothing but zeroes"},
    {ContentForm::kText, "text"},
    {ContentForm::kWebPage, "a web page"},
    {ContentForm::kErrorPage, "a server's error message"},
    {ContentForm::kGzip, "gzip"},
    {ContentForm::kZstd, "zstd"},
    {ContentForm::kXz, "xz"},
    {ContentForm::kBzip2, "bzip2"},
    {ContentForm::kLz4, "lz4"},
    {ContentForm::kZip, "zip"},
    {ContentForm::kSevenZip, "7z"},
    {ContentForm::kTar, "tar"},
    {ContentForm::kCpio, "cpio"},
    {ContentForm::kSquashfs, "squashfs"},
    {ContentForm::kJpa, "jpa"},
    {ContentForm::kVma, "vma"},
    {ContentForm::kPostgresArchive, "an archive of pg_dump"},
    {ContentForm::kPostgresDump, "a dump of PostgreSQL"},
    {ContentForm::kMysqlDump, "a dump of MySQL or MariaDB"},
    {ContentForm::kSqliteDump, "a dump of SQLite"},
    {ContentForm::kSqlite, "an SQLite database"},
    {ContentForm::kRedis, "a dump of Redis"},
    {ContentForm::kQcow2, "qcow2"},
    {ContentForm::kGnupg, "encrypted by GnuPG"},
    {ContentForm::kGnupgOpen, "of GnuPG, and not encrypted"},
    {ContentForm::kAge, "encrypted by age"},
    {ContentForm::kOpensslEnc, "encrypted by openssl"},
    {ContentForm::kLuks, "an encrypted LUKS volume"},
};

}  // namespace

std::string_view name_of(ContentForm form) {
  const auto* const found = std::find_if(std::begin(kNames), std::end(kNames),
                                         [&](const FormName& one) { return one.form == form; });
  return found == std::end(kNames) ? "nothing that is known here" : found->name;
}

bool is_encrypted(ContentForm form) {
  return form == ContentForm::kGnupg || form == ContentForm::kAge ||
         form == ContentForm::kOpensslEnc || form == ContentForm::kLuks;
}

ContentLook look_at(const ContentEnds& ends) {
  ContentLook look;
  look.form = form_of(ends);
  look.is_cut = lacks_its_end(look.form, ends);
  if (look.form == ContentForm::kUnknown) look.bits_per_byte = entropy_of(ends.tail);
  return look;
}

}  // namespace agent
