#include "store/content/key_path.h"

#include <algorithm>
#include <random>
#include <sstream>
#include <unordered_set>

#include "store/content/filesystem_limits.h"
#include "tests/support/catch.h"
#include "tests/support/stride.h"

using store::key_of_plain_path;
using store::NameRules;
using store::NameVariant;
using store::path_of_key;

namespace {

std::string plain(std::string_view key) {
  return path_of_key(key, NameRules::kPosix, NameVariant::kPlain);
}
std::string portable(std::string_view key) {
  return path_of_key(key, NameRules::kPortable, NameVariant::kPlain);
}
std::string distinct(std::string_view key) {
  return path_of_key(key, NameRules::kPosix, NameVariant::kDistinct);
}

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  std::size_t from = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', from)) {
    segments.push_back(path.substr(from, slash - from));
    from = slash + 1;
  }
  segments.push_back(path.substr(from));
  return segments;
}

// Empty when the path can stand on every filesystem with these rules, else what is wrong with it.
std::string fault_of(const std::string& path, NameRules rules) {
  for (const std::string& segment : segments_of(path)) {
    if (segment.empty() || segment == "." || segment == "..") return "segment " + segment;
    if (segment.size() > 255) return "long segment";
    for (const char c : segment) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f || byte == '\\') return "forbidden byte";
    }
    if (rules == NameRules::kPortable && (segment.find_first_of(":*?\"<>|") != std::string::npos ||
                                          segment.ends_with('.') || segment.ends_with(' '))) {
      return "not portable";
    }
  }
  return {};
}

// Keys made of what has ever confused a mapping of names.
class NastyKeys {
 public:
  explicit NastyKeys(unsigned seed) : random_(seed) {}

  std::string next() {
    std::string key;
    const std::size_t pieces = 1 + random_() % 6;
    while (key.size() < 1000 && pieces_made_++ < pieces) key += piece();
    pieces_made_ = 0;
    return key.substr(0, 1024);
  }

 private:
  std::string piece() {
    static const std::vector<std::string> kPieces = {"/",
                                                     "//",
                                                     ".",
                                                     "..",
                                                     "/./",
                                                     "/../",
                                                     "%",
                                                     "%2F",
                                                     "%2f",
                                                     "%25",
                                                     "%~",
                                                     "~",
                                                     "a",
                                                     "A",
                                                     "b",
                                                     "0",
                                                     "F",
                                                     "2",
                                                     "\\",
                                                     ":",
                                                     "*",
                                                     "?",
                                                     "\"",
                                                     "<",
                                                     ">",
                                                     "|",
                                                     " ",
                                                     "  ",
                                                     "\n",
                                                     "\x01",
                                                     "\x1f",
                                                     "\x7f",
                                                     "\xc3",
                                                     "\xa9",
                                                     "\xc3\xa9",
                                                     "\xc0\xaf",
                                                     "\xed\xa0\x80",
                                                     "\xf0\x9f\x92\xbe",
                                                     "\xff",
                                                     "\xf4\x90\x80\x80",
                                                     "\xe2\x82",
                                                     "con",
                                                     "%7E",
                                                     "archives",
                                                     "%%"};
    if (random_() % 25 != 0) return kPieces[random_() % kPieces.size()];
    // Around the lengths at which segments are cut.
    const std::string unit = kPieces[random_() % kPieces.size()];
    const std::size_t wanted = 70 + random_() % 200;
    std::string run;
    while (run.size() < wanted) run += unit;
    return run;
  }

  std::mt19937_64 random_;
  std::size_t pieces_made_ = 0;
};

}  // namespace

TEST_CASE("an ordinary key is its own path") {
  CHECK(plain("db-2026-01-31.tar.zst") == "db-2026-01-31.tar.zst");
  CHECK(plain("backups/site/db 1.tar") == "backups/site/db 1.tar");
  CHECK(plain("a:b*c?\"<>|~") == "a:b*c?\"<>|~");
  CHECK(plain("Fa\xc3\xa7"
              "ade/\xf0\x9f\x92\xbe") ==
        "Fa\xc3\xa7"
        "ade/\xf0\x9f\x92\xbe");
  CHECK(plain(".hidden/...") == ".hidden/...");
}

