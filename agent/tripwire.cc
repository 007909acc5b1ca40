#include "agent/tripwire.h"

#include <fmt/format.h>

#include "agent/log.h"

namespace agent {
namespace {

constexpr std::size_t kExamples = 3;

std::string count_of(std::uint64_t count, std::string_view what) {
  return count == 0 ? std::string() : fmt::format("{} {}", count, what);
}

}  // namespace

void Tripwire::note_changed(std::string_view key) {
  ++changed_;
  remember(key);
}

void Tripwire::note_vanished(std::string_view key) {
  ++vanished_;
  remember(key);
}

void Tripwire::remember(std::string_view key) {
  if (examples_.size() < kExamples) examples_.emplace_back(key);
}

bool Tripwire::is_tripped(std::uint64_t listed) const {
  const auto struck = changed_ + vanished_;
  if (struck == 0) return false;
  // An empty listing is how a stolen, emptied or mistaken bucket looks, whatever is usual here.
  if (listed == 0) return true;
  if (!source_.tripwire_share) return false;
  const bool rotates = source_.on_change == OnChange::kGenerations;
  if (watched_ >= 2 && vanished_ + (rotates ? 0 : changed_) == watched_) return true;
  return struck >= source_.tripwire_min &&
         static_cast<double>(struck) >= *source_.tripwire_share * static_cast<double>(watched_);
}

std::string Tripwire::message() const {
  const auto changed = count_of(changed_, "replaced by other contents");
  const auto vanished = count_of(vanished_, "gone from the bucket");
  std::string examples;
  for (const auto& key : examples_) {
    examples += fmt::format("{}{}", examples.empty() ? "" : ", ", printable(key));
  }
  return fmt::format(
      "much of the bucket has changed at once: of {} archives that it had at the last run, {}{}{} "
      "(for example: {}). The copies on this disk are untouched and stay. The source is on HOLD: "
      "new archives still come, nothing that changed is fetched, nothing is removed. Find out who "
      "did this before anything else; if it was meant, 'holdfast ack {}' ends the HOLD",
      watched_, changed, changed.empty() || vanished.empty() ? "" : " and ", vanished, examples,
      source_.name);
}

}  // namespace agent
