#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "agent/config/config.h"
#include "agent/config/config_keys.h"
#include "agent/report/status_words.h"
#include "agent/status/status.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"
#include "tests/support/uploaded.h"

// What the manual says is what the program does.

namespace {

using Json = nlohmann::json;
using Names = std::set<std::string>;

// Every member with a value of its own, "[]" for the elements of a list.
void collect(const Json& json, const std::string& path, Names& found) {
  // Whose members are the levels that are in use.
  if (path.ends_with(".verified_by") || path.ends_with(".alarm_kinds")) {
    found.insert(path);
  } else if (json.is_object()) {
    for (const auto& [name, value] : json.items()) {
      collect(value, path.empty() ? name : path + "." + name, found);
    }
  } else if (json.is_array() && !json.empty() && !json.front().is_string()) {
    for (const auto& element : json) collect(element, path + "[]", found);
  } else {
    found.insert(path);
  }
}

// With something in each member that there can be.
agent::StatusReport full_status() {
  const agent::Time now{std::chrono::seconds{1'800'000'000}};
  agent::StatusReport status;
  status.exit_status = 1;
  status.started_at = status.finished_at = status.last_success_at = now;
  status.disk.weaker = {"a sentence"};
  status.disk.days.emplace_back();
  status.runs = {now};
  status.disks.emplace_back().newest = {{"site", "\xff", test::uploaded(now)}};
  agent::SourceStatus source;
  source.newest = agent::NewestArchive{"\xff", 1, test::uploaded(now), now};
  source.verified_by["size"] = 1;
  source.nights.emplace().emplace_back();
  auto& alarm = source.alarms.emplace_back();
  alarm.key = "\xff";
  status.sources = {source};
  status.drills.emplace_back().name = "site";
  status.errors = {{"site", "\xff", "message"}};
  return status;
}

struct Key {
  std::string section;
  std::string name;
  agent::KeyWords words;
};

template <typename Target>
void add(std::vector<Key>& keys, const std::string& section,
         std::span<const agent::KeyRule<Target>> rules) {
  for (const auto& rule : rules) keys.push_back({section, std::string(rule.name), rule.words});
}

std::vector<Key> all_keys() {
  std::vector<Key> keys;
  add(keys, "disk", agent::disk_rules());
  add(keys, "agent", agent::agent_rules());
  add(keys, "source", agent::source_rules());
  add(keys, "drill", agent::drill_rules());
  return keys;
}

agent::Config load(const std::string& disk, const std::string& more, const std::string& source,
                   const std::string& drill = "") {
  const test::TempDir dir;
  test::write_file(dir / "c",
                   fmt::format("[disk]\npath = /d\n{}[agent]\n{}[source s]\nbucket = b\n{}"
                               "[drill d]\nsource = s\n{}",
                               disk, more, source, drill));
  auto config = agent::load_config(dir / "c");
  CAPTURE(config ? "none" : config.error().message);
  REQUIRE(config);
  return *config;
}

// Everything that a key can set, in words.
std::string told(const agent::Config& c) {
  const auto& s = c.sources.at(0);
  const auto& d = c.drills.at(0);
  const auto seconds = [](const auto& t) { return t ? t->count() : -1; };
  auto text = fmt::format(
      "{} {} {} {} | {} {} {} {} {} {} {} | {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} "
      "{} {} {} "
      "{} {} | {} {} {}",
      c.disk.path, c.disk.require_mount, fmt::join(c.disk.ids, ","), c.disk.min_free_bytes,
      c.agent.status_file, c.agent.parallel, c.agent.limit_rate_bytes, c.agent.max_runtime.count(),
      c.agent.min_rate_bytes, c.agent.retries, c.agent.on_alarm, s.bucket, s.prefix, s.endpoint,
      s.region, static_cast<int>(s.addressing), s.allow_http, s.credentials_file, s.profile,
      s.ca_file, fmt::join(s.include, ","), fmt::join(s.exclude, ","), static_cast<int>(s.versions),
      static_cast<int>(s.on_change), s.tripwire_share.value_or(-1), s.tripwire_min, s.series.spec(),
      seconds(s.expect_every), s.min_size_bytes, s.shrink_alarm_share.value_or(-1), s.request_payer,
      s.keep.any(), s.scrub_every.count(), s.keep.last, c.agent.on_failure, c.agent.ping_url,
      c.agent.remind_every.count());
  text += fmt::format(" | {} {} {} {} {} | {} {} {} {} {}", seconds(c.disk.rotate_every),
                      c.agent.metrics_file, c.agent.html_file, static_cast<int>(s.soundness),
                      s.enabled, seconds(s.keep.within), s.keep.daily, s.keep.weekly,
                      s.keep.monthly, s.keep.yearly);
  text += fmt::format(" | {} {} {} {} {} {} {}", d.source, d.stream, d.every.count(), d.command,
                      d.timeout.count(), d.user, d.scratch);
  return text;
}

}  // namespace

TEST_CASE("each member of the status file is described, and nothing else", "[manual]") {
  Names written;
  collect(Json::parse(agent::to_json(full_status())), "", written);
  // What is not there is null.
  written.insert("sources[].newest");
  Names described;
  for (const auto& words : agent::status_words()) {
    CAPTURE(words.path);
    CHECK(words.meaning.ends_with("."));
    CHECK(described.insert(std::string(words.path)).second);
  }
  CHECK(written.size() > 40);
  CHECK(written == described);
}

TEST_CASE("each key that is taken is described in whole sentences", "[manual]") {
  const auto keys = all_keys();
  CHECK(keys.size() > 35);
  for (const auto& key : keys) {
    CAPTURE(key.name);
    if (key.words.meaning.empty()) {
      CHECK(key.name == "ping_url");
      continue;
    }
    CHECK(key.words.meaning.ends_with("."));
    CHECK_FALSE(key.words.form.empty());
    CHECK_FALSE(key.words.standard.empty());
  }
}

TEST_CASE("the default that the manual names is what holds without the key", "[manual]") {
  const Names not_values = {
      "required", "none", "empty", "everything", "nothing", "the system's", "AWS's for the region"};
  const auto without = told(load("", "", ""));
  std::size_t tried = 0;
  for (const auto& key : all_keys()) {
    const std::string standard(key.words.standard);
    if (standard.empty() || not_values.contains(standard)) continue;
    CAPTURE(key.name, standard);
    const auto line = fmt::format("{} = {}\n", key.name, standard);
    const auto with = load(key.section == "disk" ? line : "", key.section == "agent" ? line : "",
                           key.section == "source" ? line : "", key.section == "drill" ? line : "");
    CHECK(told(with) == without);
    ++tried;
  }
  CHECK(tried >= 18);
}

TEST_CASE("the words to choose from are all taken, and no other", "[manual]") {
  std::size_t tried = 0;
  for (const auto& key : all_keys()) {
    if (key.section != "source" || key.words.form.find('|') == std::string::npos) continue;
    std::string rest(key.words.form);
    while (!rest.empty()) {
      const auto word = rest.substr(0, rest.find('|'));
      rest.erase(0, std::min(rest.size(), word.size() + 1));
      CAPTURE(key.name, word);
      static_cast<void>(load("", "", fmt::format("{} = {}\n", key.name, word)));
      ++tried;
    }
  }
  CHECK(tried >= 10);
}
