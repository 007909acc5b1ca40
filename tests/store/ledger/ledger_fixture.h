#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/ledger/ledger.h"
#include "store/ledger/ledger_writer.h"
#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"
#include "tests/support/uploaded.h"

namespace ledger_test {

inline store::Time at(std::int64_t seconds) { return store::Time(std::chrono::seconds(seconds)); }

inline store::Identity identity(std::string_view etag, std::uint64_t size_bytes = 10) {
  return {std::string(etag), size_bytes, ""};
}

inline store::Pending pending(std::string_view key, std::int64_t modified,
                              std::string_view etag = "e") {
  return {std::string(key), identity(etag), test::uploaded(at(modified))};
}

inline store::Archive archive(std::string_view key, std::int64_t modified = 100,
                              std::uint64_t size_bytes = 10) {
  store::Archive made;
  made.key = key;
  made.upstream = identity("e", size_bytes);
  made.last_modified = test::uploaded(at(modified));
  made.sha256.fill(std::byte{0xab});
  made.verified_by = store::ProofLevel::kEtagMd5;
  made.held_since = at(1000);
  made.read_at = at(1000);
  return made;
}

/// A ledger on a disk of its own, with one source.
struct Held {
  test::FaultDisk disk;
  store::Ledger ledger;
  store::SourceId source = 0;

  Held() : ledger(create(disk)) {
    const auto id = ledger.register_source("site");
    REQUIRE(id);
    source = *id;
  }

  void record(const std::vector<store::Archive>& archives) {
    std::vector<store::Placed> batch;
    for (const store::Archive& one : archives) batch.push_back({source, one});
    REQUIRE(store::LedgerWriter(ledger).record(batch));
  }

  store::Ledger::Plan begin(std::string_view prefix = "") {
    auto plan = ledger.begin_plan(source, prefix);
    REQUIRE(plan);
    return *std::move(plan);
  }

  void want(const std::vector<store::Pending>& wanted, std::string_view prefix = "") {
    store::Ledger::Plan plan = begin(prefix);
    for (const store::Pending& one : wanted) REQUIRE(plan.want(one));
    REQUIRE(plan.commit());
  }

  std::vector<std::string> pending_keys() {
    const auto found = ledger.next_pending(source, nullptr, 1000);
    REQUIRE(found);
    std::vector<std::string> keys;
    for (const store::Pending& one : *found) keys.push_back(one.key);
    return keys;
  }

  store::Totals totals() {
    const auto found = ledger.totals(source);
    REQUIRE(found);
    return *found;
  }

 private:
  static store::Ledger create(test::FaultDisk& on) {
    REQUIRE(store::Ledger::create(on));
    auto opened = store::Ledger::open(on, store::Access::kReadWrite);
    REQUIRE(opened);
    return *std::move(opened);
  }
};

}  // namespace ledger_test
