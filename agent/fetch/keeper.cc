#include "agent/fetch/keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/shell_word.h"
#include "agent/base/units.h"
#include "agent/report/pull_status.h"
#include "agent/run/superseded_words.h"
#include "store/content/content_path.h"

namespace agent {
namespace {

// No bucket can make a disk refuse so many: every key has a name of letters and digits.
constexpr int kMaxRefusedInARow = 20;
// A name that has had so many contents is likely to rotate.
constexpr std::uint64_t kRotatingContents = 2;
constexpr const char* kMisnamesFact = "listing-etags";

bool is_watched(const SourceConfig& config) {
  return config.expect_every || config.min_size_bytes > 0 || config.shrink_alarm_share;
}

std::string key_without_prefix(const SourceConfig& config, std::string_view key) {
  if (key.starts_with(config.prefix)) key.remove_prefix(config.prefix.size());
  return printable(key);
}

std::string advice_on_rotation(const SourceConfig& config, std::string_view key,
                               std::uint64_t contents) {
  std::string excludes;
  for (const auto& pattern : config.exclude) excludes += pattern + ", ";
  return fmt::format(
      ". This name has had {} versions since it was first held: if it is meant to rotate, write "
      "\"on_change = generations\" into [source {}], which keeps them all, or \"exclude = {}{}\"",
      contents, config.name, excludes, key_without_prefix(config, key));
}

std::string words_of(const store::Change::Repair& repair) {
  if (repair.read_right_again) return "repaired: it reads right again";
  if (repair.damaged_path.empty()) return "repaired: it was missing, and is held again";
  return fmt::format("repaired: it was damaged, and is held again; the damaged bytes are in {}",
                     repair.damaged_path);
}

}  // namespace

struct Keeper::Work {
  explicit Work(store::Change begun) : change(std::move(begun)) {}

