#include "agent/alarms/small_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>

#include "agent/base/log.h"
#include "agent/base/units.h"
#include "agent/config/name_date.h"

namespace agent {
namespace {

// Fewer sets make no habit.
constexpr std::size_t kMinSets = 3;
constexpr std::size_t kMaxFormParts = 64;

using name_date::is_digit;
using name_date::is_letter;

// What all begin with, up to before a separator, so that no word is cut.
std::size_t common_prefix(const std::vector<std::string>& names) {
  if (names.size() < 2) return 0;
  std::size_t common = names.front().size();
  for (const auto& name : names) {
    const auto differs = std::ranges::mismatch(names.front(), name).in1;
    common = std::min(common, static_cast<std::size_t>(differs - names.front().begin()));
  }
  const std::string_view first = names.front();
  while (common > 0) {
    const bool at_word =
        common < first.size() && !is_digit(first[common]) && !is_letter(first[common]);
    if (at_word) return common;
    --common;
  }
  return 0;
}

std::uint64_t hash_of(std::string_view text) {
  // FNV-1a. A collision of two forms in one set makes one of them.
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1'099'511'628'211U;
  }
  return hash;
}

void add_form(std::map<std::uint64_t, SetMade::Form>& forms, std::string_view name) {
  std::string form;
  std::uint64_t number = 0;
  bool numbered = false;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (!is_digit(name[at])) {
      form += name[at];
      continue;
    }
    number = 0;
    for (; at < name.size() && is_digit(name[at]); ++at) {
      number = (number * 10 + static_cast<std::uint64_t>(name[at] - '0')) % 1'000'000'000;
    }
    --at;
    form += '#';
    numbered = true;
  }
  const auto hash = hash_of(form);
  auto& found = forms[hash];
  found.lowest = found.count == 0 ? number : std::min(found.lowest, number);
  found.highest = std::max(found.highest, number);
  found.hash = hash;
  found.numbered = numbered;
  ++found.count;
}

const SetMade::Form* find(const SetMade& set, std::uint64_t hash) {
  const auto found = std::ranges::find(set.forms, hash, &SetMade::Form::hash);
  return found == set.forms.end() ? nullptr : &*found;
}

std::span<const SetMade> last_three(const std::vector<SetMade>& recent) {
  return std::span(recent).last(std::min(recent.size(), kMinSets));
}

bool has_gap(const SetMade::Form& form) { return form.highest - form.lowest + 1 > form.count; }

// How many of a form each of them had, at least.
std::uint64_t needed(std::span<const SetMade> last, std::uint64_t hash) {
  std::optional<std::uint64_t> least;
  for (const auto& set : last) {
    const auto* const form = find(set, hash);
    const auto count = form == nullptr ? 0 : form->count;
    least = std::min(least.value_or(count), count);
  }
  return least.value_or(0);
}

// The last part of fewer may be gone because there is less to say.
bool may_have_shrunk(const SetMade& set, std::span<const SetMade> last, const SetMade::Form& was) {
  const auto* const is = find(set, was.hash);
  if (!was.numbered || (is != nullptr && has_gap(*is) && !has_gap(was))) return false;
  auto least = last.front();
  for (const auto& one : last) {
    least.size_bytes = std::min(least.size_bytes, one.size_bytes);
    least.largest_bytes = std::min(least.largest_bytes, one.largest_bytes);
  }
  return set.size_bytes + least.largest_bytes / 2 > least.size_bytes;
}

std::uint64_t median_size(const std::vector<SetMade>& recent) {
  std::vector<std::uint64_t> sizes_bytes;
  sizes_bytes.reserve(recent.size());
  for (const auto& set : recent) sizes_bytes.push_back(set.size_bytes);
  const auto middle = sizes_bytes.begin() + static_cast<std::ptrdiff_t>(sizes_bytes.size() / 2);
  std::nth_element(sizes_bytes.begin(), middle, sizes_bytes.end());
  return *middle;
}

constexpr const char* kRemedy =
    "It is held, and so are those before it; check the job that writes them";

}  // namespace

std::vector<SetMade::Form> forms_of(const std::vector<std::string>& names) {
  if (names.size() > kMaxFormParts) return {};
  const auto common = common_prefix(names);
  std::map<std::uint64_t, SetMade::Form> by_hash;
  for (const auto& name : names) add_form(by_hash, std::string_view(name).substr(common));
  std::vector<SetMade::Form> forms;
  forms.reserve(by_hash.size());
  for (const auto& [hash, form] : by_hash) forms.push_back(form);
  return forms;
}

bool is_complete(const SetMade& set, const std::vector<SetMade>& recent) {
  std::uint64_t most = 1;
  for (const auto& one : last_three(recent)) most = std::max(most, one.parts);
  return recent.empty() ? set.parts == 1 : set.parts >= most;
}

std::uint64_t lacks(const SetMade& set, const std::vector<SetMade>& recent) {
  const auto last = last_three(recent);
  if (last.size() < kMinSets || set.parts == 0 || set.parts > kMaxFormParts) return 0;
  std::uint64_t lacking = 0;
  for (const auto& was : last.back().forms) {
    const auto least = needed(last, was.hash);
    const auto* const is = find(set, was.hash);
    const auto count = is == nullptr ? 0 : is->count;
    if (count < least && !may_have_shrunk(set, last, was)) lacking += least - count;
  }
  // What a set of one part begins with is not known, so that its form says nothing of it.
  std::uint64_t fewest = last.front().parts;
  for (const auto& one : last) fewest = std::min(fewest, one.parts);
  if (fewest <= set.parts) return lacking != 0 && set.parts > 1 ? lacking : 0;
  return std::min(lacking, fewest - set.parts);
}

std::optional<std::string> why_small(const SourceConfig& config, const SetMade& set,
                                     const std::vector<SetMade>& recent, std::string_view stream) {
  if (set.size_bytes < config.min_size_bytes) {
    return fmt::format("it has only {}, and min_size is {}. {}", format_size(set.size_bytes),
                       format_size(config.min_size_bytes), kRemedy);
  }
  if (!config.shrink_alarm_share) return std::nullopt;
  if (const auto lacking = lacks(set, recent); lacking > 0) {
    return fmt::format("it has {} of {} parts, where the last ones of {} were whole. {}", set.parts,
                       set.parts + lacking,
                       stream.empty() ? "this source" : "the stream " + printable_name(stream),
                       kRemedy);
  }
  if (recent.size() < kMinSets) return std::nullopt;
  const auto usual = median_size(recent);
  if (static_cast<double>(set.size_bytes) >=
      *config.shrink_alarm_share * static_cast<double>(usual)) {
    return std::nullopt;
  }
  return fmt::format("it has only {}, and the last ones of {} have {}. {}",
                     format_size(set.size_bytes),
                     stream.empty() ? "this source" : "the stream " + printable_name(stream),
                     format_size(usual), kRemedy);
}

}  // namespace agent
