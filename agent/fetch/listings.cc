#include "agent/fetch/listings.h"

#include <algorithm>
#include <utility>

#include "agent/fetch/workers.h"
#include "agent/listing/list_phase.h"
#include "store/content/staging.h"

namespace agent {

Listings::Listings(RunContext& context, const std::vector<std::size_t>& sources,
                   std::vector<std::unique_ptr<Lane>>& lanes, std::vector<Retrier*> retriers)
    : context_(context),
      lanes_(lanes),
      retriers_(std::move(retriers)),
      left_(sources.size()),
      sources_(sources.size() + 1),
      listed_(sources.size() + 1) {
  for (const auto source : sources) (void)sources_.push(source);
  sources_.close();
  threads_.start(lanes_.size(), [this](std::size_t lane) { run(lane); });
}

Listings::~Listings() {
  listed_.close();
  threads_.join();
}

std::optional<EndedListing> Listings::next_ended(std::chrono::milliseconds timeout) {
  auto listed = listed_.pop_for(timeout);
  if (listed) --left_;
  if (!listed) threads_.rethrow();
  return listed;
}

void Listings::run(std::size_t lane) {
  while (auto source = sources_.pop()) {
    if (!listed_.push(list(*source, lane))) return;
  }
}

EndedListing Listings::list(std::size_t index, std::size_t lane) {
  auto listed = list(index, lane, context_.sources[index].listing.in_order);
  if (!listed.result || !listed.result->out_of_order) return listed;
  listed.spool.reset();  // its place is needed
  return list(index, lane, false);
}

EndedListing Listings::list(std::size_t index, std::size_t lane, bool in_order) {
  const auto& source = context_.sources[index];
  EndedListing listed;
  listed.source = index;
  listed.in_order = in_order;
  listed.spool = std::make_unique<ListingSpool>(ListingSpool::Place{
      context_.mirror.disk(), context_.mirror.staging,
      store::staging_path(source.config->name, "", "", "a listing, not an object", 0),
      context_.config.disk.min_free_bytes});
  bool no_room = false;
  const auto feed =
      listing_of(context_, source, lanes_[lane]->client(index), *retriers_[lane], in_order);
  listed.result = feed.hand_over([&](const s3::ListPage& page) {
    const auto added = listed.spool->add(page);
    if (!added) listed.disk_error = added.error();
    no_room = added && *added == ListingSpool::Added::kNoRoom;
    return added && !no_room;
  });
  if (no_room) {
    listed.result = s3::Error{s3::ErrorKind::kInvalid, 0, "",
                              "it is so long that there is no room on the disk to keep it", ""};
  }
  return listed;
}

}  // namespace agent
