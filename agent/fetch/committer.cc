// A batch of accepted contents becomes held. Each is asked where it belongs (destination.h): under
// archives/, over the content that it replaces or repairs, in quarantine, or nowhere because it is
// here. store::Change does the effects in their one order, and what is told of them (lines,
// figures, alarms) goes into the same transaction as their records. A name that the disk refuses
// fails its key; so many refusals in a row are a disk that fails.
#include "agent/fetch/committer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/units.h"
#include "agent/fetch/quarantine_alarm.h"
#include "agent/report/pull_status.h"
#include "agent/run/superseded_words.h"
#include "store/content/path_check.h"

namespace agent {
namespace {

// No bucket can make a disk refuse so many: every key has a name of letters and digits.
constexpr int kMaxRefusedInARow = 20;
constexpr const char* kMisnamesFact = "listing-etags";

bool is_watched(const SourceConfig& config) {
  return config.expect_every || config.min_size_bytes > 0 || config.shrink_alarm_share;
}

std::string words_of(const store::Change::Repair& repair) {
  if (repair.read_right_again) return "repaired: it reads right again";
  if (repair.damaged_path.empty()) return "repaired: it was missing, and is held again";
  return fmt::format("repaired: it was damaged, and is held again; the damaged bytes are in {}",
                     repair.damaged_path);
}

}  // namespace

struct Committer::Work {
  explicit Work(store::Change begun) : change(std::move(begun)) {}

