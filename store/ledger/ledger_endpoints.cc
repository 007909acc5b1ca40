#include "store/ledger/ledger_endpoints.h"

#include <string>

#include "store/ledger/ledger_impl.h"

namespace store {

Result<std::optional<std::string>> EndpointView::endpoint_fact(std::string_view endpoint,
                                                               std::string_view fact) {
  return impl_->database
      .select("SELECT value FROM endpoint_fact WHERE endpoint=?1 AND fact=?2", endpoint, fact)
      .one([](const Query& row) { return std::string(row.bytes(0)); });
}

Status EndpointView::set_endpoint_fact(std::string_view endpoint, std::string_view fact,
                                       std::string_view value) {
  return impl_->database.execute(
      "INSERT INTO endpoint_fact (endpoint, fact, value) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO UPDATE SET value=excluded.value WHERE value<>excluded.value",
      endpoint, fact, value);
}

Result<std::uint64_t> EndpointView::add_endpoint_evidence(std::string_view endpoint,
                                                          std::string_view fact,
                                                          std::string_view object) {
  const Status done = impl_->database.execute(
      "INSERT INTO endpoint_evidence (endpoint, fact, object) VALUES (?1, ?2, ?3) "
      "ON CONFLICT DO NOTHING",
      endpoint, fact, Bytes{object});
  if (!done) return done.error();
  return impl_->database.read_count(
      "SELECT count(*) FROM endpoint_evidence WHERE endpoint=?1 AND fact=?2", endpoint, fact);
}

}  // namespace store
