#include "store/ledger/ledger_refusals.h"

#include <string>
#include <vector>

#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::at;
using ledger_test::Held;
using ledger_test::identity;
using ledger_test::pending;
using store::RefusalKind;

TEST_CASE("a refusal is remembered, counted and no longer pending") {
  Held held;
  held.want({pending("a", 1), pending("b", 2)});
  REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kArchived, identity("e"), at(5)));
  CHECK(held.pending_keys() == std::vector<std::string>{"b"});
  CHECK(held.ledger.refusal_counts(held.source)->archived == 1);

  REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kArchived, identity("e"), at(9)));
  auto refusal = held.begin().refusal("a");
  REQUIRE(refusal->has_value());
  CHECK((*refusal)->kind == RefusalKind::kArchived);
  CHECK((*refusal)->upstream == identity("e"));
  CHECK((*refusal)->since == at(5));
  CHECK((*refusal)->asked_at == at(9));
  CHECK((*refusal)->asks == 2);
  CHECK(held.ledger.refusal_counts(held.source)->archived == 1);

  SECTION("anew for another reason") {
    REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kMismatch, identity("e"), at(11)));
    CHECK(held.ledger.refusal_counts(held.source)->archived == 0);
    CHECK(held.ledger.refusal_counts(held.source)->mismatch == 1);
  }
  SECTION("anew for another content") {
    REQUIRE(held.ledger.refuse(held.source, "a", RefusalKind::kArchived, identity("f"), at(11)));
    CHECK(held.ledger.refusal_counts(held.source)->archived == 1);
  }
  if (held.begin().refusal("a")->value().asks == 1) {
    CHECK(held.begin().refusal("a")->value().since == at(11));
  }
}