  store::Change change;
  std::vector<Accepted> superseding;
  std::vector<store::Archive> superseded;  ///< one for each of them
  std::set<std::tuple<std::size_t, std::string, store::Sha256>> seen;
  std::set<std::string> heard;     ///< keys that people know to have changed
  std::vector<Problem> repaired;   ///< what to say of each
  std::vector<std::size_t> fresh;  ///< the source of each new archive, as in the batch's archives
};

// A held content whose copy here is damaged.
struct Keeper::Broken {
  std::string path;
  std::string generation_path;  // empty: it is the one under archives/
};

Keeper::Keeper(RunContext& context) : context_(context), forms_(context) {}

store::Status Keeper::keep(std::vector<Accepted> accepted) {
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
store::Result<store::Change> Keeper::begin(std::vector<Accepted>& accepted) {
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

// Before it is written down what is about to be placed: what a crash leaves is recorded as it was
// judged.
store::Status Keeper::look_at_forms(std::vector<Accepted>& accepted) {
  for (auto& one : accepted) {
    const bool current = one.role == store::Role::kNew || one.role == store::Role::kChanged;
    if (!one.look || !current) continue;
    auto note = forms_.judge(one.source, one.archive, *one.look);
    if (!note) return note.error();
    one.form = *std::move(note);
    if (one.form) one.archive.unsound = one.form->unsound;
  }
  return {};
}

store::Status Keeper::place_all(std::vector<Accepted>& accepted, Work& work) {
  for (auto& one : accepted) {
    if (auto noted = note_listed_as(one, work); !noted) return noted;
    const auto source = one.source;
    const auto key = one.archive.key;
    const auto sorted = sort(std::move(one), work);
    if (sorted) {
      refused_in_a_row_ = 0;
      continue;
    }
    if (!store::concerns_a_name(sorted.error())) {
      if (auto taken = fail_bad_file(source, key, sorted.error()); !taken) return taken;
      continue;
    }
    if (++refused_in_a_row_ >= kMaxRefusedInARow) return sorted;
    fail(source, key, "refused names", explain_refused_name(sorted.error()));
  }
  return {};
}

std::vector<store::Placement> Keeper::intents_of(const std::vector<Accepted>& accepted) const {
  std::vector<store::Placement> intents;
  for (const auto& one : accepted) {
    if (one.path.empty()) continue;
    const auto& source = context_.sources[one.source];
    const bool arrives = one.role != store::Role::kOrphan && is_watched(*source.config);
    intents.push_back({source.id, one.archive, one.role, arrives});
  }
  return intents;
}

void Keeper::fail(std::size_t source, const std::string& key, const std::string& kind,
                  const std::string& message) {
  auto& run = context_.sources[source];
  context_.fail_source(run, ExitStatus::kIncomplete);
  context_.figures(run, [](SourceStatus& status) { ++status.run.failed; });
  context_.report_one_of(run, kind, key, message);
}

// The file that is in the way of one content is that key's trouble, until there are many.
store::Status Keeper::fail_bad_file(std::size_t source, const std::string& key,
                                    const store::Error& error) {
  if (!store::concerns_a_content(error) || context_.unreadable.note(error.path)) return error;
  fail(source, key, "bad files", "not kept: " + explain_bad_file(error));
  return {};
}

store::Status Keeper::sort(Accepted accepted, Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& archive = accepted.archive;
  const bool repeated = !work.seen.emplace(accepted.source, archive.key, archive.sha256).second;
  const auto held = context_.mirror.ledger.find(source.id, archive.key);
  if (!held) return held.error();
  if (repeated || accepted.path.empty()) return note_same(accepted, work);
  if (*held && (*held)->sha256 == archive.sha256) return keep_same(accepted, **held, work);
  const auto broken = context_.mirror.ledger.damaged_beside(source.id, archive.key, archive.sha256);
  if (!broken) return broken.error();
  if (*broken) return repair(accepted, {**broken, **broken}, work);
  const bool quarantined = !accepted.quarantined_because.empty();
  const bool noncurrent = accepted.role == store::Role::kNoncurrent;
  // The upstream has it under another name now; retention removed it all the same.
  if (!*held || noncurrent) {
    const auto pruned = context_.mirror.ledger.was_pruned(source.id, archive.key, archive.sha256);
    if (!pruned) return pruned.error();
    if (*pruned) return note_same(accepted, work);
  }
  if (!noncurrent && !quarantined && !*held) return place_archive(std::move(accepted), work);
  if (!noncurrent && !quarantined && source.config->on_change == OnChange::kGenerations) {
    work.superseded.push_back(**held);
    work.superseding.push_back(std::move(accepted));
    return {};
  }
  const auto known = is_known_beside(accepted);
  if (!known) return known.error();
  if (*known) return note_same(accepted, work);
  return place_beside(accepted, noncurrent ? store::Place::kSuperseded : store::Place::kQuarantine,
                      work);
}

// Seen once, it may have been overwritten after it was listed, within the second. What is seen in
// two runs is the server's way to list, and no change of the content.
store::Status Keeper::note_listed_as(const Accepted& accepted, Work& work) {
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

store::Result<bool> Keeper::is_known_beside(const Accepted& accepted) {
  auto& ledger = context_.mirror.ledger;
  const auto& archive = accepted.archive;
  const auto id = context_.sources[accepted.source].id;
  const auto quarantined =
      ledger.find_generation(id, archive.key, archive.sha256, store::Place::kQuarantine);
  if (!quarantined) return quarantined.error();
  // What was superseded and comes back as the current content has to be looked at like any other.
  if (*quarantined || accepted.role != store::Role::kNoncurrent) return quarantined->has_value();
  const auto superseded =
      ledger.find_generation(id, archive.key, archive.sha256, store::Place::kSuperseded);
  if (!superseded) return superseded.error();
  return superseded->has_value();
}

store::Status Keeper::note_same(const Accepted& accepted, Work& work) {
  const auto& archive = accepted.archive;
  work.change.note_same({context_.sources[accepted.source].id, archive.key, archive.upstream,
                         archive.sha256, accepted.role});
  const bool staged = !accepted.path.empty() && !accepted.adopted;
  return staged ? context_.mirror.staging.remove(accepted.path) : store::Status{};
}

store::Status Keeper::keep_same(const Accepted& accepted, const store::Archive& held, Work& work) {
  const auto damaged =
      context_.mirror.ledger.is_damaged(context_.sources[accepted.source].id, held.key);
  if (!damaged) return damaged.error();
  if (!*damaged && !accepted.held_is_unreadable) return note_same(accepted, work);
  return repair(accepted,
                {store::archive_path(context_.sources[accepted.source].config->name, held.key,
                                     context_.mirror.rules, held.variant),
                 {}},
                work);
}

store::Status Keeper::repair(const Accepted& accepted, const Broken& broken, Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& name = source.config->name;
  const auto& archive = accepted.archive;
  const auto repaired = work.change.repair(
      accepted.path, broken.path, name, archive.sha256,
      {source.id, archive.key, broken.generation_path, archive.upstream, accepted.role});
  if (!repaired) return repaired.error();
  work.repaired.push_back({name, archive.key, words_of(*repaired)});
  return {};
}

store::Status Keeper::place_archive(Accepted accepted, Work& work) {
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

store::Status Keeper::place_beside(const Accepted& accepted, store::Place place, Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& archive = accepted.archive;
  const auto path = work.change.place_beside(accepted.path, source.config->name, source.id, archive,
                                             place, accepted.role);
  if (!path) return path.error();
  return place == store::Place::kQuarantine ? raise_changed(accepted, *path, work)
                                            : store::Status{};
}

store::Status Keeper::supersede(Work& work) {
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

void Keeper::raise_rotted(const Accepted& accepted, const std::string& path, Work& work) {
  work.change.raise({context_.sources[accepted.source].id, store::AlarmKind::kCorrupt,
                     accepted.archive.key,
                     explain_rotted_before(path, context_.sources[accepted.source].config->name)});
}

store::Status Keeper::raise_changed(const Accepted& accepted, const std::string& path, Work& work) {
  const auto& source = context_.sources[accepted.source];
  const auto& archive = accepted.archive;
  if (!accepted.quarantined_because.empty()) {
    work.change.raise({source.id, store::AlarmKind::kChanged, archive.key,
                       fmt::format("{}; it is in {}. Find out which of the two is right before you "
                                   "remove either",
                                   accepted.quarantined_because, path)});
    return {};
  }
  const auto held = context_.mirror.ledger.find(source.id, archive.key);
  if (!held) return held.error();
  const auto before = context_.mirror.ledger.count_quarantined(source.id, archive.key);
  if (!before) return before.error();
  const auto size = archive.upstream.size_bytes;
  const auto held_size = *held ? (*held)->upstream.size_bytes : size;
  const auto sizes = size == held_size
                         ? fmt::format("the same size, {}", format_size(size))
                         : fmt::format("{}, was {}", format_size(size), format_size(held_size));
  auto message = fmt::format(
      "the bucket has different content under this key ({}, written {}). The copy held here stays "
      "as "
      "it is; the other one is in {}. Find out who replaced it",
      sizes, format_time(archive.last_modified), path);
  // With the held one and this one.
  if (*before + 1 >= kRotatingContents) {
    message += advice_on_rotation(*source.config, archive.key, *before + 2);
  }
  // No command line can carry a NUL.
  if (archive.key.find('\0') == std::string::npos) {
    message += fmt::format(". If it is right, take it: holdfast accept {}",
                           shell_arguments(source.config->name, archive.key));
  }
  const auto heard = context_.mirror.ledger.heard(source.id, store::AlarmKind::kChanged,
                                                  archive.key, archive.upstream);
  if (!heard) return heard.error();
  if (*heard != store::Heard::kNo) work.heard.insert(archive.key);
  work.change.raise({source.id, store::AlarmKind::kChanged, archive.key, std::move(message)});
  return {};
}

void Keeper::report(const Work& work) {
  context_.board.update([&](Status& status) {
    for (std::size_t i = 0; i < work.fresh.size(); ++i) {
      auto& figures = *status.find(context_.sources[work.fresh[i]].config->name);
      ++figures.run.fresh;
      const auto& archive = work.change.batch().archives[i].archive;
      figures.run.fresh_bytes += archive.upstream.size_bytes;
      note_arrival(figures, archive.last_modified, archive.upstream.size_bytes);
    }
    for (const auto& source : context_.sources) {
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
