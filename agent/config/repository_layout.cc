#include "agent/config/repository_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace agent {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_large_hex(char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); }

bool is_hex(std::string_view text, std::size_t length) {
  return text.size() == length && std::ranges::all_of(text, is_small_hex);
}

bool are_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// The last folders and the name of a key; empty where there are fewer.
struct Tail {
  std::string_view name;
  std::string_view folder;
  std::string_view outer;
};

std::string_view split_last(std::string_view& rest) {
  const auto slash = rest.rfind('/');
  const auto last = slash == std::string_view::npos ? rest : rest.substr(slash + 1);
  rest = rest.substr(0, slash == std::string_view::npos ? 0 : slash);
  return last;
}

Tail tail_of(std::string_view key) {
  Tail tail;
  tail.name = split_last(key);
  tail.folder = split_last(key);
  tail.outer = split_last(key);
  return tail;
}

bool has_folder(std::string_view key, std::string_view folder) {
  for (auto at = key.find(folder); at != std::string_view::npos; at = key.find(folder, at + 1)) {
    const bool begins = at == 0 || key[at - 1] == '/';
    const auto end = at + folder.size();
    if (begins && end < key.size() && key[end] == '/') return true;
  }
  return false;
}

constexpr std::size_t kSha256 = 64;

bool is_restic(std::string_view, const Tail& tail) {
  if (!is_hex(tail.name, kSha256)) return false;
  const bool packed =
      tail.outer == "data" && is_hex(tail.folder, 2) && tail.name.starts_with(tail.folder);
  return packed || tail.folder == "snapshots" || tail.folder == "index" || tail.folder == "keys" ||
         tail.folder == "locks" || tail.folder == "data";
}

bool is_borg(std::string_view key, const Tail& tail) {
  for (const std::string_view kind : {"hints.", "integrity."}) {
    if (tail.name.starts_with(kind) && are_digits(tail.name.substr(kind.size()))) return true;
  }
  // Of the second version.
  const bool chunked =
      is_hex(tail.name, kSha256) && is_hex(tail.folder, 2) && is_hex(tail.outer, 2);
  return (tail.outer == "data" && are_digits(tail.folder) && are_digits(tail.name)) ||
         (chunked && has_folder(key, "data"));
}

bool is_kopia(std::string_view, const Tail& tail) {
  return tail.name == "kopia.repository" || tail.name == "kopia.repository.f" ||
         tail.name == "kopia.blobcfg" || tail.name == "kopia.blobcfg.f" ||
         tail.name == "kopia.maintenance" || tail.name == "kopia.maintenance.f";
}

bool is_duplicacy(std::string_view, const Tail& tail) {
  constexpr std::size_t kRest = 62;
  const bool nested = tail.outer == "chunks" && is_hex(tail.folder, 2) && is_hex(tail.name, kRest);
  return nested || (tail.folder == "chunks" && is_hex(tail.name, kSha256));
}

bool is_duplicity(std::string_view, const Tail& tail) {
  return tail.name.starts_with("duplicity-full") || tail.name.starts_with("duplicity-inc") ||
         tail.name.starts_with("duplicity-new");
}

bool is_duplicati(std::string_view, const Tail& tail) {
  return tail.name.find(".dblock.") != std::string_view::npos ||
         tail.name.find(".dindex.") != std::string_view::npos ||
         tail.name.find(".dlist.") != std::string_view::npos;
}

bool is_pgbackrest(std::string_view key, const Tail& tail) {
  const bool info = tail.name.starts_with("archive.info") || tail.name.starts_with("backup.info");
  return tail.name.starts_with("backup.manifest") ||
         (info && (tail.outer == "archive" || tail.outer == "backup")) ||
         has_folder(key, "backup.history");
}

bool is_walg(std::string_view key, const Tail& tail) {
  return tail.name.ends_with("_backup_stop_sentinel.json") || has_folder(key, "wal_005") ||
         has_folder(key, "basebackups_005");
}

bool is_barman(std::string_view, const Tail& tail) {
  constexpr std::size_t kTimeline = 16;
  constexpr std::size_t kSegment = 24;
  const auto segment = tail.name.substr(0, kSegment);
  const bool wal = tail.outer == "wals" && tail.folder.size() == kTimeline &&
                   std::ranges::all_of(tail.folder, is_large_hex) && segment.size() == kSegment &&
                   std::ranges::all_of(segment, is_large_hex);
  const bool base = tail.outer == "base" && tail.folder.size() == 15 && tail.folder[8] == 'T';
  return wal || (base && (tail.name == "backup.info" || tail.name.starts_with("data.tar")));
}

bool is_pbs(std::string_view key, const Tail& tail) {
  return tail.name.ends_with(".fidx") || tail.name.ends_with(".didx") || has_folder(key, ".chunks");
}

