#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

using story::LieKind;
using story::Story;
using test::run_program;

namespace {

// What a text editor would have left in the file.
test::Finished pull_with_config(const Story& story, const std::string& text) {
  test::write_file(story.config_path(), text);
  return run_program(story.command({"pull"}));
}

struct OneArchive : Story {
  OneArchive() {
    init();
    put("one.tar", "content");
  }
};

}  // namespace

TEST_CASE("a wrong configuration is named by file and line, and nothing is touched", "[stories]") {
  Story story;
  struct Row {
    std::string text;
    std::string says;
  };
  const auto row = GENERATE(
      Row{"[disk]\npath = /nowhere\nmin_fre = 1G\n", ":3: [disk] has no key \"min_fre\"; did you"},
      Row{"[disk]\npath = /nowhere\n[agnt]\n", ":3: there is no section [agnt]; did you mean"},
      Row{"[disk]\npath = /nowhere\nmin_free = much\n", ":3: min_free: \"much\" is not a size"},
      Row{"[disk]\npath = /nowhere\n[source a]\nregion = x\n", ":3: [source a] needs \"bucket"},
      Row{"[disk]\npath = /nowhere\n[source a]\nbucket = b\n[source a]\nbucket = b\n", ":5: "},
      Row{"[disk]\npath = /nowhere\n[source a]\nbucket = b\nendpoint = http://example.org\n",
          ":5: endpoint: http://"},
      Row{"[disk]\npath = /nowhere\nwhat is this\n", ":3: neither"});
  CAPTURE(row.text);
  const auto pulled = pull_with_config(story, row.text);
  CHECK(pulled.status == 78);
  CAPTURE(pulled.err);
  CHECK(story::contains(pulled.err, story.config_path() + row.says));
  CHECK(std::count(pulled.err.begin(), pulled.err.end(), '\n') == 1);
  CHECK_FALSE(story.has_status());
}

TEST_CASE("a configuration that is not there is the same kind of mistake", "[stories]") {
  const auto pulled = run_program({{HOLDFAST_PROGRAM, "--config", "/nowhere/a.conf", "pull"}});
  CHECK(pulled.status == 78);
  CHECK(story::contains(pulled.err, "/nowhere/a.conf"));
  const auto by_variable =
      run_program({{HOLDFAST_PROGRAM, "pull"}, {"HOLDFAST_CONFIG=/nowhere/b.conf"}});
  CHECK(by_variable.status == 78);
  CHECK(story::contains(by_variable.err, "/nowhere/b.conf"));
}

TEST_CASE("wrong usage and unknown sources are told from everything else", "[stories]") {
  const OneArchive story;
  CHECK(story.run({}).status == 0);
  CHECK(story.run({"pul"}).status == 64);
  CHECK(story.run({"pull", "--no-such-option"}).status == 64);
  CHECK(story.run({"list"}).status == 64);
  CHECK(story.run({"--log-format", "xml", "pull"}).status == 64);
  CHECK(story.run({"list", "nowhere"}).status == 64);
  const auto pulled = story.run({"pull", "nowhere"});
  CHECK(pulled.status == 64);
  CHECK(story::contains(pulled.err, "nowhere"));
  CHECK_FALSE(story.has_status());
  CHECK(story.server->counters().requests() == 0);

  CHECK(story.run({"--version"}).status == 0);
  CHECK(story::contains(story.run({"--version"}).out, "holdfast "));
  CHECK(story.run({"--version"}).out.find('\n') == story.run({"--version"}).out.size() - 1);
  CHECK(story.run({"--help"}).status == 0);
  CHECK(story::contains(story.run({"pull", "--help"}).out, "--dry-run"));
}

TEST_CASE("--version -v tells what is in the program, in either order", "[stories]") {
  OneArchive story;
  const auto told = story.run({"--version", "-v"});
  CHECK(told.status == 0);
  for (const auto* library : {"libcurl/", "OpenSSL ", "SQLite ", "expat ", "zlib ", "glibc ",
                              "inih ", "fmt ", "nlohmann-json ", "CLI11 ", "tl-expected "}) {
    CAPTURE(library);
    // Its name, and then a number.
    const auto at = told.out.find(library);
    REQUIRE(at != std::string::npos);
    const auto version = told.out.find_first_not_of(' ', at + std::string_view(library).size());
    REQUIRE(version != std::string::npos);
    CHECK(std::isdigit(static_cast<unsigned char>(told.out[version])) != 0);
  }
  CHECK(story::contains(told.out, "shared: this system's"));
  CHECK(story.run({"-v", "--version"}).out == told.out);
}

