#include "agent/custody/prune_explanation.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "agent/base/json_line.h"
#include "agent/base/units.h"

namespace agent {
namespace {

constexpr std::array<std::pair<Keep, const char*>, 10> kReasons = {{
    {Keep::kWithin, "within"},
    {Keep::kLast, "last"},
    {Keep::kDaily, "daily"},
    {Keep::kWeekly, "weekly"},
    {Keep::kMonthly, "monthly"},
    {Keep::kYearly, "yearly"},
    {Keep::kNewest, "newest"},
    {Keep::kRotating, "current"},
    {Keep::kDamaged, "damaged"},
    {Keep::kOfNoSeries, "no series"},
}};

std::vector<std::string> reasons_of(Keeps keeps) {
  std::vector<std::string> reasons;
  for (const auto& [keep, name] : kReasons) {
    if ((keeps & static_cast<Keeps>(keep)) != 0) reasons.emplace_back(name);
  }
  return reasons;
}

const char* name_of(PruneDecision decision) {
  switch (decision) {
    case PruneDecision::kKeep:
      return "keep";
    case PruneDecision::kRemove:
      return "remove";
    case PruneDecision::kWait:
      return "wait";
  }
  return "";
}

const char* suspect_name(const store::HeldSet& set) {
  return set.unsound ? "unsound" : set.small ? "small" : set.damaged ? "damaged" : "";
}

std::string set_name(const store::Candidate& candidate) {
  return candidate.set_bytes == 0 ? candidate.key : candidate.key.substr(0, candidate.set_bytes);
}

}  // namespace

void PruneExplanation::tell(const store::Candidate& candidate, PruneDecision decision,
                            Keeps keeps) {
  if (!began_ || candidate.stream != stream_) {
    end_stream();
    stream_ = candidate.stream;
    began_ = true;
    if (!json_) {
      print_(fmt::format("{}, stream {}", source_,
                         stream_.empty() ? "of all its archives" : printable_name(stream_)));
    }
  }
  count(candidate, keeps);
  print_(json_ ? json_of(candidate, decision, keeps) : text_of(candidate, decision, keeps));
}

void PruneExplanation::count(const store::Candidate& candidate, Keeps keeps) {
  ++in_stream_;
  if ((keeps & static_cast<Keeps>(Keep::kOfNoSeries)) != 0 && untouched_++ == 0) {
    untouched_example_ = candidate.key;
  }
  const bool same_set = in_stream_ > 1 && candidate.set.id == last_set_;
  if (same_set && !std::exchange(is_doubled_, true) && doubled_++ == 0) {
    doubled_example_ =
        fmt::format("{} and {}", printable_name(last_key_), printable_name(candidate.key));
  }
  last_set_ = candidate.set.id;
  last_key_ = candidate.key;
}

void PruneExplanation::end_stream() {
  if (!began_) return;
  ++streams_;
  if (in_stream_ == 1 && lonely_++ == 0) lonely_example_ = last_key_;
  in_stream_ = 0;
  is_doubled_ = false;
}

std::vector<std::string> PruneExplanation::warnings() {
  end_stream();
  began_ = false;
  std::vector<std::string> found;
  // A few are what somebody put there once.
  constexpr std::uint64_t kFew = 3;
  if (lonely_ > kFew) {
    found.push_back(fmt::format(
        "{} of {} streams have one archive each, such as {}: no rule removes any of them, for each "
        "is the newest of its stream. Where they are backups of one thing, say in `series` what of "
        "their names it is",
        lonely_, streams_, printable_name(lonely_example_)));
  }
  if (doubled_ > 0) {
    found.push_back(fmt::format(
        "{} with several keys for the same time, such as {}: they count as one backup. Where they "
        "are of two things, see that `series` tells them apart",
        doubled_ == 1 ? "there is a stream" : fmt::format("there are {} streams", doubled_),
        doubled_example_));
  }
  if (untouched_ > 0) {
    found.push_back(fmt::format(
        "the expression in `series` does not match {} {}, such as {}: no rule touches what belongs "
        "to {}",
        untouched_, untouched_ == 1 ? "key" : "keys", printable_name(untouched_example_),
        untouched_ == 1 ? "it" : "them"));
  }
  return found;
}

std::string PruneExplanation::text_of(const store::Candidate& candidate, PruneDecision decision,
                                      Keeps keeps) const {
  const auto why = decision == PruneDecision::kKeep
                       ? fmt::format("{}", fmt::join(reasons_of(keeps), ", "))
                   : decision == PruneDecision::kWait ? "in a later run"
                                                      : "no rule keeps its set";
  auto note =
      candidate.is_trusted()
          ? std::string()
          : fmt::format("  [{}]", printable(candidate.generation_path.substr(source_.size() + 1)));
  if (candidate.set.contents > 1) {
    note += fmt::format("  [set {}, of {}]", printable_name(set_name(candidate)),
                        candidate.set.contents);
  }
  if (const auto* const suspect = suspect_name(candidate.set); *suspect != '\0') {
    note += fmt::format("  [{}: takes no place in the rules]", suspect);
  }
  return fmt::format("  {:<6}  {}  {:<40}  {:>12}  {}{}", name_of(decision),
                     format_time(candidate.held_since), why, candidate.size_bytes,
                     printable_name(candidate.key), note);
}

std::string PruneExplanation::json_of(const store::Candidate& candidate, PruneDecision decision,
                                      Keeps keeps) const {
  const auto* const state = candidate.is_trusted()                         ? "held"
                            : candidate.place == store::Place::kSuperseded ? "superseded"
                                                                           : "quarantined";
  return json_line({{"source", source_},
                    {"series", printable(candidate.stream)},
                    {"set", printable(set_name(candidate))},
                    {"set_contents", candidate.set.contents},
                    {"key", JsonValue::of_key(candidate.key)},
                    {"state", state},
                    {"path", candidate.is_trusted() ? store::archive_path(source_, candidate.key,
                                                                          rules_, candidate.variant)
                                                    : candidate.generation_path},
                    {"size", candidate.size_bytes},
                    {"held_since", format_time(candidate.held_since)},
                    {"suspect", suspect_name(candidate.set)},
                    {"decision", name_of(decision)},
                    {"kept_by", reasons_of(keeps)}});
}

}  // namespace agent
