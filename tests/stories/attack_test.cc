#include <fmt/format.h>

#include <set>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

// Somebody else holds the keys to the bucket, and takes away what is in it.

using story::contains;
using story::Files;
using story::LieKind;
using story::Story;
using story::Words;

namespace {

struct Bucket : Story {
  Bucket() { init(); }

  // A content that was never ours to expect.
  void overwrite(const std::string& key, const std::string& content) const {
    server->put(story::kBucket, key, content);
  }
  // Every version and every delete marker, as `delete-objects` does with their ids.
  void delete_all_versions() const {
    const auto bucket = server->bucket(story::kBucket);
    std::vector<std::pair<std::string, std::string>> all;
    bucket->visit("", [&](const std::string& key, const fake_s3::Object& object, bool) {
      all.emplace_back(key, object.version_id);
      return true;
    });
    for (const auto& [key, version] : all) bucket->remove(key, version);
  }
  void delete_all_keys() const {
    for (const auto& [key, content] : wanted) server->erase(story::kBucket, key);
  }
  // Everything of the source, as it lies there.
  Files held_files() const { return story::files_below(disk + "/site"); }
  Files generation_of(const std::string& place) const {
    return story::files_below(disk + "/site/" + place);
  }
  std::set<std::string> contents_below(const std::string& place) const {
    std::set<std::string> contents;
    for (const auto& [path, content] : generation_of(place)) contents.insert(content);
    return contents;
  }
  void answer_everything(int status, const std::string& code) const {
    server->clear_lies();
    server->lie({LieKind::kError, "", "", status, code});
  }
};

std::string name(int number) { return fmt::format("db-{:02}.tar", number); }

// Eight archives, each uploaded twice, and both contents held.
struct Versioned : Bucket {
  Versioned() {
    server->keep_versions(story::kBucket);
    sources["site"] = "versions = all\n";
    for (const char* day : {"monday", "tuesday"}) {
      for (int i = 0; i < 8; ++i) put(name(i), fmt::format("{} of {}", day, name(i)));
    }
    const auto pulled = pull();
    CAPTURE(pulled.err);
    REQUIRE(pulled.status == 0);
    REQUIRE(generation_of("superseded").size() == 8);
  }
};

}  // namespace

TEST_CASE("stolen keys delete everything in the bucket, versions too, and nothing is gone here",
          "[stories]") {
  Versioned story;
  const auto before = story.held_files();
  SECTION("every version") { story.delete_all_versions(); }
  SECTION("the current contents, which leaves delete markers") { story.delete_all_keys(); }

  const auto struck = story.pull();
  CAPTURE(struck.err);
  CHECK(struck.status == 1);
  CHECK(struck.out.empty());
  CHECK(story::lines(struck.err) == 1);
  CHECK(contains(struck.err, "8 gone from the bucket"));
  CHECK(contains(struck.err, "The copies on this disk are untouched and stay"));
  CHECK(contains(struck.err, "Find out who did this"));
  CHECK(contains(struck.err, "holdfast ack site"));
  for (int run = 0; run < 3; ++run) {
    CHECK(story.held_files() == before);
    CHECK(story.alarm_kinds() == Words{"mass-change"});
    const auto status = story.source_status();
    CHECK(status.at("hold") == true);
    CHECK(status.at("archives") == 8);
    CHECK(status.at("superseded") == 8);
    CHECK(status.at("run").at("vanished") == 8);
    const auto again = story.pull();
    CHECK(again.status == 1);
    CHECK(again.err.empty());
  }
  CHECK(story::check_sums(story).status == 0);
  CHECK(story.list().size() == 8);

  CHECK(story.run({"ack", "site"}).status == 0);
  CHECK(story.pull().status == 0);
  CHECK(story.held_files() == before);
}