TEST_CASE("credentials that are missing or open to all stop their source and no other",
          "[stories]") {
  OneArchive story;
  const auto other = story.dir / "other-credentials";
  story.sources["other"] = "credentials_file = " + other + "\n";
  std::string remedy = "create it";
  SECTION("missing") {}
  SECTION("readable to the world") {
    test::write_file(other, test::read_file(story.credentials_path()));
    ::chmod(other.c_str(), 0644);
    remedy = "chmod 600";
  }
  SECTION("writable to the group") {
    test::write_file(other, test::read_file(story.credentials_path()));
    ::chmod(other.c_str(), 0660);
    remedy = "chmod 600";
  }
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 77);
  CHECK(story::contains(pulled.err, "other: "));
  CHECK(story::contains(pulled.err, other));
  CHECK(story::contains(pulled.err, remedy));
  CHECK(story.archives() == story.wanted);
  CHECK(story.source_status("site").at("state") == "ok");
  CHECK(story.source_status("other").at("state") == "failed");
  CHECK(story.status().at("exit_status") == 77);
}

TEST_CASE("credentials come from the environment and from systemd before the file", "[stories]") {
  OneArchive story;
  const auto credentials = test::read_file(story.credentials_path());
  std::filesystem::remove(story.credentials_path());
  SECTION("the environment") {
    const auto user = fake_s3::reader();
    story.environment = {"AWS_ACCESS_KEY_ID=" + user.access_key_id,
                         "AWS_SECRET_ACCESS_KEY=" + user.secret_access_key};
  }
  SECTION("systemd, by the source's name") {
    test::write_file(story.dir / "systemd/site", credentials);
    ::chmod((story.dir / "systemd/site").c_str(), 0400);
    story.environment = {"CREDENTIALS_DIRECTORY=" + (story.dir / "systemd")};
  }
  SECTION("systemd, by ours") {
    test::write_file(story.dir / "systemd/holdfast", credentials);
    ::chmod((story.dir / "systemd/holdfast").c_str(), 0400);
    story.environment = {"CREDENTIALS_DIRECTORY=" + (story.dir / "systemd")};
  }
  CHECK(story.pull().status == 0);
  CHECK(story.archives() == story.wanted);
}

TEST_CASE("denied credentials are refused with a remedy, without the secret", "[stories]") {
  const OneArchive story;
  auto user = fake_s3::reader();
  user.secret_access_key = "changed in the meantime";
  story.server->set_users({user});
  const auto pulled = story.pull();
  CHECK(pulled.status == 77);
  CHECK(story::contains(pulled.err, "correct the credentials"));
}

TEST_CASE("a disk that is absent or not the right one is left alone", "[stories]") {
  OneArchive story;
  std::string says;
  SECTION("no such directory") {
    story.disk = story.dir / "unplugged";
    says = "plug in the disk";
  }
  SECTION("no marker") {
    story.disk = story.dir / "empty";
    std::filesystem::create_directory(story.disk);
    says = "holdfast init " + story.disk;
  }
  SECTION("another disk than the one that is wanted") {
    story.disk_options += "id = 00000000-0000-4000-8000-000000000000\n";
    says = "00000000-0000-4000-8000-000000000000";
  }
  SECTION("not mounted, so that an empty mount point is not filled") {
    story.disk_options = "require_mount = yes\n";
    says = "no disk is mounted at " + story.disk;
  }
  const auto before = story::files_below(story.dir / "disk");
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 75);
  CHECK(story::contains(pulled.err, says));
  CHECK(story::files_below(story.dir / "disk") == before);
  CHECK(story::files_below(story.disk).size() ==
        (story.disk == story.dir / "disk" ? before.size() : 0));
  CHECK(std::filesystem::exists(story.disk) == (story.disk != story.dir / "unplugged"));
  CHECK(story.server->counters().requests() == 0);
  const auto status = story.status();
  CHECK(status.at("state") == "absent");
  CHECK(status.at("exit_status") == 75);
  CHECK(status.at("disk").at("present") == false);
  CHECK(story.run({"list", "site"}).status == 75);
}

