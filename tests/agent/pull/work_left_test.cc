#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/agent/pull/pull_world.h"

// What a run leaves undone it says, and what stands in the way of one object concerns no other.

using agent::ExitStatus;
using fake_s3::LieKind;
using pull_test::World;

TEST_CASE("an object that has another size than it was listed with takes no more room than it has",
          "[pull]") {
  World world;
  world.config.agent.parallel = 1;
  world.disk.set_space({10'000, 5'000});
  world.config.disk.min_free_bytes = 1'000;
  world.server->put("b", "a", std::string(3'000, 'a'));
  world.server->put("b", "b", std::string(3'000, 'b'));
  SECTION("a smaller one keeps none from the others") {
    world.server->lie({LieKind::kChange, "GET", "a", 10, "", 1, 1});
    const auto ended = world.pull();
    CHECK(world.archive("b"));
    CHECK((ended == ExitStatus::kIncomplete || world.archive("a")));
    CHECK(world.pull() == ExitStatus::kOk);
    REQUIRE(world.archive("a"));
    CHECK(world.archive("a")->size() == 10);
  }
  SECTION("a larger one does not go below min_free") {
    world.server->lie({LieKind::kChange, "GET", "a", 4'500, "", 1, 1});
    for (int run = 0; run < 2; ++run) {
      CHECK(world.pull() == ExitStatus::kIncomplete);
      CHECK(world.archive("b"));
      CHECK_FALSE(world.archive("a"));
    }
    CHECK(world.lines_with("min_free") == 1);
  }
}

TEST_CASE("a disk keeps a thousandth of its files free, as min_free of its bytes", "[pull]") {
  struct Row {
    std::uint64_t total;
    std::uint64_t free;
    bool fits;
  };
  // What is new takes "site", "archives" and the file.
  const auto row = GENERATE(Row{0, 0, true}, Row{1000, 19, true}, Row{1000, 18, false},
                            Row{100'000, 103, true}, Row{100'000, 102, false}, Row{1, 0, false});
  CAPTURE(row.total, row.free);
  World world;
  world.disk.set_space({100'000, 90'000, row.total, row.free});
  world.server->put("b", "a", "content");
  SECTION("where it has less nothing is fetched, and that is said once, with what to do") {
    world.server->put("b", "b", "content");
    CHECK(world.pull() == (row.fits ? ExitStatus::kOk : ExitStatus::kIncomplete));
    CHECK(world.archive("a").has_value() == row.fits);
    CHECK(world.gets_of("a") == (row.fits ? 1 : 0));
    CHECK(world.lines_with("room for hardly any more files") == (row.fits ? 0 : 1));
  }
  SECTION("a dry run knows it") {
    CHECK(world.pull({{}, true, false}) == ExitStatus::kOk);
    const auto& total = world.printed.back();
    if (row.fits) CHECK(total.find("it fits") != std::string::npos);
    if (row.free == 0 && row.total > 0)
      CHECK(total.find("the disk takes no more files") != std::string::npos);
  }
}

TEST_CASE("a disk that takes few files holds what fits, and no command fails for want of one",
          "[pull]") {
  const auto most = GENERATE(range(24, 90, 3));
  CAPTURE(most);
  World world;
  world.config.agent.parallel = 4;
  world.disk.limit_files(static_cast<std::uint64_t>(most));
  constexpr int kArchives = 60;
  // Their directories are made when they are placed, all of a batch at once.
  for (int i = 0; i < kArchives; ++i)
    world.server->put("b", fmt::format("of-{}/day-{}/k", i % 3, i % 7), "content");
  for (int i = 0; i < kArchives; ++i)
    world.server->put("b", fmt::format("of-{}/day-{}/k{}", i % 3, i % 7, i), "content");
  for (int run = 0; run < 2; ++run) {
    CHECK(world.pull() == ExitStatus::kIncomplete);
    CHECK(world.lines_with("room for hardly any more files") == 1);
    CHECK(world.lines.size() == 1);
  }
  if (most > 60) CHECK(world.source().archives > 0);
  CHECK(world.verify_all() == ExitStatus::kOk);
  world.disk.limit_files(1000);
  CHECK(world.pull() == ExitStatus::kOk);
}

TEST_CASE("a key that is longer than any S3 has is left out with its reason, and no other",
          "[pull]") {
  World world;
  world.server->put("b", std::string(1025, 'k'), "content");
  world.server->put("b", std::string(1024, 'l'), "content");
  world.server->put("b", "fine", "content");
  CHECK(world.pull() == ExitStatus::kIncomplete);
  CHECK(world.lines_with("a key of 1025 bytes, and S3 allows 1024") == 1);
  CHECK(world.archive("fine"));
  CHECK(world.files_below("site/archives/") == 2);
}

TEST_CASE("a damaged archive is repaired from a version that is current no more", "[pull]") {
  World world;
  world.site().versions = agent::Versions::kAll;
  world.server->keep_versions("b");
  world.server->put("b", "k", "the trusted content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  world.server->put("b", "k", "what came after it");
  REQUIRE(world.pull() == ExitStatus::kAlarm);
  REQUIRE(world.ack() == ExitStatus::kOk);
  world.disk.plant("site/archives/k", "the trusted c0ntent");
  REQUIRE(world.verify_all() == ExitStatus::kAlarm);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == "the trusted content");
}

TEST_CASE("text in the ledger that is no UTF-8 is no defect of ours", "[pull]") {
  World world;
  world.server->put("b", "k", "content");
  REQUIRE(world.pull() == ExitStatus::kOk);
  const std::string path(store::kLedgerPath);
  auto ledger = world.disk.files().at(path);
  const std::string proof = "etag-md5";
  REQUIRE(ledger.find(proof) != std::string::npos);
  for (auto at = ledger.find(proof); at != std::string::npos; at = ledger.find(proof)) {
    ledger.replace(at, proof.size(), "\xff\xfe\xc0\x80\xed\xa0\x80\xf8");
  }
  world.disk.plant(path, ledger);
  world.server->put("b", "l", "content");
  for (const auto ended : {world.pull(), world.list_all(), world.verify_all()}) {
    CHECK(ended != ExitStatus::kDefect);
  }
}

TEST_CASE("a disk that somebody else fills is not filled to the brim with small archives",
          "[pull]") {
  constexpr int kMany = 200;
  constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
  World world;
  world.config.disk.min_free_bytes = 2 * kGiB;
  world.disk.set_space({100 * kGiB, 50 * kGiB, 0, 0});
  for (int i = 0; i < kMany; ++i) world.server->put("b", fmt::format("db/{}", i), "x");
  // Somebody else writes while the first of them come.
  const auto fetched = [&] {
    const auto journal = world.server->journal();
    return std::count_if(journal.begin(), journal.end(),
                         [](const auto& entry) { return entry.key.starts_with("db/"); });
  };
  std::thread other([&] {
    while (fetched() < 8) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    world.disk.set_space({100 * kGiB, 2 * kGiB - 1, 0, 0});
  });
  CHECK(world.pull() == ExitStatus::kIncomplete);
  other.join();
  CHECK(world.source().run.failed > 0);
  CHECK(world.files_below("site/archives") < kMany / 2);
}
