// How the manifests keep up with the ledger, so that a ledger can be made anew from them. A
// manifest is a journal: lines are only ever appended, and where a batch adds lines to it the
// append is synced before the transaction of that batch, so that what the ledger holds is always in
// a manifest too. The other way round a crash may leave lines of a batch that the ledger never
// recorded. They do no harm: what they name either lies on the disk and is recorded when the mirror
// is opened, from its intent, or the last line of its key is taken back by restate().
//
// A removal goes in the opposite order. The ledger says it first, with an intent; then the
// manifest; then the file goes. What the manifest alone called removed would be given up by a
// rebuild.
//
// A power cut may leave half a line at the end. The next append begins a line of its own, and a
// reader passes over what is no line. The ledger remembers how long each manifest was at its last
// record: a shorter one has lost lines, and is written whole from the ledger, beside the old one,
// and renamed over it. What one line says, and how it is read, is in manifest_line.cc.
#include "store/custody/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "store/disk/line_writer.h"
#include "store/ledger/ledger_writer.h"

namespace store {
namespace {

using Kind = ManifestEntry::Kind;

constexpr std::size_t kBufferBytes = 64 * 1024;
// A key has at most 1024 bytes, each three in a path; whatever is longer is no line of ours.
constexpr std::size_t kLongestLineBytes = 16 * 1024;
constexpr std::string_view kArchives = "archives/";

std::string below_source(std::string_view path) {
  return std::string(path.substr(path.find('/') + 1));
}

ManifestEntry held(const Archive& archive, NameRules rules) {
  return {
      Kind::kHeld,        archive.key,
      archive.variant,    std::string(kArchives) + path_of_key(archive.key, rules, archive.variant),
      archive.upstream,   archive.last_modified,
      archive.sha256,     archive.verified_by,
      archive.held_since, Time{},
      archive.unsound};
}

ManifestEntry generation_entry(const Generation& generation) {
  return {Kind::kGeneration,     generation.key,
          NameVariant::kPlain,   below_source(generation.path),
          generation.upstream,   generation.last_modified,
          generation.sha256,     generation.verified_by,
          generation.held_since, generation.placed_at,
          generation.unsound};
}

// Of the trusted content of a key, whatever name that has: the path is the plain one.
ManifestEntry about(Kind kind, std::string_view key, const Sha256& sha256, NameRules rules) {
  ManifestEntry entry;
  entry.kind = kind;
  entry.key = key;
  entry.path = std::string(kArchives) + path_of_key(key, rules, NameVariant::kPlain);
  entry.sha256 = sha256;
  return entry;
}

ManifestEntry same(const Batch::Same& same, NameRules rules) {
  auto entry = about(Kind::kSame, same.key, same.sha256, rules);
  entry.upstream = same.upstream;
  return entry;
}

ManifestEntry trusted_since(const LedgerWriter::Since& reign, NameRules rules) {
  auto entry = about(Kind::kReign, reign.key, reign.sha256, rules);
  entry.placed_at = reign.since;
  return entry;
}

ManifestEntry soundness_entry(const Batch::SoundnessNote& note, NameRules rules) {
  auto entry = about(Kind::kSoundness, note.key, note.sha256, rules);
  entry.unsound = note.unsound;
  return entry;
}

ManifestEntry no_longer(Kind how, std::string_view key, std::string_view path) {
  ManifestEntry entry;
  entry.kind = how;
  entry.key = key;
  entry.path = below_source(path);
  return entry;
}

// The lines of a batch, by source. Removed first, as record_batch() does.
std::map<SourceId, std::string> lines_of(const Batch& batch, NameRules rules) {
  std::map<SourceId, std::string> lines;
  for (const auto& one : batch.removed) {
    lines[one.source] += line_of(no_longer(Kind::kGone, one.key, one.path));
  }
  for (const auto& one : batch.generations) {
    lines[one.source] += line_of(generation_entry(one.generation));
  }
  for (const auto& one : batch.archives) {
    auto entry = held(one.archive, rules);
    // What lay beside the archives before is trusted for a shorter time than it is held.
    if (entry.held_since < batch.now) entry.placed_at = batch.now;
    lines[one.source] += line_of(entry);
  }
  for (const auto& one : batch.same) lines[one.source] += line_of(same(one, rules));
  for (const auto& one : batch.soundness) lines[one.source] += line_of(soundness_entry(one, rules));
  return lines;
}

Result<bool> ends_a_line(File& file, std::uint64_t size_bytes) {
  std::byte last{'\n'};
  if (size_bytes == 0) return true;
  const auto got = file.read_at(size_bytes - 1, {&last, 1});
  if (!got) return got.error();
  return last == std::byte{'\n'};
}

// How long it is then.
Result<std::uint64_t> append(Disk& disk, std::string_view source_name, const std::string& lines) {
  if (auto made = disk.make_directory(source_name); !made) return made.error();
  const auto path = manifest_path(source_name);
  const auto file = disk.open(path, OpenMode::kCreate);
  if (!file) return file.error();
  const auto size_bytes = (*file)->size();
  if (!size_bytes) return size_bytes.error();
  // A power cut may have left half a line.
  const auto whole = ends_a_line(**file, *size_bytes);
  if (!whole) return whole.error();
  const auto text = *whole ? lines : "\n" + lines;
  if (auto written = (*file)->write_at(*size_bytes, std::as_bytes(std::span(text))); !written) {
    return written.error();
  }
  if (auto synced = (*file)->sync(); !synced) return synced.error();
  if (*size_bytes > 0) return *size_bytes + text.size();
  if (auto synced = disk.sync_directory(""); !synced) return synced.error();
  if (auto synced = disk.sync_directory(source_name); !synced) return synced.error();
  return *size_bytes + text.size();
}

// What was removed was held once; what it was is known from the one line, that it went from the
// other.
std::string lines_of(const LedgerWriter::Sighting& sighting, NameRules rules) {
  std::string lines;
  if (sighting.pruned) {
    Archive archive;
    archive.key = sighting.key;
    archive.upstream = sighting.upstream;
    archive.sha256 = sighting.sha256;
    const auto entry = held(archive, rules);
    lines = line_of(entry) + line_of(no_longer(Kind::kPruned, entry.key, "/" + entry.path));
  }
  return lines + line_of(same({0, sighting.key, sighting.upstream, sighting.sha256}, rules));
}

Status write_all(File& file, Ledger& ledger, SourceId source, NameRules rules) {
  LineWriter writer(file);
  Status written;
  auto visited =
      LedgerWriter(ledger).visit_sightings(source, [&](const LedgerWriter::Sighting& sighting) {
        written = writer.add(lines_of(sighting, rules));
        return written.has_value();
      });
  if (!visited || !written) return visited ? written : visited;
  visited = ledger.visit_generations(source, [&](const Generation& generation) {
    written = writer.add(line_of(generation_entry(generation)));
    return written.has_value();
  });
  if (visited && written) {
    visited = ledger.visit_archives(source, [&](const Archive& archive) {
      written = writer.add(line_of(held(archive, rules)));
      return written.has_value();
    });
  }
  // What is held now is not all that was trusted since it is held.
  if (visited && written) {
    visited = LedgerWriter(ledger).visit_reigns(source, [&](const LedgerWriter::Since& reign) {
      written = writer.add(line_of(trusted_since(reign, rules)));
      return written.has_value();
    });
  }
  if (!visited) return visited;
  if (!written) return written;
  if (auto flushed = writer.flush(); !flushed) return flushed;
  return file.sync();
}

}  // namespace

Status record_durably(Disk& disk, Ledger& ledger, NameRules rules, const Batch& batch) {
  std::map<SourceId, std::uint64_t> manifest_bytes;
  for (const auto& [source, lines] : lines_of(batch, rules)) {
    const auto name = ledger.source_name(source);
    if (!name) return name.error();
    const auto size_bytes = append(disk, *name, lines);
    if (!size_bytes) return size_bytes.error();
    manifest_bytes[source] = *size_bytes;
  }
  return LedgerWriter(ledger).record_batch(batch, manifest_bytes);
}

Status append_removals(Disk& disk, std::string_view source_name,
                       std::span<const Removal> removals) {
  std::string lines;
  for (const auto& one : removals) {
    lines += line_of(no_longer(one.lost ? Kind::kLost : Kind::kPruned, one.key, one.path));
  }
  if (lines.empty()) return {};
  const auto appended = append(disk, source_name, lines);
  return appended ? Status{} : appended.error();
}

Status restate(Disk& disk, std::string_view source_name, const Archive& archive, NameRules rules,
               std::string_view gone_path) {
  std::optional<ManifestEntry> last;
  auto visited = visit_manifest(disk, source_name, [&](ManifestEntry&& entry) {
    if (entry.kind == Kind::kHeld && entry.key == archive.key) last = std::move(entry);
    return true;
  });
  if (!visited || !last || last->sha256 == archive.sha256) return visited;
  auto entry = held(archive, rules);
  // From when on the other one was said to be trusted, which it was at no time.
  entry.placed_at = std::max(last->placed_at, last->held_since);
  auto lines = line_of(entry);
  if (!gone_path.empty()) lines = line_of(no_longer(Kind::kGone, archive.key, gone_path)) + lines;
  const auto appended = append(disk, source_name, lines);
  return appended ? Status{} : appended.error();
}

Status make_manifest_whole(Disk& disk, Ledger& ledger, SourceId source,
                           std::string_view source_name, NameRules rules) {
  const auto path = manifest_path(source_name);
  const auto existing = disk.stat(path);
  if (!existing) return existing.error();
  if (*existing && (*existing)->kind != FileKind::kFile) {
    const bool is_directory = (*existing)->kind == FileKind::kDirectory;
    return error_from_errno(is_directory ? EISDIR : EEXIST, "open", path);
  }
  const auto least_bytes = LedgerWriter(ledger).manifest_bytes(source);
  if (!least_bytes) return least_bytes.error();
  if (*existing && (*existing)->size_bytes >= *least_bytes) return {};
  const auto totals = ledger.totals(source);
  if (!totals) return totals.error();
  const auto contents = totals->archives + totals->superseded + totals->quarantined;
  if (contents == 0 && *least_bytes == 0) return {};
  const auto unfinished = path + ".new";
  if (auto made = disk.make_directory(source_name); !made) return made;
  if (auto removed = disk.remove_file(unfinished); !removed) return removed;
  const auto file = disk.open(unfinished, OpenMode::kCreateNew);
  if (!file) return file.error();
  if (auto written = write_all(**file, ledger, source, rules); !written) return written;
  const auto size_bytes = (*file)->size();
  if (!size_bytes) return size_bytes.error();
  if (auto renamed = disk.rename_replace(unfinished, path); !renamed) return renamed;
  for (const auto directory : {std::string_view(), source_name}) {
    if (auto synced = disk.sync_directory(directory); !synced) return synced;
  }
  return LedgerWriter(ledger).note_manifest(source, *size_bytes);
}

Status visit_manifest(Disk& disk, std::string_view source_name,
                      const std::function<bool(ManifestEntry&&)>& visit) {
  const auto file = disk.open(manifest_path(source_name), OpenMode::kRead);
  if (!file && file.error().kind == ErrorKind::kNotFound) return {};
  if (!file) return file.error();
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  std::string line;
  std::uint64_t offset = 0;
  while (true) {
    const auto got =
        (*file)->read_at(offset, std::as_writable_bytes(std::span(buffer.get(), kBufferBytes)));
    if (!got) return got.error();
    offset += *got;
    for (std::string_view rest(buffer.get(), *got); !rest.empty();) {
      const auto end = std::min(rest.find('\n'), rest.size());
      if (line.size() + end <= kLongestLineBytes) line.append(rest.substr(0, end));
      const bool complete = end < rest.size();
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!complete) break;
      auto entry = entry_of(std::exchange(line, {}));
      if (entry && !visit(*std::move(entry))) return {};
    }
    if (*got == 0) break;
  }
  auto entry = entry_of(line);
  if (entry) visit(*std::move(entry));
  return {};
}

}  // namespace store