TEST_CASE("archives overwritten before the next run are all held where the bucket keeps versions",
          "[stories]") {
  Bucket story;
  story.server->keep_versions(story::kBucket);
  story.sources["site"] = "versions = all\n";
  for (int i = 0; i < 4; ++i) story.put(name(i), "first of " + name(i));
  REQUIRE(story.pull().status == 0);
  const auto before = story.archives();

  story.overwrite(name(0), "encrypted, within the hour");
  story.overwrite(name(0), "encrypted once more");
  story.overwrite("new.tar", "new and good");
  story.overwrite("new.tar", "new and encrypted");
  story.overwrite("brief.tar", "brief and good");
  story.overwrite("brief.tar", "brief and encrypted");
  story.server->erase(story::kBucket, "brief.tar");

  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 1);
  CHECK(story::lines(pulled.err) == 1);
  CHECK(contains(pulled.err, name(0)));
  CHECK(story.alarm_kinds() == Words{"changed"});
  auto expected = before;
  expected["new.tar"] = "new and encrypted";
  CHECK(story.archives() == expected);
  CHECK(story.contents_below("quarantine") == std::set<std::string>{"encrypted once more"});
  CHECK(story.contents_below("superseded") ==
        std::set<std::string>{"encrypted, within the hour", "new and good", "brief and good",
                              "brief and encrypted"});
  CHECK(story.generation_of("superseded").size() == 4);
  CHECK(story.generation_of("superseded/brief.tar").size() == 2);
  CHECK(story::check_sums(story).status == 0);

  // What is told apart on the disk is told apart in the ledger.
  const auto listed = story.run({"list", "site", "--all", "--json"});
  REQUIRE(listed.status == 0);
  std::map<std::string, std::set<std::string>> states;
  for (const auto& one : story::Json::parse(listed.out)) {
    const std::string path = one.at("path");
    CHECK(story::sha256_of(test::read_file(story.disk + "/" + path)) == one.at("sha256"));
    states[one.at("key")].insert(one.at("state").get<std::string>());
  }
  CHECK(states["brief.tar"] == std::set<std::string>{"superseded"});
  CHECK(states["new.tar"] == std::set<std::string>{"held", "superseded"});
  CHECK(states[name(0)] == std::set<std::string>{"held", "quarantined", "superseded"});

  const auto held = story.held_files();
  story.server->reset_journal();
  const auto again = story.pull();
  CHECK(again.status == 1);
  CHECK(again.err.empty());
  CHECK(story.server->counters().gets == 0);
  story.delete_all_versions();
  CHECK(story.pull().status == 1);
  CHECK(story.held_files() == held);
}

TEST_CASE("archives overwritten before the next run: without versions, what can be held is held",
          "[stories]") {
  Bucket story;
  const bool versioned = GENERATE(false, true);  // to no avail: versions = current
  CAPTURE(versioned);
  if (versioned) story.server->keep_versions(story::kBucket);
  for (int i = 0; i < 4; ++i) story.put(name(i), "first of " + name(i));
  REQUIRE(story.pull().status == 0);
  auto expected = story.archives();

  story.overwrite(name(0), "encrypted, within the hour");
  story.overwrite(name(0), "encrypted once more");
  story.overwrite("new.tar", "new and good");
  story.overwrite("new.tar", "new and encrypted");
  story.overwrite("brief.tar", "brief and good");
  story.server->erase(story::kBucket, "brief.tar");
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 1);
  CHECK(story::lines(pulled.err) == 1);
  CHECK(story.alarm_kinds() == Words{"changed"});
  expected["new.tar"] = "new and encrypted";
  CHECK(story.archives() == expected);
  CHECK(story.contents_below("quarantine") == std::set<std::string>{"encrypted once more"});
  CHECK(story.generation_of("superseded").empty());
  CHECK(story::check_sums(story).status == 0);
}

