#include <limits>
#include <string>
#include <vector>

#include "store/ledger/ledger_plan.h"
#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::archive;
using ledger_test::Held;
using ledger_test::pending;

TEST_CASE("a key is known when it is held or pending") {
  Held held;
  held.want({pending("wanted", 1)});
  held.record({archive("held")});
  CHECK(held.ledger.knows(held.source, "wanted").value());
  CHECK(held.ledger.knows(held.source, "held").value());
  CHECK_FALSE(held.ledger.knows(held.source, "other").value());
}

TEST_CASE("a backlog whose claimed sizes cannot be added does not fail") {
  Held held;
  store::Pending huge = pending("a", 1);
  huge.upstream.size_bytes = std::numeric_limits<std::uint64_t>::max();
  held.want({huge, pending("b", 2)});
  const auto backlog = held.ledger.backlog(held.source);
  REQUIRE(backlog);
  CHECK(backlog->archives == 2);
  CHECK(backlog->size_bytes == std::numeric_limits<std::uint64_t>::max());
  CHECK(held.ledger.next_pending(held.source, nullptr, 2)->back().upstream == huge.upstream);
}

TEST_CASE("pending contents come newest first, page by page") {
  Held held;
  held.want({pending("c", 5), pending("a", 5), pending("b", 9), pending("d", 1), pending("e", 5)});
  const std::vector<std::string> order = {"b", "a", "c", "e", "d"};
  CHECK(held.pending_keys() == order);
  const std::size_t limit = GENERATE(1U, 2U, 3U, 10U);
  std::vector<std::string> paged;
  std::optional<store::Pending> last;
  while (true) {
    const auto page = held.ledger.next_pending(held.source, last ? &*last : nullptr, limit);
    REQUIRE(page);
    CHECK(page->size() <= limit);
    if (page->empty()) break;
    for (const store::Pending& one : *page) paged.push_back(one.key);
    last = page->back();
  }
  CHECK(paged == order);
  CHECK(held.ledger.count_pending(held.source).value() == 5);
}
