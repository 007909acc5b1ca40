#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/ledger/records.h"

/// What a mirror owes to the contents of one key that come, go and come back: simple enough to be
/// believed.
namespace flapping {

/// The same bytes in parts have another ETag.
struct Upload {
  std::string bytes;
  bool in_parts = false;
  auto operator<=>(const Upload&) const = default;
};

/// One key of the bucket.
struct Upstream {
  std::vector<Upload> uploads;  ///< the newest first; only one, where the bucket keeps no versions
  bool is_there = false;        ///< no: nothing is, or a delete marker lies on top
};

struct Rules {
  bool quarantines = true;
  bool all_versions = false;
  store::Time now{};
};

/// What of one key can be seen on the disk and in the ledger.
struct Sight {
  std::optional<std::string> trusted;
  std::set<std::string> held;
  std::set<std::string> in_quarantine;
  bool alarm = false;
};

/// What is, or may be, the mirror's of one key.
struct Mirrored {
  std::optional<std::string> trusted;
  std::set<std::string> held;         ///< whatever was seen, and was not removed by retention
  std::set<std::string> quarantined;  ///< of those: what is not and was not trusted
  std::set<std::string> pruned;
  std::optional<std::string> looked_at;  ///< what a listing saw last, and the admin was told of
  bool alarm = false;
  std::set<Upload> fetched;                                  ///< what is known by its ETag
  std::map<store::Time, std::optional<std::string>> reigns;  ///< since when which is trusted
  std::set<std::string> ever_pruned;

  bool operator==(const Mirrored&) const = default;

  void pull(const Upstream& upstream, const Rules& rules) {
    list(upstream, rules);
    if (upstream.is_there) {
      fetch(upstream.uploads.front().bytes, !fetched.contains(upstream.uploads.front()), rules);
      fetched.insert(upstream.uploads.front());
    }
    if (!rules.all_versions) return;
    for (const auto& one : upstream.uploads) {
      fetched.insert(one);
      if (!pruned.contains(one.bytes)) held.insert(one.bytes);
    }
  }

  /// A pull that comes no farther than its plan.
  void list(const Upstream& upstream, const Rules& rules) {
    if (!upstream.is_there) return looked_at.reset();
    const auto& current = upstream.uploads.front().bytes;
    const bool another = looked_at != current;
    looked_at = current;
    // What waits in quarantine was told of when it came there; one that was trusted once is told of
    // whenever it is put back.
    const bool known = held.contains(current) || pruned.contains(current);
    if (rules.quarantines && trusted && trusted != current && another && known &&
        !quarantined.contains(current)) {
      alarm = true;
    }
  }

  void accept(const std::string& bytes, store::Time now) {
    reign(bytes, now);
    looked_at.reset();  // it is held against another one from now on
  }

  /// The next listing is the base line.
  void rebuild() {
    alarm = false;
    looked_at.reset();
  }

  void prune(const Sight& sight, store::Time now) {
    std::erase_if(held, [&](const std::string& bytes) {
      if (sight.held.contains(bytes)) return false;
      pruned.insert(bytes);
      ever_pruned.insert(bytes);
      quarantined.erase(bytes);
      return true;
    });
    if (!trusted || held.contains(*trusted)) return;
    trusted.reset();
    reigns[now] = std::nullopt;
  }

  /// Whether it is what can be seen. A content that retention removed may be held again.
  bool agrees(const Sight& sight) {
    if (trusted != sight.trusted || alarm != sight.alarm) return false;
    if (trusted && sight.in_quarantine.contains(*trusted)) return false;
    for (const auto& bytes : sight.held) {
      if (pruned.erase(bytes) == 0) continue;
      held.insert(bytes);
      if (sight.in_quarantine.contains(bytes)) quarantined.insert(bytes);
    }
    return held == sight.held;
  }

  /// Whether a restore as of that time may bring this back.
  bool may_restore(store::Time time, const std::optional<std::string>& bytes) const {
    const auto next = reigns.upper_bound(time);
    const auto then = next == reigns.begin() ? std::nullopt : std::prev(next)->second;
    return bytes == then || (!bytes && ever_pruned.contains(*then));
  }

 private:
  void fetch(const std::string& bytes, bool has_new_etag, const Rules& rules) {
    if (trusted == bytes) return;
    if (!trusted) {
      if (!pruned.contains(bytes)) reign(bytes, rules.now);
      return;
    }
    if (!rules.quarantines) {
      reign(bytes, rules.now);
    } else if (!held.contains(bytes) && !pruned.contains(bytes)) {
      alarm = true;
      held.insert(bytes);
      quarantined.insert(bytes);
    } else if (has_new_etag && held.contains(bytes) && !quarantined.contains(bytes)) {
      // It was trusted once. Under an ETag that nobody knows it is fetched, and waits like any
      // other.
      alarm = true;
      quarantined.insert(bytes);
    }
  }

  void reign(const std::string& bytes, store::Time now) {
    if (trusted) alarm = false;
    trusted = bytes;
    reigns[now] = bytes;
    held.insert(bytes);
    pruned.erase(bytes);
    quarantined.erase(bytes);
  }
};

}  // namespace flapping
