#include <vector>

#include "store/content/disk_marker.h"
#include "store/content/path_check.h"
#include "store/custody/manifest.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/fault_disk.h"

// A manifest, and its lines; and as a marker of the disk, which is JSON like them.

namespace {

using fuzz::demand;
using store::ManifestEntry;

constexpr std::size_t kLongestLineBytes = std::size_t{16} * 1024;

bool is_same(const ManifestEntry& one, const ManifestEntry& other) {
  return one.kind == other.kind && one.key == other.key && one.variant == other.variant &&
         one.path == other.path && one.upstream == other.upstream &&
         one.last_modified == other.last_modified && one.sha256 == other.sha256 &&
         one.verified_by == other.verified_by && one.held_since == other.held_since &&
         one.placed_at == other.placed_at;
}

// What a line does not say of its kind is nothing that was read from it.
ManifestEntry as_written(ManifestEntry entry) {
  using Kind = ManifestEntry::Kind;
  const bool is_held = entry.kind == Kind::kHeld || entry.kind == Kind::kGeneration;
  if (!is_held) {
    entry.last_modified = {};
    entry.held_since = {};
    entry.verified_by = store::ProofLevel::kSize;
  }
  if (entry.kind == Kind::kReign) entry.upstream = {};
  if (entry.kind != Kind::kGeneration && entry.kind != Kind::kReign)
    entry.placed_at = store::Time{};
  if (!entry.upstream.etag.empty()) entry.upstream.modified = store::UpstreamTime{};
  return entry;
}

void check_entry(const ManifestEntry& entry) {
  demand(store::is_content_path("site/" + entry.path), "a path is one of a content", entry.path);
  demand(!entry.key.empty(), "a path names a key", entry.path);
  const auto line = store::line_of(entry);
  demand(line.find('\n') == line.size() - 1, "a line is one line", line);
  const auto again = store::entry_of(line);
  demand(again.has_value(), "a line of ours can be read", line);
  demand(is_same(as_written(*again), as_written(entry)), "and says the same", line);
}

void check_manifest(test::FaultDisk& disk, std::string_view text) {
  disk.plant("site/manifest.jsonl", text);
  std::vector<ManifestEntry> visited;
  const auto read = store::visit_manifest(disk, "site", [&](ManifestEntry&& entry) {
    visited.push_back(std::move(entry));
    return true;
  });
  demand(read.has_value(), "a manifest can be read, whatever is in it");
  std::size_t lines = 0;
  while (!text.empty()) {
    const auto line = fuzz::next_line(text);
    const auto entry = line.size() <= kLongestLineBytes ? store::entry_of(line) : std::nullopt;
    if (!entry) continue;
    check_entry(*entry);
    demand(lines < visited.size() && is_same(visited[lines], *entry), "each line counts", line);
    ++lines;
  }
  demand(lines == visited.size(), "nothing is in a manifest but what its lines say");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto text = fuzz::text_of(data, size_bytes);
  test::FaultDisk disk;
  check_manifest(disk, text);
  disk.plant(store::kMarkerPath, text);
  if (const auto marker = store::read_marker(disk); marker && *marker) {
    demand(store::replace_marker(disk, **marker).has_value(), "a marker can be written anew");
    const auto again = store::read_marker(disk);
    demand(again && *again && (*again)->id == (*marker)->id, "and is the same", (*marker)->id);
  }
  return 0;
}
