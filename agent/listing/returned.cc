#include "agent/listing/returned.h"

#include <string>
#include <utility>

#include "agent/base/min_free.h"
#include "agent/report/pull_status.h"
#include "agent/run/superseded_words.h"

namespace agent {
namespace {

constexpr std::size_t kAtOnce = 64;

// Where files have no second names it is a copy.
bool has_room(RunContext& context, std::uint64_t size_bytes) {
  const auto space = context.mirror.disk().space();
  if (!space) return false;
  const Room room{*space, context.config.disk.min_free_bytes};
  return room.has_bytes(size_bytes) && room.has_files(1);
}

// Whether it is the archive of its key now.
store::Result<bool> reinstate(RunContext& context, const SourceRun& source,
                              const store::Ledger::Return& one) {
  auto& mirror = context.mirror;
  const auto& key = one.generation.key;
  const auto held = mirror.ledger.find(source.id, key);
  if (!held) return held.error();
  if (!*held || !has_room(context, one.generation.upstream.size_bytes)) return false;
  auto chosen = one.generation;
  chosen.upstream = one.upstream;
  chosen.last_modified = one.last_modified;
  const auto now = context.now(source);
  std::string rotted;
  const auto before =
      mirror.reinstate(source.id, source.config->name, **held, chosen, now,
                       [&](const store::Superseded& old) -> store::Status {
                         if (old.damaged_path.empty()) return {};
                         rotted = words_of_rotted_before(old.damaged_path, source.config->name);
                         const auto raised = mirror.ledger.raise_alarm(
                             source.id, store::AlarmKind::kCorrupt, key, rotted, now);
                         return raised ? store::Status{} : store::Status{raised.error()};
                       });
  if (!before) return before.error();
  // The scrub says what is wrong with it.
  if (before->stuck) {
    if (context.unreadable.note(before->stuck->path)) return *before->stuck;
    return false;
  }
  if (!rotted.empty()) {
    context.report_one_of(source, store::AlarmKind::kCorrupt, key, rotted);
  } else if (!before->lies) {
    context.report(source, key, kGoneBefore);
  }
  return true;
}

}  // namespace

store::Status reinstate_returned(RunContext& context, const SourceRun& source) {
  std::string after;
  while (!context.stopping()) {
    const auto some = context.mirror.ledger.returns(source.id, after, kAtOnce);
    if (!some) return some.error();
    if (some->empty()) break;
    for (const auto& one : *some) {
      if (auto taken = reinstate(context, source, one); !taken) return taken.error();
    }
    after = some->back().generation.key;
  }
  context.figures(
      source, [&](SourceStatus& figures) { show_held(context.mirror.ledger, source.id, figures); });
  return {};
}

store::Status reinstate_accepted(RunContext& context, const SourceRun& source) {
  std::string after;
  while (!context.stopping()) {
    const auto some = context.mirror.ledger.accepted_elsewhere(source.id, after, kAtOnce);
    if (!some) return some.error();
    if (some->empty()) return {};
    for (const auto& one : *some) {
      const store::Ledger::Return accepted{one, one.upstream, one.last_modified};
      const auto taken = reinstate(context, source, accepted);
      if (!taken) return taken.error();
      if (!*taken) continue;
      context.environment.log.info(
          {source.config->name, one.key, "accepted while the other disk was here"});
    }
    after = some->back().key;
  }
  return {};
}

}  // namespace agent