TEST_CASE("while one run is at work, another one goes away and touches nothing", "[stories]") {
  Story story;
  story.init();
  story.put("slow.tar", story::noise(1, 100'000));
  story.server->lie({LieKind::kStall, "GET", "slow.tar", 1000});
  story.write_config();
  test::Program first(story.command({"pull"}));
  REQUIRE(story.server->wait_until([](const auto& seen) { return seen.gets == 1; }));
  const auto before = story.status();
  const auto second = run_program(story.command({"pull"}));
  CHECK(second.status == 75);
  CHECK(second.err.empty());  // cron would mail it every hour
  CHECK(story.status().at("started_at") == before.at("started_at"));
  CHECK(story.status().at("state") == "running");
  CHECK(story.status().at("exit_status").is_null());
  CHECK(story.run({"list", "site"}).status == 0);
  first.send(SIGTERM);
  CHECK(first.wait().status == 2);
}

TEST_CASE("a ledger that is lost or spoilt is never replaced by an empty one", "[stories]") {
  const OneArchive story;
  REQUIRE(story.pull().status == 0);
  const auto ledger = story.disk + "/.holdfast/ledger.db";
  SECTION("missing") { std::filesystem::remove(ledger); }
  SECTION("not a database") { test::write_file(ledger, std::string(100'000, 'x')); }
  SECTION("empty") { test::write_file(ledger, ""); }
  SECTION("its first page is gone") {
    auto bytes = test::read_file(ledger);
    bytes.replace(0, 4096, std::string(4096, '\0'));
    test::write_file(ledger, bytes);
  }
  const auto files_but_the_spent_journal = [&] {
    auto files = story::files_below(story.disk);
    files.erase(".holdfast/ledger.db-journal");
    return files;
  };
  const auto left = files_but_the_spent_journal();
  story.server->put(story::kBucket, "two.tar", "new");
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 74);
  CHECK(story::contains(pulled.err, "holdfast rebuild"));
  CHECK(files_but_the_spent_journal() == left);
  CHECK(story.run({"list", "site"}).status == 74);
  CHECK(story.status().at("state") == "failed");
}

TEST_CASE("a status file that cannot be written is a warning, and the pull goes on", "[stories]") {
  const OneArchive story;
  std::filesystem::create_directories(story.status_path() + "/in the way");
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(story::contains(pulled.err, "warning"));
  CHECK(story::contains(pulled.err, story.status_path()));
  CHECK(story.archives() == story.wanted);
}

TEST_CASE("a pull of one source leaves what is known of the others", "[stories]") {
  OneArchive story;
  story.sources["other"] = "";
  REQUIRE(story.pull().status == 0);
  const auto before = story.source_status("other");
  story.put("two.tar", "more");
  const auto pulled = story.run({"pull", "site"});
  CHECK(pulled.status == 0);
  CHECK(story.source_status("other") == before);
  CHECK(story.source_status("site").at("archives") == 2);
  CHECK(story.archives("other").size() == 1);
}

TEST_CASE("init makes a disk once, and says what to write into the configuration", "[stories]") {
  const Story story;
  const auto made = run_program({{HOLDFAST_PROGRAM, "init", story.disk}});
  CHECK(made.status == 0);
  const auto marker = story::Json::parse(test::read_file(story.disk + "/.holdfast/disk.json"));
  CHECK(made.out == fmt::format("[disk]\npath = {}\nid = {}\nrequire_mount = no\n", story.disk,
                                marker.at("id").get<std::string>()));
  CHECK(story::contains(made.err, "not a mount point"));
  const auto before = story::files_below(story.disk);
  const auto again = run_program({{HOLDFAST_PROGRAM, "init", story.disk}});
  CHECK(again.status == 64);
  CHECK(again.out == made.out);
  CHECK(story::contains(made.out, marker.at("id").get<std::string>()));
  CHECK(story::files_below(story.disk) == before);
  CHECK(run_program({{HOLDFAST_PROGRAM, "init", ""}}).status == 64);
  CHECK(run_program({{HOLDFAST_PROGRAM, "init", story.dir / "nowhere"}}).status == 75);
}

TEST_CASE("init takes a relative path, and says the whole one", "[stories]") {
  const Story story;
  const auto relative = std::filesystem::relative(story.disk).string();
  REQUIRE_FALSE(relative.starts_with("/"));
  const auto made = run_program({{HOLDFAST_PROGRAM, "init", relative}});
  CHECK(made.status == 0);
  CHECK(made.out.starts_with(
      fmt::format("[disk]\npath = {}\n", std::filesystem::canonical(story.disk).string())));
}

TEST_CASE("what init --write writes needs the bucket only, and the first pull makes its directory",
          "[stories]") {
  Story story;
  story.put("one", "content");
  const auto file = story.dir / "etc/holdfast.conf";
  const auto holdfast = [&](const story::Words& words) {
    test::Command command{{HOLDFAST_PROGRAM, "--config", file}, {}};
    command.words.insert(command.words.end(), words.begin(), words.end());
    return run_program(command);
  };
  const auto made = holdfast({"init", story.disk, "--write"});
  CAPTURE(made.err);
  REQUIRE(made.status == 0);
  CHECK(story::contains(made.out, file));
  CHECK(holdfast({"pull"}).status == 78);

  auto text = test::read_file(file);
  const auto set = [&](std::string_view before, const std::string& after) {
    const auto at = text.find(before);
    REQUIRE(at != std::string::npos);
    text.replace(at, before.size(), after);
  };
  const auto state = story.dir / "state";
  set("\nbucket =\n", fmt::format("\nbucket = {}\n", story::kBucket));
  set("# endpoint = https://HOST\n", fmt::format("endpoint = {}\n", story.endpoint));
  set("/etc/holdfast/credentials", story.credentials_path());
  set("[agent]\n", fmt::format("[agent]\nstatus_file = {}/status.json\n", state));
  set("\nid =", "\nmin_free = 0\nid =");
  test::write_file(file, text);
  const auto pulled = holdfast({"pull"});
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(pulled.err.empty());
  CHECK(story.archives() == story.wanted);
  CHECK(std::filesystem::status(state).permissions() == std::filesystem::perms(0755));
  CHECK(holdfast({"status"}).status == 0);
}

TEST_CASE("a dry run says what it would fetch, and changes nothing", "[stories]") {
  const OneArchive story;
  const auto before = story::files_below(story.disk);
  const auto dry = story.run({"pull", "--dry-run"});
  CHECK(dry.status == 0);
  CHECK(story::contains(dry.out, "would fetch one.tar"));
  CHECK(
      story::contains(dry.out, "site: can be read, as one.tar was\nin all: 1 archive to fetch ("));
  CHECK(story.archives().empty());
  CHECK(story.server->counters().gets == 1);
  CHECK_FALSE(story.has_status());
  CHECK(story.pull().status == 0);
  CHECK(story.archives() == story.wanted);
}

TEST_CASE("the secret is in no output and in no file of ours", "[stories]") {
  OneArchive story;
  story.server->lie({LieKind::kError, "GET", "one.tar", 500, "InternalError", 1, 1});
  std::string said;
  const auto note = [&](const test::Finished& finished) { said += finished.out + finished.err; };
  note(story.run({"-v", "pull"}));
  note(story.run({"--log-format", "json", "pull"}));
  note(story.run({"status", "--json"}));
  note(story.run({"list", "site", "--json"}));
  auto changed = fake_s3::reader();
  changed.secret_access_key = "another";
  story.server->set_users({changed});
  note(story.run({"-v", "pull"}));
  const auto secret = fake_s3::reader().secret_access_key;
  REQUIRE_FALSE(said.empty());
  CHECK_FALSE(story::contains(said, secret));
  for (const auto& [path, content] : story::files_below(story.dir.path())) {
    CAPTURE(path);
    CHECK(story::contains(content, secret) == (path == "credentials"));
  }
}

TEST_CASE("a pipe in the place of the status file keeps nobody waiting", "[stories]") {
  Story story;
  story.init();
  story.put("db.tar", "content");
  REQUIRE(story.pull().status == 0);
  REQUIRE(std::filesystem::remove(story.status_path()));
  REQUIRE(::mkfifo(story.status_path().c_str(), 0666) == 0);
  const auto shown = story.run({"status"});
  CHECK(shown.status == 0);
  CHECK(story::contains(shown.out, "the status file cannot be read"));
  CHECK(story::contains(shown.out, "it is not a regular file"));
  CHECK(story.run({"status", "--check"}).status == 3);
  const auto pulled = story.pull();
  CAPTURE(pulled.err);
  CHECK(pulled.status == 0);
  CHECK(story::contains(pulled.err, "is a pipe, not a file"));
  CHECK(std::filesystem::is_fifo(story.status_path()));
}