bool is_veeam(std::string_view key, const Tail& tail) {
  return tail.name.ends_with(".vib") || tail.name.ends_with(".vrb") ||
         key.find("Veeam/Backup/") != std::string_view::npos ||
         key.find("Veeam/Archive/") != std::string_view::npos;
}

bool is_rdiff(std::string_view key, const Tail&) { return has_folder(key, "rdiff-backup-data"); }

bool is_bundle(std::string_view key, const Tail& tail) {
  return tail.folder == "bands" && key.find(".sparsebundle/") != std::string_view::npos;
}

bool is_hyper_backup(std::string_view key, const Tail&) {
  return key.find(".hbk/") != std::string_view::npos;
}

bool is_sql_log(std::string_view, const Tail& tail) {
  return tail.name.ends_with(".trn") ||
         (tail.name.ends_with(".bak") && tail.name.find("_DIFF_") != std::string_view::npos);
}

// A word of its own in the name or in a folder.
bool has_word(std::string_view key, std::string_view word) {
  const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  const auto same = [](char c, char small) { return (c | 0x20) == small; };
  for (std::size_t at = 0; at + word.size() <= key.size(); ++at) {
    const auto end = at + word.size();
    const bool bounded =
        (at == 0 || !is_letter(key[at - 1])) && (end == key.size() || !is_letter(key[end]));
    if (bounded && std::ranges::equal(key.substr(at, word.size()), word, same)) return true;
  }
  return false;
}

bool is_increment(std::string_view key, const Tail&) {
  return has_word(key, "incremental") || has_word(key, "incr") || has_word(key, "differential");
}

struct Layout {
  ChainTool tool;
  bool (*matches)(std::string_view key, const Tail& tail);
};

constexpr std::string_view kForget = "let 'restic forget --prune' remove what is old in the bucket";

constexpr std::array<Layout, 16> kLayouts = {{
    {{"restic", "a repository of restic", kForget}, is_restic},
    {{"borg", "a repository of borg",
      "let 'borg prune' and 'borg compact' remove what is old there"},
     is_borg},
    {{"kopia", "a repository of kopia",
      "let kopia's own policies remove what is old in the bucket"},
     is_kopia},
    {{"duplicacy", "a storage of duplicacy",
      "let 'duplicacy prune' remove what is old in the bucket"},
     is_duplicacy},
    {{"duplicity", "chains of duplicity, whose increments need those before them",
      "let 'duplicity remove-older-than' remove what is old in the bucket"},
     is_duplicity},
    {{"duplicati", "the volumes of duplicati",
      "let duplicati's own retention remove what is old in the bucket"},
     is_duplicati},
    {{"pgbackrest", "a repository of pgBackRest",
      "let 'pgbackrest expire' remove what is old in the bucket"},
     is_pgbackrest},
    {{"wal-g", "backups of WAL-G, which need their WAL",
      "let 'wal-g delete' remove what is old in the bucket"},
     is_walg},
    {{"barman", "backups of barman, which need their WAL",
      "let 'barman-cloud-backup-delete' remove what is old in the bucket"},
     is_barman},
    {{"proxmox-backup-server", "a datastore of Proxmox Backup Server",
      "let its own prune and garbage collection remove what is old"},
     is_pbs},
    {{"veeam", "Veeam's increments, which need the full backup before them",
      "let Veeam's own retention remove what is old in the bucket"},
     is_veeam},
    {{"rdiff-backup", "a repository of rdiff-backup",
      "let 'rdiff-backup remove increments' remove what is old"},
     is_rdiff},
    {{"sparsebundle", "a disk image in bands", "let the program that writes it remove what is old"},
     is_bundle},
    {{"hyper-backup", "a repository of Synology Hyper Backup",
      "let the rotation of Hyper Backup remove what is old in the bucket"},
     is_hyper_backup},
    {{"sql-server", "log and differential backups of SQL Server, which need those before them",
      "let the job that writes them remove what is old in the bucket"},
     is_sql_log},
    {{"increments", "increments, which need the full backup before them",
      "let the program that writes them remove what is old in the bucket"},
     is_increment},
}};

}  // namespace

const ChainTool* chain_tool_of(std::string_view key) {
  const auto tail = tail_of(key);
  const auto found = std::ranges::find_if(
      kLayouts, [&](const Layout& layout) { return layout.matches(key, tail); });
  return found == kLayouts.end() ? nullptr : &found->tool;
}

const ChainTool* find_chain_tool(std::string_view name) {
  const auto found = std::ranges::find_if(
      kLayouts, [&](const Layout& layout) { return layout.tool.name == name; });
  return found == kLayouts.end() ? nullptr : &found->tool;
}

std::string refusal_of(const ChainTool& tool) {
  return fmt::format(
      "the keep rules are refused: this is {}, and no name tells which of its files need each "
      "other. "
      "Everything is kept; {}. Where it is something else, say in `series` what belongs together",
      tool.what, tool.instead);
}

}  // namespace agent
