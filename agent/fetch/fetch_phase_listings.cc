#include <utility>

#include "agent/fetch/fetch_phase.h"

// What becomes of the listings while their sources are fetched.
namespace agent {

// Waits for the first one only.
store::Status FetchPhase::plan_ended_listings(std::chrono::milliseconds timeout) {
  while (!all_listed()) {
    auto listed = listings_->next_ended(timeout);
    if (!listed) return {};
    if (auto planned = plan(std::move(*listed)); !planned) return planned;
    timeout = std::chrono::milliseconds{0};
  }
  return {};
}

store::Status FetchPhase::plan(EndedListing listed) {
  planned_[listed.source] = true;
  if (listed.disk_error) return *std::move(listed.disk_error);
  store::Status read;
  const PageFeed pages{listed.in_order, [&](const VisitPage& visit) -> s3::Result<ListEnd> {
                         if (listed.result) read = listed.spool->replay(visit);
                         // Nothing may be concluded from a part of it.
                         if (read) return std::move(listed.result);
                         return s3::Error{s3::ErrorKind::kAborted, 0, "", "the disk failed", ""};
                       }};
  auto planned = plan_(listed.source, pages);
  if (!read) return read;
  if (!planned) return planned;
  feeder_.open(listed.source);
  return {};
}

// A lane is kept for who may still come, but not for whom we only wait to see the end of.
void FetchPhase::expect_work() {
  const bool over = context_.stopping() || context_.out_of_time();
  for (std::size_t i = 0; i < context_.sources.size(); ++i) {
    workers_.expect(i, !over && (!planned_[i] || feeder_.has_more(i)));
  }
}

}  // namespace agent
