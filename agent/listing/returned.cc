#include "agent/listing/returned.h"

#include <string>
#include <utility>

#include "agent/base/free_space.h"
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

store::Status reinstate(RunContext& context, const SourceRun& source,
                        const store::Ledger::Return& one) {
  auto& mirror = context.mirror;
  const auto& key = one.generation.key;
  const auto held = mirror.ledger.find(source.id, key);
  if (!held) return held.error();
  if (!*held || !has_room(context, one.generation.upstream.size_bytes)) return {};
  auto chosen = one.generation;
  chosen.upstream = one.upstream;
  chosen.last_modified = one.last_modified;
  const auto before =
      mirror.reinstate(source.id, source.config->name, **held, chosen, context.now(source));
  if (!before) return before.error();
  // The scrub says what is wrong with it.
  if (before->stuck) {
    return context.unreadable.note(before->stuck->path) ? *before->stuck : store::Status{};
  }
  if (before->lies) return {};
  if (before->damaged_path.empty()) {
    context.report(source, key, kGoneBefore);
    return {};
  }
  const auto message = words_of_rotted_before(before->damaged_path, source.config->name);
  const auto raised = mirror.ledger.raise_alarm(source.id, store::AlarmKind::kCorrupt, key, message,
                                                context.now(source));
  if (!raised) return raised.error();
  context.report_one_of(source, store::AlarmKind::kCorrupt, key, message);
  return {};
}

}  // namespace

store::Status reinstate_returned(RunContext& context, const SourceRun& source) {
  std::string after;
  while (!context.stopping()) {
    const auto some = context.mirror.ledger.returns(source.id, after, kAtOnce);
    if (!some) return some.error();
    if (some->empty()) break;
    for (const auto& one : *some) {
      if (auto taken = reinstate(context, source, one); !taken) return taken;
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
      if (auto taken = reinstate(context, source, accepted); !taken) return taken;
      context.environment.log.info(
          {source.config->name, one.key, "accepted while the other disk was here"});
    }
    after = some->back().key;
  }
  return {};
}

}  // namespace agent
