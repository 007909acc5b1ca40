#include "agent/proof/soundness_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <vector>

namespace agent {
namespace {

using Form = ContentForm;

// Bytes of which no more than this can be told are compressed or encrypted, and no text.
constexpr double kMaxOrdered = 7.5;
constexpr double kLooksEncrypted = 7.9;

struct Claim {
  std::string_view ending;  ///< lower case
  std::string_view says;
  std::vector<Form> forms;
};

const std::vector<Claim>& claims() {
  // A dump is text of whatever program made it; and pg_dump's own archives are often named so.
  static const std::vector<Form> kSql = {Form::kText, Form::kPostgresDump, Form::kMysqlDump,
                                         Form::kSqliteDump, Form::kPostgresArchive};
  static const std::vector<Claim> kClaims = {
      {".gz", "gzip", {Form::kGzip}},
      {".tgz", "gzip", {Form::kGzip}},
      {".gzip", "gzip", {Form::kGzip}},
      {".zst", "zstd", {Form::kZstd}},
      {".zstd", "zstd", {Form::kZstd}},
      {".tzst", "zstd", {Form::kZstd}},
      {".xz", "xz", {Form::kXz}},
      {".txz", "xz", {Form::kXz}},
      {".bz2", "bzip2", {Form::kBzip2}},
      {".tbz", "bzip2", {Form::kBzip2}},
      {".tbz2", "bzip2", {Form::kBzip2}},
      {".lz4", "lz4", {Form::kLz4}},
      {".zip", "zip", {Form::kZip}},
      {".7z", "7z", {Form::kSevenZip}},
      {".tar", "tar", {Form::kTar}},
      {".cpio", "cpio", {Form::kCpio}},
      {".squashfs", "squashfs", {Form::kSquashfs}},
      {".sqfs", "squashfs", {Form::kSquashfs}},
      {".jpa", "jpa", {Form::kJpa}},
      {".vma", "vma", {Form::kVma}},
      {".sql", "SQL", kSql},
      {".pgdump",
       "an archive of pg_dump",
       {Form::kPostgresArchive, Form::kPostgresDump, Form::kTar}},
      {".sqlite", "an SQLite database", {Form::kSqlite}},
      {".sqlite3", "an SQLite database", {Form::kSqlite}},
      {".rdb", "a dump of Redis", {Form::kRedis}},
      {".qcow2", "qcow2", {Form::kQcow2}},
      {".gpg", "GnuPG", {Form::kGnupg, Form::kGnupgOpen}},
      {".pgp", "GnuPG", {Form::kGnupg, Form::kGnupgOpen}},
      {".age", "encrypted by age", {Form::kAge}},
      {".luks", "an encrypted LUKS volume", {Form::kLuks}},
  };
  return kClaims;
}

const Claim* find_claim(std::string_view key) {
  std::string name(key.substr(key.rfind('/') == std::string_view::npos ? 0 : key.rfind('/') + 1));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  const auto found = std::find_if(claims().begin(), claims().end(), [&](const Claim& claim) {
    return name.size() > claim.ending.size() && name.ends_with(claim.ending);
  });
  return found == claims().end() ? nullptr : &*found;
}

bool fits(const Claim& claim, const ContentLook& look) {
  if (std::ranges::find(claim.forms, look.form) != claim.forms.end()) return true;
  // An SQL dump with binary columns in its first lines.
  const bool is_sql = claim.says == "SQL";
  return is_sql && look.form == Form::kUnknown && look.bits_per_byte < kMaxOrdered;
}

std::string what_it_is(const ContentLook& look) {
  if (look.form != Form::kUnknown) return std::string(name_of(look.form));
  const auto* const guess = look.bits_per_byte >= kLooksEncrypted ? ": it looks encrypted" : "";
  return fmt::format("{} ({:.2f} bits a byte{})", name_of(look.form), look.bits_per_byte, guess);
}

bool is_steady(const std::optional<FormHabit>& habit) {
  return habit && habit->sets >= kSteadySets;
}

Soundness unsound(std::string why, bool is_lost_form) {
  return {Soundness::Verdict::kUnsound, std::move(why), is_lost_form};
}

std::string cut_words(const ContentLook& look) {
  return fmt::format("it is {}, but its end is missing", name_of(look.form));
}

}  // namespace

std::string_view claim_of(std::string_view key) {
  const auto* const claim = find_claim(key);
  return claim == nullptr ? std::string_view{} : claim->says;
}

Soundness weigh_soundness(std::string_view key, const ContentLook& look,
                          const std::optional<FormHabit>& habit) {
  const auto* const claim = find_claim(key);
  const bool steady = is_steady(habit);
  if (steady && habit->form == look.form) {
    if (look.is_cut && !habit->is_cut) return unsound(cut_words(look), false);
    return {look.form == Form::kUnknown ? Soundness::Verdict::kUnknown : Soundness::Verdict::kSound,
            "", false};
  }
  if (steady && habit->form != Form::kUnknown) {
    return unsound(fmt::format("the last ones were {}, but this one is {}", name_of(habit->form),
                               what_it_is(look)),
                   !look.is_cut);
  }
  if (claim == nullptr) return {};
  if (!fits(*claim, look)) {
    return unsound(fmt::format("its name says {}, but it is {}", claim->says, what_it_is(look)),
                   false);
  }
  if (look.is_cut) return unsound(cut_words(look), false);
  return {Soundness::Verdict::kSound, "", false};
}

}  // namespace agent