TEST_CASE("what cannot stand in a path is escaped in upper case") {
  CHECK(plain("a\nb") == "a%0Ab");
  CHECK(plain(std::string_view("a\0b", 3)) == "a%00b");
  CHECK(plain("\x7f") == "%7F");
  CHECK(plain("100%") == "100%25");
  CHECK(plain("a\\b") == "a%5Cb");
  CHECK(plain(".") == "%2E");
  CHECK(plain("../../etc/passwd") == "%2E%2E/%2E%2E/etc/passwd");
  CHECK(plain("a/../b") == "a/%2E%2E/b");
}

TEST_CASE("an empty segment has a name of its own") {
  CHECK(plain("a//b") == "a/%2F/b");
  CHECK(plain("/a") == "%2F/a");
  CHECK(plain("a/") == "a/%2F");
  CHECK(plain("/") == "%2F/%2F");
  CHECK(plain("%2F") == "%252F");
}

TEST_CASE("bytes that are no valid UTF-8 are escaped one by one") {
  CHECK(plain("\xc3") == "%C3");  // cut short
  CHECK(plain("\xc3/") == "%C3/%2F");
  CHECK(plain("\xa9") == "%A9");         // a continuation alone
  CHECK(plain("\xc0\xaf") == "%C0%AF");  // overlong
  CHECK(plain("\xc1\xbf") == "%C1%BF");
  CHECK(plain("\xe0\x9f\xbf") == "%E0%9F%BF");
  CHECK(plain("\xf0\x8f\xbf\xbf") == "%F0%8F%BF%BF");
  CHECK(plain("\xed\xa0\x80") == "%ED%A0%80");         // a surrogate
  CHECK(plain("\xf4\x90\x80\x80") == "%F4%90%80%80");  // above U+10FFFF
  CHECK(plain("\xf5\x80\x80\x80") == "%F5%80%80%80");
  CHECK(plain("\xe2\x82") == "%E2%82");
  CHECK(plain("\xe2\x28\xa1") == "%E2(%A1");
  for (const std::string valid : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                  "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(plain(valid) == valid);
  }
}

TEST_CASE("the portable rules also escape what FAT, exFAT and NTFS refuse") {
  CHECK(portable("a:b*c?\"<>|~") == "a%3Ab%2Ac%3F%22%3C%3E%7C~");
  CHECK(portable("dir. /file.. ") == "dir%2E%20/file%2E%2E%20");
  CHECK(portable(" .a. b") == " .a. b");
  CHECK(portable("..") == "%2E%2E");
  for (const std::string_view name : {"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk"}) {
    CHECK(store::name_rules_of(name) == NameRules::kPortable);
  }
  for (const std::string_view name : {"ext4", "btrfs", "xfs", "f2fs", "tmpfs", "unknown", ""}) {
    CHECK(store::name_rules_of(name) == NameRules::kPosix);
  }
}

TEST_CASE("a long segment is cut between characters") {
  CHECK(plain(std::string(255, 'a')) == std::string(255, 'a'));
  CHECK(plain(std::string(256, 'a')) == std::string(239, 'a') + "%/" + std::string(17, 'a'));
  // 85 escapes are 255 bytes, one more is too long; 239 is no multiple of 3.
  std::string escapes;
  for (int i = 0; i < 85; ++i) escapes += "%25";
  CHECK(plain(std::string(85, '%')) == escapes);
  CHECK(plain(std::string(86, '%')) == escapes.substr(0, 237) + "%/" + escapes.substr(0, 21));
  CHECK(plain("a" + std::string(86, '%')) ==
        "a" + escapes.substr(0, 237) + "%/" + escapes.substr(0, 21));
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "\xc3\xa9";
  CHECK(plain(umlauts) == umlauts.substr(0, 238) + "%/" + umlauts.substr(0, 18));
}

TEST_CASE("a distinct name shares no directory and no file name with any plain one") {
  CHECK(distinct("a/b") == "a%~/b%~" + std::string("c14cddc033f64b9d"));
  CHECK(distinct("A") != distinct("a"));
  CHECK(distinct(std::string(230, 'a')).substr(0, 232) == std::string(230, 'a') + "%~");
  CHECK(distinct(std::string(231, 'a')).substr(0, 233) == std::string(229, 'a') + "%%~/");
}

