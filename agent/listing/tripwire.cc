#include "agent/listing/tripwire.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/log.h"
#include "agent/base/units.h"

namespace agent {
namespace {

constexpr std::size_t kToldExamples = 3;
// Sizes in a listing may be any; their sum must not overflow.
constexpr std::uint64_t kLargest = std::uint64_t{1} << 50;

std::string count_of(std::uint64_t count, std::string_view what) {
  return count == 0 ? std::string() : fmt::format("{} {}", count, what);
}

std::string counts_of(std::uint64_t changed_keys, std::uint64_t gone_keys) {
  const auto changed = count_of(changed_keys, "replaced by other contents");
  const auto gone = count_of(gone_keys, "gone from the bucket");
  return fmt::format("{}{}{}", changed, changed.empty() || gone.empty() ? "" : " and ", gone);
}

std::string what_a_hold_is(const SourceConfig& source) {
  return fmt::format(
      "The copies on this disk are untouched and stay. The source is on HOLD: new archives still "
      "come, nothing that changed is fetched, nothing is removed. Find out who did this before "
      "anything else; if it was meant, 'holdfast ack {}' ends the HOLD. Where its owner lets its "
      "names "
      "come and go like this, write 'tripwire = off', or a larger share, into [source {}]",
      source.name, source.name);
}

}  // namespace

void Tripwire::remember(std::string_view key, bool is_gone) {
  const auto alike = std::ranges::count(examples_, is_gone, &Example::is_gone);
  if (static_cast<std::size_t>(alike) >= kToldExamples) return;
  examples_.push_back({std::string(key), is_gone});
}

void Tripwire::forget_gone() {
  std::erase_if(examples_, [](const Example& one) { return one.is_gone; });
}

void Tripwire::watch(std::uint64_t size_bytes) {
  ++all_.keys;
  all_.size_bytes += std::min(size_bytes, kLargest);
}

void Tripwire::count(const Stream& stream) {
  all_.changed += stream.changed;
  all_.changed_bytes += stream.changed_bytes;
  all_.gone += stream.gone;
  all_.gone_bytes += stream.gone_bytes;
  all_.rotated += stream.rotated;
  all_.rotated_bytes += stream.rotated_bytes;
  if (!source_.tripwire_share) return;
  if (stream.keys < source_.tripwire_min) return count_small(stream);
  if (!reaches(stream)) return;
  if (!any_stream_) worst_stream_ = stream.name;
  any_stream_ = true;
}

// One key alone is no stream: names that never come again have one each.
void Tripwire::count_small(const Stream& stream) {
  const auto struck = stream.changed + stream.gone - stream.rotated;
  const auto struck_bytes = stream.changed_bytes + stream.gone_bytes - stream.rotated_bytes;
  const bool most = struck * 2 >= stream.keys || struck_bytes * 2 >= stream.size_bytes;
  if (stream.keys < 2 || struck == 0 || !most) return;
  struck_in_small_ += struck;
  if (worst_stream_.empty()) worst_stream_ = stream.name;
}

bool Tripwire::reaches(const Stream& stream) const {
  const auto struck = stream.changed + stream.gone - stream.rotated;
  const auto struck_bytes = stream.changed_bytes + stream.gone_bytes - stream.rotated_bytes;
  const auto share_of = [&](std::uint64_t whole) {
    return *source_.tripwire_share * static_cast<double>(whole);
  };
  return struck >= source_.tripwire_min &&
         (static_cast<double>(struck) >= share_of(stream.keys) ||
          (struck_bytes > 0 && static_cast<double>(struck_bytes) >= share_of(stream.size_bytes)));
}

bool Tripwire::is_tripped(std::uint64_t listed) const {
  if (all_.changed + all_.gone == 0) return false;
  // An empty listing is how a stolen, emptied or mistaken bucket looks, whatever is usual here.
  if (listed == 0) return true;
  if (!source_.tripwire_share) return false;
  const bool rotates = source_.on_change == OnChange::kGenerations;
  if (all_.keys >= 2 && all_.gone + (rotates ? 0 : all_.changed) == all_.keys) return true;
  return any_stream_ || struck_in_small_ >= source_.tripwire_min || reaches(all_);
}

std::string Tripwire::message(const std::string& why) const {
  std::string examples;
  for (std::size_t i = 0; i < std::min(kToldExamples, examples_.size()); ++i) {
    examples += fmt::format("{}{}", i == 0 ? "" : ", ", printable_name(examples_[i].key));
  }
  const auto series = worst_stream_.empty()
                          ? std::string()
                          : fmt::format(", most in the stream {}", printable_name(worst_stream_));
  return fmt::format(
      "much of the bucket has changed at once: of {} archives that it had at the last run, {} "
      "(for example: {}{}). {}{}{}",
      all_.keys, counts_of(all_.changed, all_.gone), examples, series, why, why.empty() ? "" : " ",
      what_a_hold_is(source_));
}

std::string hold_message(const SourceConfig& source, store::Time since,
                         const store::Ledger::Plan::Deviations& deviations) {
  return fmt::format("much of the bucket has changed: since {} there are {}. {}",
                     format_time(since), counts_of(deviations.changed, deviations.vanished),
                     what_a_hold_is(source));
}

}  // namespace agent
