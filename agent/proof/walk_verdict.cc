#include "agent/proof/walk_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/units.h"
#include "agent/proof/soundness_verdict.h"

namespace agent {
namespace {

using Verdict = WalkAnswer::Verdict;
using Record = store::WalkRecord;
using Count = std::optional<std::uint64_t> Record::*;

bool ends_in(std::string_view key, std::string_view ending) {
  if (key.size() <= ending.size()) return false;
  key.remove_prefix(key.size() - ending.size());
  return std::equal(key.begin(), key.end(), ending.begin(), [](char c, char low) {
    return c == low || (c >= 'A' && c <= 'Z' && c + ('a' - 'A') == low);
  });
}

// Whether the name says what is packed: ".tar.gz", ".sql.zst", ".tgz".
bool claims_inner(std::string_view key) {
  for (const std::string_view ending : {".tgz", ".tbz", ".tbz2", ".txz", ".tzst"}) {
    if (ends_in(key, ending)) return true;
  }
  const auto dot = key.rfind('.');
  const auto slash = key.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && dot < slash)) {
    return false;
  }
  return !claim_of(key).empty() && !claim_of(key.substr(0, dot)).empty();
}

bool is_like(const Record& past, const WalkAnswer& answer) {
  return past.form == static_cast<std::int64_t>(answer.form) &&
         (!answer.is_inner || past.inner == static_cast<std::int64_t>(answer.inner));
}

bool is_expected(std::string_view key, const WalkAnswer& answer, const std::vector<Record>& past) {
  if (answer.is_inner ? claims_inner(key) : !claim_of(key).empty()) return true;
  return std::any_of(past.begin(), past.end(),
                     [&](const Record& one) { return is_like(one, answer); });
}

// Of the last sets that are like this one; empty where they are no habit.
std::vector<std::uint64_t> counts(Count count, const WalkAnswer& answer,
                                  const std::vector<Record>& past) {
  std::vector<std::uint64_t> all;
  for (const auto& one : past) {
    const bool is_alike = one.form == static_cast<std::int64_t>(answer.form) &&
                          one.inner == static_cast<std::int64_t>(answer.inner);
    if (is_alike && one.*count && all.size() < kMaxSetsOfHabit) all.push_back(*(one.*count));
  }
  if (all.size() < kSetsOfHabit) all.clear();
  std::sort(all.begin(), all.end());
  return all;
}

bool has_fallen(std::uint64_t now, const std::vector<std::uint64_t>& before) {
  constexpr std::uint64_t kShare = 4;
  return !before.empty() && now < (before.front() + kShare - 1) / kShare;
}

std::optional<std::string> fall_of(const WalkAnswer& answer, const std::vector<Record>& past) {
  struct Counted {
    Count count;
    std::optional<std::uint64_t> now;
    std::string_view one;
    std::string_view many;
  };
  for (const auto& what :
       {Counted{&Record::tables, answer.tables, "table with rows", "tables with rows"},
        Counted{&Record::members, answer.members, "member", "members"}}) {
    if (!what.now) continue;
    const auto before = counts(what.count, answer, past);
    if (!has_fallen(*what.now, before)) continue;
    return fmt::format("it has {}; the sets before it had {}",
                       counted(*what.now, what.one, what.many), before[before.size() / 2]);
  }
  return std::nullopt;
}

}  // namespace

WalkVerdict weigh(std::string_view key, WalkAnswer answer, const std::vector<Record>& past) {
  if (answer.verdict == Verdict::kUnsound) {
    if (is_expected(key, answer, past)) return {std::move(answer), store::Unsound::kBroken};
    answer.verdict = Verdict::kUndecided;
    answer.cause = WalkAnswer::Cause::kUnknown;
    answer.is_inner = false;
    answer.why += ", and nothing says that it should be whole";
    return {std::move(answer), store::Unsound::kNo};
  }
  if (answer.verdict != Verdict::kSound) return {std::move(answer), store::Unsound::kNo};
  if (auto fall = fall_of(answer, past)) {
    answer.verdict = Verdict::kUnsound;
    answer.why = *std::move(fall);
    return {std::move(answer), store::Unsound::kOtherForm};
  }
  return {std::move(answer), store::Unsound::kNo};
}

Record record_of(const WalkAnswer& answer) {
  Record record;
  record.again = answer.cause == WalkAnswer::Cause::kDied;
  record.verdict = static_cast<std::int64_t>(answer.verdict);
  record.cause = static_cast<std::int64_t>(answer.cause);
  record.why = answer.why;
  record.form = static_cast<std::int64_t>(answer.form);
  record.inner = static_cast<std::int64_t>(answer.inner);
  record.members = answer.members;
  record.unpacked_bytes = answer.unpacked_bytes;
  record.tables = answer.tables;
  return record;
}

WalkAnswer answer_of(const Record& record) {
  WalkAnswer answer;
  answer.verdict = static_cast<Verdict>(record.verdict);
  answer.cause = static_cast<WalkAnswer::Cause>(record.cause);
  answer.why = record.why;
  answer.form = static_cast<ContentForm>(record.form);
  answer.inner = static_cast<ContentForm>(record.inner);
  answer.members = record.members;
  answer.unpacked_bytes = record.unpacked_bytes;
  answer.tables = record.tables;
  return answer;
}

std::string found_words(const WalkAnswer& answer) {
  std::string words(name_of(answer.form));
  if (answer.inner != ContentForm::kUnknown) {
    words += fmt::format(", in it {}", name_of(answer.inner));
  }
  if (answer.members) words += fmt::format("; {}", counted(*answer.members, "member", "members"));
  if (answer.tables) {
    words += fmt::format("; {}", counted(*answer.tables, "table with rows", "tables with rows"));
  }
  if (!answer.proved.empty()) words += fmt::format("; {} is right", answer.proved);
  return words;
}

}  // namespace agent