TEST_CASE("a key of 1024 percent signs has a path") {
  const std::string key(1024, '%');
  for (const auto rules : {NameRules::kPosix, NameRules::kPortable}) {
    const std::string path = path_of_key(key, rules, NameVariant::kPlain);
    CHECK(fault_of(path, rules).empty());
    CHECK(key_of_plain_path(path) == key);
    CHECK(fault_of(path_of_key(key, rules, NameVariant::kDistinct), rules).empty());
  }
}

TEST_CASE("a path that no key has is not turned into one") {
  for (const std::string_view path : {"",
                                      "/",
                                      "a/",
                                      "/a",
                                      "a//b",
                                      ".",
                                      "..",
                                      "a/../b",
                                      "%",
                                      "a%",
                                      "a%2",
                                      "%2f",
                                      "%41",
                                      "%2E",
                                      "a%2Fb",
                                      "a%/b",
                                      "%zz",
                                      "a%~",
                                      "a%~/b%~0123456789abcdef",
                                      "\n",
                                      "\\",
                                      "\xff",
                                      "%G0",
                                      "a:b%3Ac",
                                      "%%25",
                                      "%2E."}) {
    CAPTURE(path);
    if (path == "%2E") continue;
    CHECK(key_of_plain_path(path) == std::nullopt);
  }
  CHECK(key_of_plain_path("%2E") == ".");
  CHECK(key_of_plain_path("a%3Ab") == "a:b");
  CHECK(key_of_plain_path("a:b") == "a:b");
  CHECK(key_of_plain_path(std::string(256, 'a')) == std::nullopt);
}

TEST_CASE("nasty keys have different paths that stand, and lead back to their keys") {
  const auto rules = GENERATE(NameRules::kPosix, NameRules::kPortable);
  const unsigned seed = 20260101 + test::turn_of(10);
  CAPTURE(seed);
  NastyKeys source(seed);
  std::unordered_set<std::string> keys;
  std::unordered_set<std::string> paths;
  while (keys.size() < 30'000) {
    const auto [at, is_new] = keys.insert(source.next());
    if (!is_new) continue;
    const std::string& key = *at;
    const std::string plain_path = path_of_key(key, rules, NameVariant::kPlain);
    const std::string distinct_path = path_of_key(key, rules, NameVariant::kDistinct);
    // An assertion each would take longer than all the rest.
    if (key_of_plain_path(plain_path) != key || !fault_of(plain_path, rules).empty() ||
        !fault_of(distinct_path, rules).empty() || plain_path.find("%~") != std::string::npos) {
      CAPTURE(key, plain_path, distinct_path);
      CHECK(key_of_plain_path(plain_path) == key);
      CHECK(fault_of(plain_path, rules).empty());
      CHECK(fault_of(distinct_path, rules).empty());
      REQUIRE(plain_path.find("%~") == std::string::npos);
    }
    const auto segments = segments_of(distinct_path);
    const auto marked = std::count_if(segments.begin(), segments.end(), [](const auto& segment) {
      return segment.find("%~") != std::string::npos;
    });
    if (marked != static_cast<std::ptrdiff_t>(segments.size())) {
      CAPTURE(key, distinct_path);
      REQUIRE(marked == static_cast<std::ptrdiff_t>(segments.size()));
    }
    paths.insert(plain_path);
    paths.insert(distinct_path);
  }
  CHECK(paths.size() == 2 * keys.size());
}

TEST_CASE("the fixed places are where users are told they are") {
  CHECK(store::archive_path("site", "db/1.tar", NameRules::kPosix, NameVariant::kPlain) ==
        "site/archives/db/1.tar");
  CHECK(store::sums_path("site") == "site/SHA256SUMS");
  CHECK(store::parent_of("a/b/c") == "a/b");
  CHECK(store::parent_of("a").empty());
}

TEST_CASE("a filesystem behind a program of its own is known by it", "[layout]") {
  CHECK(store::name_rules_of("fuse.fusefat") == NameRules::kPortable);
  CHECK(store::name_rules_of("fuse.exfat-fuse") == NameRules::kPortable);
  CHECK(store::name_rules_of("fuse.ntfs-3g") == NameRules::kPortable);
  CHECK(store::name_rules_of("fuse.sshfs") == NameRules::kPosix);
}

