#include <algorithm>
#include <cstdint>

#include "store/ledger/ledger_plan_impl.h"

// What goes because something came in its stead is rotation, and no loss: the oldest of a stream,
// one for each that is new, as long as the new ones are not much smaller than what they follow.
namespace store::rotation {

namespace {

// New archives this much smaller than what goes are not its successors.
constexpr std::int64_t kMaxShrink = 10;

// Of what stays: more may be the first that there was.
constexpr std::int64_t kMaxRecent = 5;

}  // namespace

Status count(Database& database, const Query& row, Ledger::Plan::Stream& stream) {
  const auto recent = std::clamp<std::int64_t>(
      row.integer(11) - row.integer(13), 0, std::max<std::int64_t>(row.integer(1) / kMaxRecent, 1));
  const auto came = row.integer(7) + recent;
  const auto come_bytes = row.integer(8) + (recent > 0 ? row.integer(12) : 0);
  const auto most_bytes = static_cast<std::uint64_t>(come_bytes) * kMaxShrink;
  if (came == 0 || stream.gone == 0) return {};
  return database
      .select(
          "SELECT bytes FROM temp.gone WHERE name=?1 AND (?2 OR (last_modified, key)<(?3, ?4)) "
          "ORDER BY last_modified, key LIMIT ?5",
          Bytes{row.bytes(0)}, row.is_null(9), row.integer(9), Bytes{row.bytes(10)}, came)
      .each([&](const Query& one) {
        const auto bytes = one.count(0);
        if (stream.rotated_bytes + bytes > most_bytes) return false;
        ++stream.rotated;
        stream.rotated_bytes += bytes;
        return true;
      });
}

}  // namespace store::rotation
