#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "s3client/client.h"
#include "store/content/staging.h"
#include "store/disk/disk.h"

namespace agent {

/// Keeps the pages of a listing until somebody has the time to read them: a small one in memory, a
/// large one in a file of the mirror's staging area, which goes with the spool.
class ListingSpool {
 public:
  struct Place {
    store::ReadableDisk& disk;
    store::Staging& staging;
    std::string path;
    std::uint64_t min_free_bytes = 0;  ///< the file leaves so much on the disk
  };
  explicit ListingSpool(Place place) : place_(std::move(place)) {}
  ~ListingSpool();
  ListingSpool(const ListingSpool&) = delete;
  ListingSpool& operator=(const ListingSpool&) = delete;

  enum class Added { kYes, kNoRoom };
  store::Result<Added> add(const s3::ListPage& page);

  /// Hands the pages over as they came, one in memory at a time, until `visit` says false.
  store::Status replay(const std::function<bool(const s3::ListPage&)>& visit);

 private:
  store::Result<Added> flush();

  Place place_;
  std::string recent_;  ///< what is not in the file
  std::unique_ptr<store::File> file_;
  std::uint64_t file_bytes_ = 0;
};

}  // namespace agent