TEST_CASE("only FAT counts the bytes of a file in 32 bits", "[layout]") {
  constexpr std::uint64_t kFat = 0xFFFF'FFFF;
  CHECK(store::largest_file_bytes_of("vfat") == kFat);
  CHECK(store::largest_file_bytes_of("fuse.fusefat") == kFat);
  for (const char* name : {"exfat", "fuse.exfat-fuse", "ext4", "ntfs3", "fuseblk", ""}) {
    CAPTURE(name);
    CHECK(store::largest_file_bytes_of(name) > kFat);
  }
}

TEST_CASE("a path below archives/ leads back to its key, and to no other", "[layout]") {
  const std::string long_segment(600, 'x');
  for (const std::string& key :
       {std::string("db/a.tar"), std::string("a//b"), std::string("a/"), std::string(".."),
        std::string("what:?"), std::string("50%"), "dir/" + long_segment + "/end",
        long_segment + "/a", std::string("%~"), std::string("a%~/b")}) {
    for (const NameRules rules : {NameRules::kPosix, NameRules::kPortable}) {
      for (const NameVariant variant : {NameVariant::kPlain, NameVariant::kDistinct}) {
        const auto path = store::path_of_key(key, rules, variant);
        CAPTURE(path);
        const auto found = store::key_of_path(path);
        REQUIRE(found);
        CHECK(found->key == key);
        CHECK(found->variant == variant);
      }
    }
  }
  for (const char* foreign : {"a%~", "a%~0123456789abcdef", "a%zz", "%41", "a%~/b", "%~", ""}) {
    CAPTURE(foreign);
    CHECK_FALSE(store::key_of_path(foreign));
  }
}

TEST_CASE("what is left of a long segment is never . or ..", "[layout]") {
  for (const NameRules rules : {NameRules::kPosix, NameRules::kPortable}) {
    for (std::size_t size = 200; size <= store::kLongestKeyBytes; ++size) {
      for (const std::size_t dots : {1U, 2U, 3U}) {
        const auto key = std::string(size - dots, 'x') + std::string(dots, '.');
        for (const auto variant :
             {NameVariant::kPlain, NameVariant::kDistinct, NameVariant::kNarrow}) {
          const auto path = path_of_key(key, rules, variant);
          const auto found = store::key_of_path(path);
          if (fault_of(path, rules).empty() && found && found->key == key &&
              found->variant == variant) {
            continue;
          }
          CAPTURE(size, dots, path);
          FAIL("this path cannot stand, or does not lead back");
        }
      }
    }
  }
  CHECK(plain(std::string(478, 'x') + "..") ==
        std::string(239, 'x') + "%/" + std::string(239, 'x') + "%/%2E%2E");
}

TEST_CASE("any key of 1 to 1024 bytes has different names, none too deep or long", "[layout]") {
  std::mt19937_64 random{20260102};
  std::unordered_set<std::string> keys;
  std::unordered_set<std::string> paths;
  std::size_t wanted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string key(1 + random() % store::kLongestKeyBytes, 'x');
    // Of all bytes, of few, or of one: slashes, dots, what is escaped.
    const std::string few = "/.%x";
    const auto kind = random() % 3;
    for (char& c : key) {
      if (kind == 0) c = static_cast<char>(random() % 256);
      if (kind == 1) c = few[random() % few.size()];
      if (kind == 2) c = few[key.size() % few.size()];
    }
    if (!keys.insert(key).second) continue;
    for (const auto variant : store::variants_of(key, NameRules::kPosix)) {
      const auto path = path_of_key(key, NameRules::kPosix, variant);
      const auto found = store::key_of_path(path);
      const auto segments = segments_of(path);
      const bool narrow_fits =
          variant != NameVariant::kNarrow ||
          std::all_of(segments.begin(), segments.end(),
                      [](const std::string& segment) { return segment.size() <= 143; });
      const bool stands = fault_of(path, NameRules::kPosix).empty() && path.size() <= 2400 &&
                          segments.size() <= 128 && narrow_fits;
      if (!stands || !found || found->key != key || found->variant != variant) {
        CAPTURE(key, path);
        FAIL("this path cannot stand, or does not lead back");
      }
      paths.insert(path);
      ++wanted;
    }
  }
  CHECK(paths.size() == wanted);
}
