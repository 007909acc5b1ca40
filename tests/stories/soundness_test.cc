#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/stories/story.h"
#include "tests/support/catch.h"

// Whether what comes every night is a backup: the real program by its defaults, what real tools
// make, and a clock that is shifted. HOLDFAST_NIGHTS says how many healthy nights there are before
// the trouble: with 275 it is a year.

using story::contains;
using story::Story;
using story::Words;
using namespace std::chrono_literals;

namespace {

int healthy_nights() {
  const char* const given = std::getenv("HOLDFAST_NIGHTS");
  return given == nullptr ? 18 : std::max(18, std::atoi(given));
}

class Nights : public Story {
 public:
  Nights() {
    looks = true;
    agent_options = fmt::format(
        "retries = 3\nremind_every = 0\non_alarm = echo \"$HOLDFAST_ALARM_KIND\" >> {}\n",
        dir / "hooks");
    sources[story::kSource] = "keep_last = 14\nkeep_daily = 7\n";
    init();
  }

  // What a command makes of tonight's dump.
  std::string made_by(const std::string& command) const {
    test::write_file(
        dir / "dump.sql",
        fmt::format("-- MariaDB dump 10.19\nINSERT INTO t VALUES ({},'{}');\n"
                    "-- Dump completed on night {}\n",
                    nights, story::noise(static_cast<std::uint64_t>(nights), 3'000), nights));
    const auto line = fmt::format("cd {} && ({}) <dump.sql >made", std::string(dir / ""), command);
    REQUIRE(std::system(line.c_str()) == 0);
    return test::read_file(dir / "made");
  }

  std::string key(const std::string& stream = "db") const {
    const std::chrono::year_month_day day{first_day_ + std::chrono::days{nights}};
    return fmt::format("{}/{}-{:02}-{:02}.sql.gz", stream, static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  }

  void next() {
    ++nights;
    let_pass(24h);
  }
  test::Finished night(const std::string& command) {
    next();
    put(key(), made_by(command));
    return pull();
  }
  void healthy(const std::string& command, int count) {
    for (int i = 0; i < count; ++i) {
      const auto pulled = night(command);
      CAPTURE(nights, pulled.err);
      REQUIRE(pulled.status == 0);
      REQUIRE(pulled.err.empty());
    }
  }

  // The kinds of the alarms that a person was told of, in their order.
  Words hooks() const {
    Words kinds;
    std::ifstream file(dir / "hooks");
    for (std::string line; std::getline(file, line);) kinds.push_back(line);
    return kinds;
  }

  int nights = 0;

 private:
  const std::chrono::sys_days first_day_ =
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
};

}  // namespace

TEST_CASE("dumps that are silently broken for ninety nights push out none of the good ones",
          "[stories][soundness]") {
  const bool is_acknowledged = GENERATE(false, true);
  CAPTURE(is_acknowledged);
  Nights story;
  story.healthy("gzip", healthy_nights());
  const auto last_good = story.key();
  const auto good = story.archives();
  REQUIRE(good.size() == 14);

  for (int broken = 1; broken <= 90; ++broken) {
    CAPTURE(broken);
    const auto pulled = story.night("gzip | head -c 15");
    REQUIRE(pulled.status == 1);
    // The alarm came in the first night.
    if (broken == 1) {
      CHECK(contains(pulled.err, "it is gzip, but its end is missing"));
      CHECK(story.alarm_kinds() == Words{"unsound"});
      CHECK(story.hooks() == Words{"unsound"});
      CHECK(story.run({"status", "--check"}).status == 1);
    }
    if (!is_acknowledged) continue;
    // Somebody who acknowledges and mends nothing must not lose them either.
    REQUIRE(story.run({"ack", story::kSource}).status == 0);
    REQUIRE(story.run({"prune"}).status == 0);
  }
  // On the ninety-first morning.
  const auto held = story.archives();
  CHECK(std::ranges::includes(held, good));
  CHECK(held.contains(last_good));
  CHECK(held.size() == good.size() + (is_acknowledged ? 14 : 90));
  CHECK(contains(story.run({"prune", "--dry-run"}).out, "unsound: takes no place in the rules"));
  const auto to = story.dir / "restored";
  std::filesystem::create_directory(to);
  const auto restored = story.run({"restore", story::kSource, last_good, "--to", to});
  CAPTURE(restored.err);
  REQUIRE(restored.status == 0);
  CHECK(test::read_file(to + "/" + last_good) == good.at(last_good));

  // The job is mended: the alarm ends by itself, and what was broken goes in time.
  REQUIRE(story.night("gzip").status == 0);
  CHECK(story.alarm_kinds().empty());
  story.healthy("gzip", 16);
  for (int i = 0; i < 12; ++i) REQUIRE(story.run({"prune"}).status == 0);
  CHECK(story.archives().size() == 14);
  CHECK(story::check_sums(story).status == 0);
}

TEST_CASE("what is encrypted on the server, and uploaded under new names, is found that night",
          "[stories][soundness]") {
  Nights story;
  const bool are_two = GENERATE(false, true);
  CAPTURE(are_two);
  const auto night = [&](const std::string& command) {
    story.next();
    for (const auto* const stream : {"db", "www"}) {
      const bool is_hit = are_two || std::string_view(stream) == "db";
      story.put(story.key(stream), story.made_by(is_hit ? command : "gzip"));
    }
    return story.pull();
  };
  for (int i = 0; i < 5; ++i) REQUIRE(night("gzip").status == 0);
  const auto before = story.archives();
  const auto pulled = night("gzip | openssl enc -aes-256-cbc -pbkdf2 -k secret");
  CHECK(pulled.status == 1);
  CHECK(contains(pulled.err, "the last ones were gzip, but this one is encrypted by openssl"));
  const auto& kinds = story.alarm_kinds();
  CHECK(kinds == (are_two ? Words{"mass-change", "unsound", "unsound"} : Words{"unsound"}));
  CHECK(story.source_status().at("hold") == are_two);
  CHECK(story.run({"status", "--check"}).status == (are_two ? 2 : 1));
  CHECK(std::ranges::includes(story.archives(), before));
}

TEST_CASE("an owner who changes the form of his backups is asked once", "[stories][soundness]") {
  struct Row {
    const char* to;
    const char* what;
  };
  const auto row = GENERATE(
      Row{"gzip | zstd -q", "zstd"}, Row{"gzip | age -r $(cat key.pub)", "encrypted by age"},
      Row{"gzip | gpg --batch -q --homedir . --passphrase x --pinentry-mode loopback -c",
          "encrypted by GnuPG"});
  CAPTURE(row.what);
  Nights story;
  const auto made = fmt::format(
      "cd {} && chmod 700 . && age-keygen 2>/dev/null | sed -n 's/^# "
      "public key: //p' >key.pub",
      std::string(story.dir / ""));
  REQUIRE(std::system(made.c_str()) == 0);
  story.healthy("gzip", 5);
  const auto changed = story.night(row.to);
  CHECK(changed.status == 1);
  CHECK(contains(changed.err, fmt::format("but this one is {}", row.what)));
  CHECK(story.night(row.to).status == 1);
  CHECK(story.hooks() == Words{"unsound"});
  REQUIRE(story.run({"ack", story::kSource}).status == 0);
  story.healthy(row.to, healthy_nights());
  CHECK(story.hooks() == Words{"unsound"});
  // What came before the answer counts as well.
  CHECK(story.archives().size() == 14);
}
