#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/disk/state_paths.h"

namespace store {

/// Which names the filesystem can hold; see store/content/filesystem_limits.h.
enum class NameRules {
  kPosix,
  kPortable,  ///< FAT, exFAT, NTFS: also :*?"<>| and trailing dots and spaces are escaped
};

/// The names a key can have. kPlain is what a person expects. kDistinct is for a key whose plain
/// name is taken by another key: because the filesystem folds case, or because both `a` and `a/b`
/// exist. kNarrow is for one whose other names are too long, too deep, taken, or refused by the
/// filesystem: of ASCII letters and digits mostly, in segments of at most 143 bytes. No name of one
/// variant is also a name of another. The ledger stores the numbers.
enum class NameVariant { kPlain = 0, kDistinct = 1, kNarrow = 2 };

/// No S3 has longer ones; they have no path here.
inline constexpr std::size_t kLongestKeyBytes = 1024;

/// False: a key that is refused, as it can have no name on the disk.
constexpr bool can_have_path(std::string_view key) { return key.size() <= kLongestKeyBytes; }

/// The path of a key below `SOURCE/archives/`. Pure and injective: different keys have different
/// paths. Whatever the key holds, the result is relative, has no empty, "." or ".." segment, no
/// segment over 255 bytes and no byte below 0x20. See store/FORMAT.md.
/// A key has at most kLongestKeyBytes.
///
/// Plain: each byte that cannot stand becomes %XX (upper case): below 0x20, 0x7f, '%', '\',
/// a byte that is no valid UTF-8, every byte of a "." or ".." segment. An empty segment is "%2F"
/// (no other segment can be that), so "a//b" is "a/%2F/b", "/a" is "%2F/a" and "a/" is "a/%2F".
/// A segment over 255 bytes is cut, between characters and never inside an escape, into parts of at
/// most 240; each part but the last ends in a bare '%', and a '/' follows it. A last part of "." or
/// ".." is escaped.
/// Distinct: as plain, cut at 230; each directory segment has "%~" appended, and the last segment
/// "%~" and the first 16 hex digits of the key's SHA-256.
/// Narrow: whatever is no ASCII letter, digit, '-', '_', or '.' within a segment, is escaped; cut
/// at 120; marked as a distinct one, with "%-". Where that has more than 32 segments or 1,400
/// bytes:
/// "%=" and the key's bytes in lower-case hex, cut at 120, marked likewise.
std::string path_of_key(std::string_view key, NameRules rules, NameVariant variant);

/// The names that a key can be given, best first. Where the plain one has more than 128 segments or
/// 2,048 bytes, only the narrow one is left: what copies a tree takes paths below PATH_MAX.
/// (Contents that an earlier version placed under such a name stay there.)
std::span<const NameVariant> variants_of(std::string_view key, NameRules rules);

/// The key that has this plain path; nullopt when none has.
std::optional<std::string> key_of_plain_path(std::string_view path);

/// "SOURCE/archives/" + path_of_key(...)
std::string archive_path(std::string_view source, std::string_view key, NameRules rules,
                         NameVariant variant);

/// The key and the variant that have this path below archives/; nullopt when none has.
struct NamedKey {
  std::string key;
  NameVariant variant = NameVariant::kPlain;
};
std::optional<NamedKey> key_of_path(std::string_view path);

std::string manifest_path(std::string_view source);  ///< "SOURCE/manifest.jsonl"
std::string sums_path(std::string_view source);      ///< "SOURCE/SHA256SUMS"
std::string parent_of(std::string_view path);        ///< "" for a name in the root

}  // namespace store