TEST_CASE("aws s3 rb --force empties the bucket and removes it, and every copy stays",
          "[stories]") {
  Bucket story;
  const int archives = GENERATE(1, 10);
  // An empty bucket trips the wire also where the names rotate.
  const auto* wire = GENERATE("", "tripwire = off\n", "on_change = generations\n");
  CAPTURE(archives, wire);
  story.sources["site"] = wire;
  for (int i = 0; i < archives; ++i) story.put(name(i), story::noise(1, 5'000) + name(i));
  REQUIRE(story.pull().status == 0);
  const auto before = story.held_files();

  story.delete_all_keys();
  const auto emptied = story.pull();
  CAPTURE(emptied.err);
  CHECK(emptied.status == 1);
  CHECK(story::lines(emptied.err) == 1);
  CHECK(contains(emptied.err, fmt::format("{} gone from the bucket", archives)));
  CHECK(story.source_status().at("hold") == true);
  CHECK(story.held_files() == before);

  story.answer_everything(404, "NoSuchBucket");
  for (int run = 0; run < 3; ++run) {
    story.server->reset_journal();
    const auto removed = story.pull();
    CAPTURE(removed.err);
    CHECK(removed.status == 2);
    CHECK(story::lines(removed.err) == 1);
    CHECK(contains(removed.err, "NoSuchBucket"));
    CHECK(contains(removed.err, "find out who deleted it"));
    CHECK(contains(removed.err, "What is held stays"));
    CHECK(story.server->counters().requests() == 1);
    CHECK(story.held_files() == before);
    CHECK(story.alarm_kinds() == Words{"mass-change"});
    CHECK(story.source_status().at("hold") == true);
    CHECK(story.source_status().at("archives") == archives);
  }
  CHECK(story.first_difference() == "");
}

TEST_CASE("the account is closed: nothing is lost, and each run says so in one clear line",
          "[stories]") {
  Bucket story;
  for (int i = 0; i < 10; ++i) story.put(name(i), "content of " + name(i));
  REQUIRE(story.pull().status == 0);
  const auto before = story.held_files();
  const auto last_success = story.source_status().at("last_success_at");
  story.agent_options += fmt::format("on_alarm = echo told >>{}\n", story.dir / "told");

  using Case = std::pair<const char*, const char*>;
  const auto [code, remedy] =
      GENERATE(Case{"AccessDenied", "the credentials need s3:ListBucket"},
               Case{"AllAccessDisabled", "the account is closed or suspended"},
               Case{"AccountProblem", "the account is closed or suspended"},
               Case{"InvalidAccessKeyId", "correct the credentials"});
  CAPTURE(code);
  story.put(name(10), "uploaded, and out of reach");
  story.let_pass(std::chrono::hours(26));
  for (int run = 0; run < 3; ++run) {
    story.answer_everything(403, code);
    story.server->reset_journal();
    const auto refused = story.pull();
    CAPTURE(refused.err);
    CHECK(refused.status == 77);
    CHECK(refused.out.empty());
    CHECK(story::lines(refused.err) == 1);
    CHECK(contains(refused.err, code));
    CHECK(contains(refused.err, remedy));
    CHECK(contains(refused.err, "What is held stays"));
    CHECK(story.server->counters().requests() == 1);
    CHECK(story.held_files() == before);
    CHECK(story.alarm_kinds().empty());
    const auto status = story.source_status();
    CHECK(status.at("hold") == false);
    CHECK(status.at("archives") == 10);
    CHECK(status.at("run").at("vanished") == 0);
    CHECK(status.at("last_success_at") == last_success);
    CHECK(story.status().at("state") == "failed");
  }

  story.answer_everything(404, "NoSuchBucket");
  const auto gone = story.pull();
  CAPTURE(gone.err);
  CHECK(gone.status == 2);
  CHECK(story::lines(gone.err) == 1);
  CHECK(contains(gone.err, "NoSuchBucket"));
  CHECK(story.held_files() == before);
  CHECK(story.alarm_kinds().empty());
  CHECK(story.list().size() == 10);
  CHECK_FALSE(story::contains(test::run_program({{"/bin/ls", story.dir.path()}}).out, "told"));

  // It was only a bill: paid, everything goes on.
  story.server->clear_lies();
  CHECK(story.pull().status == 0);
  CHECK(story.first_difference() == "");
}

TEST_CASE("listed and no longer readable: an alarm for each new archive that is not held",
          "[stories]") {
  Bucket story;
  for (int i = 0; i < 10; ++i) story.put(name(i), "content of " + name(i));
  REQUIRE(story.pull().status == 0);
  const auto before = story.held_files();
  const int uploads = GENERATE(2, 40);
  for (int i = 20; i < 20 + uploads; ++i) {
    story.overwrite(name(i), "out of reach");
    story.server->set_state(story::kBucket, name(i), fake_s3::ObjectState::kDenied);
  }
  const bool many = uploads == 40;
  for (int run = 0; run < 2; ++run) {
    const auto pulled = story.pull();
    CAPTURE(pulled.err);
    CHECK(pulled.status == (many ? 77 : 1));
    // So many are no odd objects but credentials: one line, at each run, and no alarm.
    CHECK(story::lines(pulled.err) == (many ? 1U : run == 0 ? 2U : 0U));
    CHECK(story.alarm_kinds() == (many ? Words{} : Words(2, "unreadable")));
    CHECK(story.held_files() == before);
  }
}
