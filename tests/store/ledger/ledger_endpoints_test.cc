#include "store/ledger/ledger_endpoints.h"

#include "tests/store/ledger/ledger_fixture.h"

using ledger_test::Held;

TEST_CASE("what an endpoint can is remembered") {
  Held held;
  CHECK(held.ledger.endpoint_fact("https://a", "etag").value() == std::nullopt);
  REQUIRE(held.ledger.set_endpoint_fact("https://a", "etag", "md5"));
  REQUIRE(held.ledger.set_endpoint_fact("https://a", "etag", "opaque"));
  CHECK(held.ledger.endpoint_fact("https://a", "etag").value() == "opaque");
  CHECK(held.ledger.endpoint_fact("https://b", "etag").value() == std::nullopt);
}

TEST_CASE("evidence counts each object once") {
  Held held;
  CHECK(held.ledger.add_endpoint_evidence("https://a", "etag", "x").value() == 1);
  CHECK(held.ledger.add_endpoint_evidence("https://a", "etag", "x").value() == 1);
  CHECK(held.ledger.add_endpoint_evidence("https://a", "etag", "y").value() == 2);
  CHECK(held.ledger.add_endpoint_evidence("https://b", "etag", "y").value() == 1);
}
