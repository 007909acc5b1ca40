// Which lane fetches what of one content.
#include "agent/fetch/range_share.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"
#include "tests/support/text.h"

using agent::ByteRange;
using agent::RangeShare;
using test::kMiB;

namespace {

struct Sharing {
  explicit Sharing(std::uint64_t size_bytes) {
    REQUIRE(disk.make_directory("d"));
    file = std::move(*disk.open("d/f", store::OpenMode::kCreate));
    identity.size_bytes = size_bytes;
  }
  RangeShare share(std::uint64_t begin, std::size_t lanes = 4) {
    return RangeShare({{}, identity, {}, *file}, begin, lanes);
  }

  test::FaultDisk disk;
  std::unique_ptr<store::File> file;
  store::Identity identity;
};

void bring(RangeShare& share, RangeShare::Ticket ticket, std::uint64_t bytes) {
  while (bytes > 0) {
    const auto granted = share.grant(ticket, std::min<std::size_t>(bytes, kMiB));
    share.written(ticket, granted);
    bytes -= granted;
    if (granted == 0) return;
  }
}

}  // namespace

TEST_CASE("whoever owns a transfer brings all of it until somebody helps", "[ranges]") {
  Sharing world(100 * kMiB);
  auto share = world.share(10 * kMiB);
  CHECK(share.piece(RangeShare::kOwner) == ByteRange{10 * kMiB, 100 * kMiB});
  CHECK(share.grant(RangeShare::kOwner, 1000) == 1000);
  CHECK(share.collected_bytes() == 10 * kMiB);
  CHECK_FALSE(share.is_complete());
}

TEST_CASE("a helper brings what lies ahead, and the owner ends where that begins", "[ranges]") {
  Sharing world(100 * kMiB);
  auto share = world.share(0);
  const auto helper = share.join();
  REQUIRE(helper);
  const auto piece = share.next_piece(*helper);
  REQUIRE(piece);
  const auto own = share.piece(RangeShare::kOwner);
  CHECK(own.begin == 0);
  CHECK(own.end == piece->begin);
  CHECK(own.size_bytes() >= 4 * kMiB);
  bring(share, RangeShare::kOwner, 100 * kMiB);
  CHECK(share.grant(RangeShare::kOwner, 1) == 0);
  CHECK(share.collected_bytes() == piece->begin);
  const auto next = share.next_piece(RangeShare::kOwner);
  REQUIRE(next);
  CHECK(next->begin == piece->end);
}

TEST_CASE("what lies behind a gap is at most a piece for each lane", "[ranges]") {
  Sharing world(1000 * kMiB);
  auto share = world.share(0);
  std::vector<RangeShare::Ticket> helpers;
  for (int i = 0; i < 3; ++i) helpers.push_back(share.join().value());
  std::uint64_t farthest = 0;
  for (const auto helper : helpers) farthest = std::max(farthest, share.next_piece(helper)->end);
  CHECK(farthest - share.collected_bytes() <= 4 * 16 * kMiB);
}

TEST_CASE("what a helper has not brought is brought by another", "[ranges]") {
  Sharing world(64 * kMiB);
  auto share = world.share(0);
  const auto first = share.join().value();
  const auto piece = share.next_piece(first).value();
  bring(share, first, kMiB);
  share.leave(first, false);
  const auto second = share.join().value();
  CHECK(share.next_piece(second) == ByteRange{piece.begin + kMiB, piece.end});
  CHECK(share.collected_bytes() == 0);
}

TEST_CASE("after a helper failed nobody helps, and the owner brings the rest", "[ranges]") {
  Sharing world(64 * kMiB);
  auto share = world.share(0);
  const auto helper = share.join().value();
  REQUIRE(share.next_piece(helper));
  share.leave(helper, true);
  CHECK(share.is_closed());
  CHECK_FALSE(share.join());
  share.close();
  do bring(share, RangeShare::kOwner, share.piece(RangeShare::kOwner).size_bytes());
  while (share.next_piece(RangeShare::kOwner));
  CHECK(share.is_complete());
}

