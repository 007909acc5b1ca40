#include "store/ledger/records.h"

#include <utility>

namespace store {

Unsound unsound_of(std::int64_t number) {
  if (number == 0) return Unsound::kNo;
  if (number == 3) return Unsound::kSmall;
  return number == 1 ? Unsound::kOtherForm : Unsound::kBroken;
}

Generation generation_of(const Archive& archive, Place place, std::string path, Time placed_at) {
  return {archive.key,           place,          std::move(path),     archive.upstream,
          archive.last_modified, archive.sha256, archive.verified_by, archive.held_since,
          archive.read_at,       placed_at,      archive.unsound};
}

}  // namespace store
