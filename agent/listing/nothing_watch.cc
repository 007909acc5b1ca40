#include "agent/listing/nothing_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/printable.h"
#include "agent/config/filter_advice.h"

namespace agent {
namespace {

constexpr auto kKind = store::AlarmKind::kNothing;
constexpr std::size_t kExamples = 3;

std::vector<std::string> keys_of(const s3::Result<s3::ListPage>& page) {
  std::vector<std::string> keys;
  if (!page) return keys;
  for (const auto& object : page->objects) keys.push_back(object.key);
  return keys;
}

std::string listed_names(const std::vector<std::string>& all, std::size_t most) {
  std::vector<std::string> some;
  for (const auto& one : all) {
    if (some.size() < most) some.push_back(printable_name(one));
  }
  return fmt::format("{}", fmt::join(some, ", "));
}

std::string why_all_dropped(const SourceConfig& source, const Sifted& sifted) {
  const auto advice = advise_on_filter(source, sifted.dropped);
  const auto what = fmt::format(
      "{} listed, and nothing of it is wanted: \"{}\" drops all of it (for example: {})",
      sifted.listed == 1 ? "1 object is" : fmt::format("{} objects are", sifted.listed),
      printable(advice.dropped_by), listed_names(sifted.dropped, kExamples));
  return advice.instead.empty() ? fmt::format("{}; correct it in [source {}]", what, source.name)
                                : fmt::format("{}; did you mean \"{}\"? Correct it in [source {}]",
                                              what, printable(advice.instead), source.name);
}

std::string why_empty(const SourceConfig& source, s3::Client& client) {
  if (source.prefix.empty()) {
    return fmt::format(
        "the bucket \"{}\" is empty, so nothing can be pulled; see whether it is the right one, "
        "and "
        "whether the backup job uploads to it",
        printable(source.bucket));
  }
  const auto what =
      fmt::format("nothing is listed under \"prefix = {}\"", printable(source.prefix));
  // A key that is bound to its prefix may not list the rest.
  const auto all = keys_of(client.list_page("", "", {}));
  for (const auto& other : other_prefixes(source)) {
    const bool has_keys =
        std::any_of(all.begin(), all.end(),
                    [&](const std::string& key) { return key.starts_with(other); }) ||
        !keys_of(client.list_page(other, "", {})).empty();
    if (!has_keys) continue;
    return fmt::format("{}; did you mean \"prefix = {}\"? Correct it in [source {}]", what,
                       printable(other), source.name);
  }
  constexpr std::size_t kMaxFolders = 5;
  const auto folders = folders_of(all, kMaxFolders);
  if (!folders.empty()) {
    return fmt::format("{}; the bucket has keys under {}: correct it in [source {}]", what,
                       listed_names(folders, kMaxFolders), source.name);
  }
  if (!all.empty()) {
    return fmt::format("{}; the bucket has keys without a folder ({}): correct it in [source {}]",
                       what, listed_names(all, kExamples), source.name);
  }
  return fmt::format("{}; see whether it is right, and whether the backup job uploads there", what);
}

}  // namespace

std::string why_nothing_matches(const SourceConfig& source, const Sifted& sifted,
                                s3::Client& client) {
  return sifted.dropped.empty() ? why_empty(source, client) : why_all_dropped(source, sifted);
}

namespace {

// Nothing that is held passes the filter: it is not the one by which it came. What passes it has
// vanished, and was told.
store::Result<bool> has_another_filter(const RunContext& context, const SourceRun& source) {
  bool any_held = false;
  bool any_wanted = false;
  const auto& config = *source.config;
  const auto visited =
      context.mirror.ledger.visit_archives(source.id, [&](const store::Archive& archive) {
        any_held = true;
        any_wanted = archive.key.starts_with(config.prefix) && config.wants(archive.key);
        return !any_wanted;
      });
  if (!visited) return visited.error();
  return any_held && !any_wanted;
}

}  // namespace

store::Result<bool> is_nothing(const RunContext& context, const SourceRun& source,
                               const Sifted& sifted) {
  if (sifted.matched > 0) return false;
  if (sifted.listed > 0 || source.listing.is_first) return true;
  // What the last listing had under this prefix is missing: that is another alarm's.
  if (source.listing.last_expected) return false;
  return has_another_filter(context, source);
}

store::Status watch_for_nothing(RunContext& context, const SourceRun& source, const Sifted& sifted,
                                s3::Client& client) {
  auto& ledger = context.mirror.ledger;
  const auto now = context.now(source);
  const auto nothing = is_nothing(context, source, sifted);
  if (!nothing) return nothing.error();
  const auto open = ledger.is_open(source.id, kKind, "");
  if (!open) return open.error();
  if (!*nothing) {
    const bool over = *open && sifted.matched > 0;
    return over ? ledger.end_alarm(source.id, kKind, "", now) : store::Status{};
  }
  // Once for each filter, also where it was acknowledged.
  const auto endpoint = source.session->endpoint();
  const auto fact = fmt::format("nothing {}", source.config->name);
  const auto filter = source.config->bucket + "; " + filter_text(*source.config);
  const auto told = ledger.endpoint_fact(endpoint, fact);
  if (!told) return told.error();
  if (*told == filter) {
    const auto totals = ledger.totals(source.id);
    if (!totals) return totals.error();
    const auto newest = totals->newest ? totals->newest->held_since : store::Time{};
    const auto raised = ledger.was_raised(source.id, kKind, "", newest);
    if (!raised || *raised) return raised ? store::Status{} : store::Status(raised.error());
  }
  if (*open) {
    if (auto ended = ledger.end_alarm(source.id, kKind, "", now); !ended) return ended;
  }
  const auto message = why_nothing_matches(*source.config, sifted, client);
  const auto raised = ledger.raise_alarm(source.id, kKind, "", message, now);
  if (!raised) return raised.error();
  if (*raised) context.report(source, "", message);
  return ledger.set_endpoint_fact(endpoint, fact, filter);
}

store::Status warn_of_nothing(const RunContext& context, const SourceRun& source,
                              const Sifted& sifted, s3::Client& client) {
  const auto nothing = is_nothing(context, source, sifted);
  if (!nothing) return nothing.error();
  if (!*nothing) return {};
  context.environment.log.warning(
      {source.config->name, "", why_nothing_matches(*source.config, sifted, client)});
  return {};
}

}  // namespace agent