TEST_CASE("an owner waits for what others bring, and for no longer than it may", "[ranges]") {
  Sharing world(64 * kMiB);
  auto share = world.share(0);
  const auto helper = share.join().value();
  std::vector<ByteRange> pieces;
  while (const auto piece = share.next_piece(helper)) {
    bring(share, helper, piece->size_bytes());
  }
  bring(share, RangeShare::kOwner, 64 * kMiB);
  CHECK(share.is_complete());
  CHECK_FALSE(share.wait_for_piece([] { return true; }));

  auto other = world.share(0);
  const auto slow = other.join().value();
  REQUIRE(other.next_piece(slow));
  bring(other, RangeShare::kOwner, 64 * kMiB);
  while (other.next_piece(RangeShare::kOwner)) bring(other, RangeShare::kOwner, 64 * kMiB);
  CHECK_FALSE(other.is_complete());
  CHECK_FALSE(other.wait_for_piece([] { return false; }));
  std::thread leaves([&] { other.leave(slow, false); });
  CHECK(other.wait_for_piece([] { return true; }));
  leaves.join();
  REQUIRE(other.next_piece(RangeShare::kOwner));
  bring(other, RangeShare::kOwner, 64 * kMiB);
  CHECK(other.is_complete());
}

TEST_CASE("a disk that fails a helper is the owner's trouble", "[ranges]") {
  Sharing world(64 * kMiB);
  auto share = world.share(0);
  REQUIRE(share.join());
  share.fail(store::Error{store::ErrorKind::kNoSpace, 0, "f", "write"});
  CHECK(share.is_closed());
  CHECK(share.disk_error().has_value());
  CHECK_FALSE(share.wait_for_piece([] { return true; }));
}

TEST_CASE("in whatever order lanes come, go and fail, each byte is brought once", "[ranges]") {
  const auto seed = GENERATE(range(0U, 200U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto upto = [&](std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(0, most)(random);
  };
  const auto size = 1 + upto(200 * kMiB);
  Sharing world(size);
  const auto begin = upto(size - 1);
  auto share = world.share(begin, 1 + upto(7));
  std::vector<ByteRange> brought;
  std::vector<RangeShare::Ticket> here = {RangeShare::kOwner};
  for (int step = 0; step < 400 && !share.is_complete(); ++step) {
    const auto what = upto(9);
    const auto who = upto(here.size() - 1);
    const auto ticket = here[who];
    if (what == 0) {
      if (const auto joined = share.join()) here.push_back(*joined);
    } else if (what == 1 && ticket != RangeShare::kOwner) {
      share.leave(ticket, upto(9) == 0);
      here.erase(here.begin() + static_cast<std::ptrdiff_t>(who));
    } else if (what == 2 && share.piece(ticket).size_bytes() == 0) {
      (void)share.next_piece(ticket);
    } else {
      const auto piece = share.piece(ticket);
      const auto granted = share.grant(ticket, upto(2 * kMiB));
      CHECK(granted <= piece.size_bytes());
      share.written(ticket, granted);
      if (granted > 0) brought.push_back({piece.begin, piece.begin + granted});
    }
  }
  for (const auto ticket : here) {
    if (ticket != RangeShare::kOwner) share.leave(ticket, false);
  }
  share.close();
  do {
    const auto piece = share.piece(RangeShare::kOwner);
    if (piece.size_bytes() > 0) brought.push_back(piece);
    bring(share, RangeShare::kOwner, piece.size_bytes());
  } while (share.next_piece(RangeShare::kOwner));
  CHECK(share.is_complete());
  std::sort(brought.begin(), brought.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  auto at = begin;
  for (const auto& range : brought) {
    REQUIRE(range.begin == at);
    at = range.end;
  }
  CHECK(at == size);
}