  store::Change change;
  std::vector<Accepted> superseding;
  std::vector<store::Archive> superseded;  ///< one for each of them
  std::set<std::tuple<std::size_t, std::string, store::Sha256>> seen;
  std::set<std::string> heard;     ///< keys that people know to have changed
  std::vector<Problem> repaired;   ///< what to say of each
  std::vector<std::size_t> fresh;  ///< the source of each new archive, as in the batch's archives
};

Committer::Committer(RunContext& context) : context_(context), forms_(context) {}

store::Status Committer::commit(std::vector<Accepted> accepted) {
  if (accepted.empty()) return {};
  // A noncurrent version may be the very content that is current again.
  std::stable_partition(accepted.begin(), accepted.end(),
                        [](const Accepted& one) { return one.role != store::Role::kNoncurrent; });
  auto change = begin(accepted);
  if (!change) return change.error();
  Work work(*std::move(change));
  // Three questions for each, and one price for all of them.
  auto placed = context_.mirror.ledger.at_once([&] { return place_all(accepted, work); });
  if (!placed) return placed;
  if (auto superseded = supersede(work); !superseded) return superseded;
  if (auto recorded = work.change.commit(); !recorded) return recorded;
  forms_.recorded();
  context_.recorded_archives += accepted.size();
  report(work);
  return {};
}

// The looks ask the ledger for each: with the intents they are one transaction, which takes the
// locks of the database's file once.
store::Result<store::Change> Committer::begin(std::vector<Accepted>& accepted) {
  std::optional<store::Change> begun;
  auto done = context_.mirror.ledger.at_once([&]() -> store::Status {
    if (auto looked = look_at_forms(accepted); !looked) return looked;
    auto change = context_.mirror.begin(intents_of(accepted),
                                        context_.now(context_.sources[accepted.front().source]));
    if (!change) return change.error();
    begun.emplace(*std::move(change));
    return {};
  });
  if (!done) return done.error();
  return *std::move(begun);
}

// Before it is written down what is about to be placed: what a crash leaves is recorded with
// its soundness.
store::Status Committer::look_at_forms(std::vector<Accepted>& accepted) {
  for (auto& one : accepted) {
    const bool current = one.role == store::Role::kNew || one.role == store::Role::kChanged;
    if (!one.look || !current) continue;
    auto note = forms_.weigh(one.source, one.archive, *one.look);
    if (!note) return note.error();
    one.form = *std::move(note);
    if (one.form) one.archive.unsound = one.form->unsound;
  }
  return {};
}

store::Status Committer::place_all(std::vector<Accepted>& accepted, Work& work) {
  for (auto& one : accepted) {
    if (auto noted = note_listed_as(one, work); !noted) return noted;
    const auto source = one.source;
    const auto key = one.archive.key;
    const auto placed = place(std::move(one), work);
    if (placed) {
      refused_in_a_row_ = 0;
      continue;
    }
    if (!store::concerns_a_name(placed.error())) {
      if (auto taken = fail_bad_file(source, key, placed.error()); !taken) return taken;
      continue;
    }
    if (++refused_in_a_row_ >= kMaxRefusedInARow) return placed;
    fail(source, key, "refused names", explain_refused_name(placed.error()));
  }
  return {};
}

std::vector<store::Placement> Committer::intents_of(const std::vector<Accepted>& accepted) const {
  std::vector<store::Placement> intents;
  for (const auto& one : accepted) {
    if (one.path.empty()) continue;
    const auto& source = context_.sources[one.source];
    const bool arrives = one.role != store::Role::kOrphan && is_watched(*source.config);
    intents.push_back({source.id, one.archive, one.role, arrives});
  }
  return intents;
}

void Committer::fail(std::size_t source, const std::string& key, const std::string& kind,
                     const std::string& message) {
  auto& run = context_.sources[source];
  context_.fail_source(run, ExitStatus::kIncomplete);
  context_.figures(run, [](SourceStatus& status) { ++status.run.failed; });
  context_.report_one_of(run, kind, key, message);
}

// The file that is in the way of one content is that key's trouble, until there are many.
store::Status Committer::fail_bad_file(std::size_t source, const std::string& key,
                                       const store::Error& error) {
  if (!store::concerns_a_content(error) || context_.unreadable.note(error.path)) return error;
  fail(source, key, "bad files", "not kept: " + explain_bad_file(error));
  return {};
}

store::Status Committer::place(Accepted accepted, Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& archive = accepted.archive;
  const bool repeated = !work.seen.emplace(accepted.source, archive.key, archive.sha256).second;
  if (repeated) return note_same(accepted, work);
  const auto destination =
      destination_of(context_.mirror.ledger, source, context_.mirror.rules, accepted);
  if (!destination) return destination.error();
  switch (destination->where) {
    case Destination::Where::kNowhere:
      return note_same(accepted, work);
    case Destination::Where::kDamagedPlace:
      return repair(accepted, *destination, work);
    case Destination::Where::kArchives:
      return place_archive(std::move(accepted), work);
    case Destination::Where::kHeldPlace:
      work.superseded.push_back(*destination->held);
      work.superseding.push_back(std::move(accepted));
      return {};
    case Destination::Where::kSuperseded:
      return place_generation(accepted, store::Place::kSuperseded, work);
    case Destination::Where::kQuarantine:
      break;
  }
  return place_generation(accepted, store::Place::kQuarantine, work);
}

// Seen once, it may have been overwritten after it was listed, within the second. What is seen in
// two runs is the server's way to list, and no change of the content.
store::Status Committer::note_listed_as(const Accepted& accepted, Work& work) {
  if (!accepted.listed_as) return {};
  auto& ledger = context_.mirror.ledger;
  const auto& source = context_.sources[accepted.source];
  const store::ListedAs listed{source.id, accepted.archive.key, *accepted.listed_as,
                               accepted.archive.sha256};
  const auto before = ledger.was_listed_as(listed);
  if (!before) return before.error();
  if (!*before) {
    work.change.note_listed_as(listed);
    return {};
  }
  work.change.note_same({source.id, listed.key, listed.upstream, listed.sha256, accepted.role});
  const auto endpoint = source.session->endpoint();
  const auto told = ledger.endpoint_fact(endpoint, kMisnamesFact);
  if (!told) return told.error();
  if (*told) return {};
  context_.environment.log.warning(
      {source.config->name, "",
       "the server's listing gives other ETags, or sizes, than its objects do; where the date "
       "agrees in two runs, the two are taken for the same content. Tell the provider"});
  return ledger.set_endpoint_fact(endpoint, kMisnamesFact, "yes");
}

store::Status Committer::note_same(const Accepted& accepted, Work& work) {
  const auto& archive = accepted.archive;
  work.change.note_same({context_.sources[accepted.source].id, archive.key, archive.upstream,
                         archive.sha256, accepted.role});
  const bool staged = !accepted.path.empty() && !accepted.adopted;
  return staged ? context_.mirror.staging.remove(accepted.path) : store::Status{};
}

store::Status Committer::repair(const Accepted& accepted, const Destination& destination,
                                Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& name = source.config->name;
  const auto& archive = accepted.archive;
  const auto repaired = work.change.repair(
      accepted.path, destination.damaged_path, name, archive.sha256,
      {source.id, archive.key, destination.generation_path, archive.upstream, accepted.role});
  if (!repaired) return repaired.error();
  work.repaired.push_back({name, archive.key, words_of(*repaired)});
  return {};
}

store::Status Committer::place_archive(Accepted accepted, Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& name = source.config->name;
  const auto form = std::move(accepted.form);
  const bool orphan = accepted.role == store::Role::kOrphan;
  store::Placed placed{source.id, std::move(accepted.archive),
                       !orphan && is_watched(*source.config), orphan};
  if (accepted.adopted) {
    work.change.adopt(accepted.path, std::move(placed));
  } else if (auto done = work.change.place(accepted.path, name, std::move(placed)); !done) {
    return done;
  }
  work.fresh.push_back(accepted.source);
  if (!form) return {};
  const auto& archive = work.change.batch().archives.back().archive;
  return forms_.note(accepted.source, archive, *form, false, work.change);
}

store::Status Committer::place_generation(const Accepted& accepted, store::Place place,
                                          Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& archive = accepted.archive;
  const auto path = work.change.place_generation(accepted.path, source.config->name, source.id,
                                                 archive, place, accepted.role);
  if (!path) return path.error();
  return place == store::Place::kQuarantine ? raise_changed(accepted, *path, work)
                                            : store::Status{};
}

store::Status Committer::supersede(Work& work) {
  if (work.superseding.empty()) return {};
  std::vector<store::Succession> successions;
  for (std::size_t i = 0; i < work.superseding.size(); ++i) {
    const auto& accepted = work.superseding[i];
    const auto& source = context_.sources[accepted.source];
    successions.push_back({{source.id, source.config->name, work.superseded[i], accepted.path},
                           {source.id, accepted.archive, is_watched(*source.config)}});
  }
  const auto before = work.change.supersede(successions);
  if (!before) return before.error();
  for (std::size_t i = 0; i < work.superseding.size(); ++i) {
    const auto& accepted = work.superseding[i];
    const auto& superseded = (*before)[i];
    if (superseded.stuck) {
      auto taken = fail_bad_file(accepted.source, accepted.archive.key, *superseded.stuck);
      if (!taken) return taken;
      continue;
    }
    if (!superseded.lies && superseded.damaged_path.empty()) {
      context_.report(context_.sources[accepted.source], accepted.archive.key, kGoneBefore);
    } else if (!superseded.lies) {
      raise_rotted(accepted, superseded.damaged_path, work);
    }
    work.fresh.push_back(accepted.source);
    if (!accepted.form) continue;
    auto taken = forms_.note(accepted.source, accepted.archive, *accepted.form, true, work.change);
    if (!taken) return taken;
  }
  return {};
}

void Committer::raise_rotted(const Accepted& accepted, const std::string& path, Work& work) {
  work.change.raise({context_.sources[accepted.source].id, store::AlarmKind::kCorrupt,
                     accepted.archive.key,
                     words_of_rotted_before(path, context_.sources[accepted.source].config->name)});
}

store::Status Committer::raise_changed(const Accepted& accepted, const std::string& path,
                                       Work& work) {
  const auto& source = context_.sources[accepted.source];
  auto alarm = quarantine_alarm(context_.mirror.ledger, source, accepted, path);
  if (!alarm) return alarm.error();
  if (alarm->is_known) work.heard.insert(accepted.archive.key);
  work.change.raise(
      {source.id, store::AlarmKind::kChanged, accepted.archive.key, std::move(alarm->message)});
  return {};
}

void Committer::report(const Work& work) {
  context_.board.update([&](StatusReport& status) {
    for (std::size_t i = 0; i < work.fresh.size(); ++i) {
      auto& figures = *status.find(context_.sources[work.fresh[i]].config->name);
      ++figures.run.fresh;
      const auto& archive = work.change.batch().archives[i].archive;
      figures.run.fresh_bytes += archive.upstream.size_bytes;
      note_arrival(figures, archive.last_modified, archive.upstream.size_bytes);
    }
    for (const auto& source : context_.sources) {
      if (source.id == 0) continue;
      show_held(context_.mirror.ledger, source.id, *status.find(source.config->name));
    }
  });
  auto& log = context_.environment.log;
  for (std::size_t i = 0; i < work.fresh.size(); ++i) {
    const auto& archive = work.change.batch().archives[i].archive;
    log.info({context_.sources[work.fresh[i]].config->name, archive.key,
              fmt::format("came ({}, verified by {})", format_size(archive.upstream.size_bytes),
                          store::name_of(archive.verified_by))});
  }
  for (const auto& repaired : work.repaired) log.warning(repaired);
  for (const auto& raised : work.change.batch().raised) {
    const bool is_changed = raised.kind == store::AlarmKind::kChanged;
    if (is_changed && work.heard.contains(raised.key)) continue;
    const auto source = std::find_if(context_.sources.begin(), context_.sources.end(),
                                     [&](const SourceRun& run) { return run.id == raised.source; });
    context_.report_one_of(*source, raised.kind, raised.key, raised.message);
  }
}

}  // namespace agent
