#include "agent/config/config.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

// Lines 1 to 4; what a test adds begins in line 5, inside [source site].
const std::string kGood = "[disk]\npath = /mnt/backup\n[source site]\nbucket = b\n";

tl::expected<agent::Config, agent::ConfigError> load(
    const std::string& text, agent::Purpose purpose = agent::Purpose::kNetwork) {
  const test::TempDir dir;
  test::write_file(dir / "holdfast.conf", text);
  auto config = agent::load_config(dir / "holdfast.conf", purpose);
  if (!config) {
    // Without the directory, which is another one each time.
    auto& message = config.error().message;
    const auto at = message.find(dir.path() + "/");
    REQUIRE(at == 0);
    message.erase(0, dir.path().size() + 1);
  }
  return config;
}

std::string error_of(const std::string& text) {
  const auto config = load(text);
  return config ? "none" : config.error().message;
}

}  // namespace

TEST_CASE("a configuration with the required keys only has the contract's defaults", "[config]") {
  const auto config = load(kGood);
  REQUIRE(config);
  CHECK(config->disk.path == "/mnt/backup");
  CHECK(config->disk.require_mount);
  CHECK(config->disk.ids.empty());
  CHECK(config->disk.min_free_bytes == std::uint64_t{1} << 30);
  CHECK(config->agent.status_file == "/var/lib/holdfast/status.json");
  CHECK(config->agent.parallel == 4);
  CHECK(config->agent.limit_rate_bytes == 0);
  CHECK(config->agent.max_runtime.count() == 0);
  CHECK(config->agent.retries == 5);
  CHECK(config->agent.on_alarm.empty());
  CHECK(config->agent.on_failure.empty());
  CHECK(config->agent.ping_url.empty());
  CHECK(config->agent.remind_every == std::chrono::days{7});
  REQUIRE(config->sources.size() == 1);
  const auto& source = config->sources[0];
  CHECK(source.name == "site");
  CHECK(source.bucket == "b");
  CHECK(source.prefix.empty());
  CHECK(source.endpoint.empty());
  CHECK(source.region == "us-east-1");
  CHECK(source.addressing == s3::Addressing::kAuto);
  CHECK_FALSE(source.allow_http);
  CHECK(source.credentials_file == "/etc/holdfast/credentials");
  CHECK(source.profile == "default");
  CHECK(source.ca_file.empty());
  CHECK(source.versions == agent::Versions::kCurrent);
  CHECK(source.on_change == agent::OnChange::kQuarantine);
  CHECK(source.tripwire_share == 0.2);
  CHECK(source.tripwire_min == 5);
  CHECK(source.series.spec() == "auto");
  CHECK_FALSE(source.expect_every);
  CHECK(source.scrub_every == std::chrono::days(30));
  CHECK(source.min_size_bytes == 0);
  CHECK_FALSE(source.shrink_alarm_share);
  CHECK_FALSE(source.request_payer);
  CHECK_FALSE(source.keep.any());
}

TEST_CASE("every key is taken", "[config]") {
  const auto config = load(
      "; a comment\n# another\n\n[disk]\npath = /d\nrequire_mount = off\nid = abc\nmin_free = 2G\n"
      "[agent]\nstatus_file = /s\nparallel = 16\nlimit_rate = 10M\nmax_runtime = 26h\nretries = 9\n"
      "on_alarm = mail -s \"$HOLDFAST_ALARM_KIND\" root && true # not part of it\n"
      "[source a-b_1]\nbucket = b ; not part of it\nprefix = p/\nendpoint = https://h:9000/\n"
      "allow_http = 1\nregion = r\naddressing = virtual\ncredentials_file = /c\nprofile = q\n"
      "ca_file = /ca\ninclude = *.tar, db/**\nexclude = *.tmp\nversions = all\n"
      "on_change = generations\ntripwire = 12.5%\ntripwire_min = 1\n"
      "series = ^([a-z]+)-[0-9]{4}\nexpect_every = 26h\nscrub_every = 2w\nmin_size = "
      "10K\nshrink_alarm = 50%\n"
      "request_payer = yes\nkeep_within = 30d\nkeep_last = 1\nkeep_daily = 2\nkeep_weekly = 3\n"
      "keep_monthly = 4\nkeep_yearly = 0\n"
      "[source second]\nbucket = c\naddressing = path\nversions = current\n"
      "on_change = quarantine\ntripwire = off\nseries = source\n"
      "[source third]\nbucket = d\ntripwire = 100%\nseries = auto\n",
      agent::Purpose::kDiskOnly);
  REQUIRE(config);
  CHECK_FALSE(config->disk.require_mount);
  CHECK(config->disk.ids == std::vector<std::string>{"abc"});
  CHECK(config->disk.min_free_bytes == std::uint64_t{2} << 30);
  CHECK(config->agent.status_file == "/s");
  CHECK(config->agent.parallel == 16);
  CHECK(config->agent.limit_rate_bytes == 10U << 20);
  CHECK(config->agent.max_runtime == std::chrono::hours(26));
  CHECK(config->agent.retries == 9);
  CHECK(config->agent.on_alarm == "mail -s \"$HOLDFAST_ALARM_KIND\" root && true");
  REQUIRE(config->sources.size() == 3);
  const auto& source = config->sources[0];
  CHECK(source.name == "a-b_1");
  CHECK(source.bucket == "b");
  CHECK(source.prefix == "p/");
  CHECK(source.endpoint == "https://h:9000/");
  CHECK(source.allow_http);
  CHECK(source.region == "r");
  CHECK(source.addressing == s3::Addressing::kVirtual);
  CHECK(source.credentials_file == "/c");
  CHECK(source.profile == "q");
  CHECK(source.ca_file == "/ca");
  CHECK(source.include == std::vector<std::string>{"*.tar", "db/**"});
  CHECK(source.exclude == std::vector<std::string>{"*.tmp"});
  CHECK(source.versions == agent::Versions::kAll);
  CHECK(source.on_change == agent::OnChange::kGenerations);
  CHECK(source.tripwire_share == 0.125);
  CHECK(source.tripwire_min == 1);
  CHECK(source.series.spec() == "^([a-z]+)-[0-9]{4}");
  CHECK(source.series.of("db-2026.tar") == "db");
  CHECK(source.expect_every == std::chrono::hours(26));
  CHECK(source.scrub_every == std::chrono::days(14));
  CHECK(source.min_size_bytes == 10'240);
  CHECK(source.shrink_alarm_share == 0.5);
  CHECK(source.request_payer);
  CHECK(source.keep == agent::RetentionRules{std::chrono::days(30), 1, 2, 3, 4, 0});
  const auto& second = config->sources[1];
  CHECK(second.addressing == s3::Addressing::kPath);
  CHECK(second.versions == agent::Versions::kCurrent);
  CHECK(second.on_change == agent::OnChange::kQuarantine);
  CHECK_FALSE(second.tripwire_share);
  CHECK(second.series.spec() == "source");
  CHECK(config->sources[2].tripwire_share == 1.0);
}

TEST_CASE("a command is not run from a file that others can write", "[config]") {
  const auto error = [](const std::string& text, mode_t mode, uid_t owner = ::geteuid()) {
    const test::TempDir dir;
    const auto path = dir / "holdfast.conf";
    test::write_file(path, text);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    if (owner != ::geteuid() && ::chown(path.c_str(), owner, ::getegid()) != 0) {
      WARN("SKIPPED: this user cannot give files away");
      owner = ::geteuid();
    }
    const auto config = agent::load_config(path);
    return config ? "none" : config.error().message.substr(path.size());
  };
  const std::string key = GENERATE("on_alarm", "on_failure");
  const auto with_command = kGood + "[agent]\n" + key + " = mail root\n";
  const std::string refused =
      ":6: " + key + ": refused, because users other than root and this one";
  for (const mode_t mode : {0600U, 0644U, 0640U, 0444U}) CHECK(error(with_command, mode) == "none");
  for (const mode_t mode : {0666U, 0602U, 0660U, 0777U}) {
    CAPTURE(mode);
    CHECK(error(with_command, mode).starts_with(refused));
    CHECK(error(kGood, mode) == "none");
  }
  if (::geteuid() == 0) CHECK(error(with_command, 0644, 1000).starts_with(refused));
}

TEST_CASE("include and exclude look at the key without the prefix", "[config]") {
  agent::SourceConfig source;
  source.prefix = "db/";
  CHECK(source.wants("db/1.tar"));
  source.include = {"*.tar"};
  CHECK(source.wants("db/1.tar"));
  CHECK_FALSE(source.wants("db/x/1.tar"));
  CHECK_FALSE(source.wants("db/1.tmp"));
  source.exclude = {"1*"};
  CHECK_FALSE(source.wants("db/1.tar"));
  CHECK(source.wants("db/2.tar"));
}

TEST_CASE("every mistake is told with its line and what to do", "[config]") {
  struct Case {
    std::string text;
    std::string message;
  };
  const std::string conf = "holdfast.conf:";
  const auto given = GENERATE_COPY(
      // Unknown names.
      Case{"[dist]\n", "1: there is no section [dist]; did you mean \"disk\"?"},
      Case{"[sorce site]\n", "1: there is no section [sorce site]; did you mean \"source\"?"},
      Case{"[something]\n", "1: there is no section [something]"},
      Case{"[source]\nbucket = b\n", "1: there is no section [source]; did you mean \"source\"?"},
      Case{kGood + "buckett = c\n",
           "5: [source site] has no key \"buckett\"; did you mean \"bucket\"?"},
      Case{kGood + "zzzzzzzz = c\n", "5: [source site] has no key \"zzzzzzzz\""},
      Case{kGood + "path = /x\n", "5: [source site] has no key \"path\""},
      Case{"[disk]\nmin-free = 1G\n",
           "2: [disk] has no key \"min-free\"; did you mean \"min_free\"?"},
      // Values.
      Case{"[disk]\npath = mnt\n", "2: path: the path has to begin with '/'"},
      Case{"[disk]\npath =\n", "2: path: the path has to begin with '/'"},
      Case{"[disk]\npath = /d\nrequire_mount = maybe\n",
           "3: require_mount: \"maybe\" is not yes or no"},
      Case{"[disk]\nmin_free = 1GB\n",
           "2: min_free: \"1GB\" is not a size (such as 512, 64K, 10M, 2G or 1T)"},
      Case{"[agent]\nparallel = 0\n", "2: parallel: \"0\" is not a number from 1 to 16"},
      Case{"[agent]\nparallel = 17\n", "2: parallel: \"17\" is not a number from 1 to 16"},
      Case{"[agent]\nretries = 0\n", "2: retries: \"0\" is not a number from 1 to 100"},
      Case{"[agent]\nmax_runtime = 5\n",
           "2: max_runtime: \"5\" is not a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or 2y)"},
      Case{"[agent]\nstatus_file = s\n", "2: status_file: the path has to begin with '/'"},
      Case{kGood + "addressing = host\n", "5: addressing: \"host\" is not auto, path or virtual"},
      Case{kGood + "versions = some\n", "5: versions: \"some\" is not current or all"},
      Case{kGood + "include = a,,b\n", "5: include: an empty pattern stands in the list"},
      Case{kGood + "exclude = [a\n", "5: exclude: \"[a\" is not a pattern"},
      Case{kGood + "region =\n", "5: region: \"\" is not a region; write it like eu-west-1"},
      Case{kGood + "region = eu west 1\n",
           "5: region: \"eu west 1\" is not a region; write it like eu-west-1"},
      Case{kGood + "addressing = virtual\nendpoint = https://127.0.0.1:9000\n",
           "5: addressing: \"b.127.0.0.1\" is not a host name: the bucket cannot be part of one "
           "with an IP address; write \"addressing = path\""},
      Case{
          kGood + "endpoint = http://[::1]\naddressing = virtual\n",
          "6: addressing: \"b.[::1]\" is not a host name: the bucket cannot be part of one with an "
          "IP address; write \"addressing = path\""},
      Case{"[disk]\npath = /d\n[source a]\nbucket = My_Bucket\naddressing = virtual\n",
           "5: addressing: \"My_Bucket.s3.us-east-1.amazonaws.com\" is not a host name: the bucket "
           "cannot be part of one with this name; write \"addressing = path\""},
      Case{kGood + "ca_file = /nonexistent/ca.pem\n",
           "5: ca_file: \"/nonexistent/ca.pem\" cannot be read: No such file or directory; name a "
           "PEM file with the CA's certificate, or remove the line for the system's"},
      Case{kGood + "ca_file =\n",
           "5: ca_file: \"\" cannot be read: No such file or directory; name a PEM file with the "
           "CA's certificate, or remove the line for the system's"},
      Case{kGood + "ca_file = /dev/null\n",
           "5: ca_file: \"/dev/null\" is not a regular file; name a PEM file with the CA's "
           "certificate, or remove the line for the system's"},
      Case{kGood + "endpoint = https://u:hunter2@h\n",
           "5: endpoint: an endpoint has no user and no password in it; they belong in "
           "credentials_file"},
      Case{kGood + "on_change = keep\n", "5: on_change: \"keep\" is not quarantine or generations"},
      Case{kGood + "tripwire = 20\n",
           "5: tripwire: \"20\" is neither a percentage above 0% and up to 100% (such as 20%) nor "
           "off"},
      Case{kGood + "tripwire_min = 0\n", "5: tripwire_min: \"0\" is not a number from 1"},
      Case{kGood + "expect_every = 26\n",
           "5: expect_every: \"26\" is not a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or 2y)"},
      Case{kGood + "expect_every = 0\n",
           "5: expect_every: \"0\" is not a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or 2y)"},
      Case{kGood + "min_size = small\n",
           "5: min_size: \"small\" is not a size (such as 512, 64K, 10M, 2G or 1T)"},
      Case{kGood + "shrink_alarm = off\n",
           "5: shrink_alarm: \"off\" is not a percentage above 0% and up to 100% (such as 20%)"},
      Case{kGood + "series = (a\n",
           "5: series: \"(a\" is not auto, source or a POSIX extended regular expression with a "
           "group: Unmatched ( or \\("},
      Case{kGood + "keep_last = all\n", "5: keep_last: \"all\" is not a number from 0 to 10000"},
      Case{kGood + "keep_within = 0\n",
           "5: keep_within: \"0\" is not a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or 2y)"},
      Case{kGood + "keep_within = 6m\n", "5: keep_within: \"6m\": minutes? write 6mo"},
      Case{kGood + "[agent]\nping_url = hc-ping.com/1\n",
           "6: ping_url: it has to be an address that begins with https:// (or http://)"},
      Case{kGood + "[agent]\nremind_every = weekly\n",
           "6: remind_every: \"weekly\" is not a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or "
           "2y)"},
      Case{kGood + "scrub_every = 0\n",
           "5: scrub_every: \"0\" is not a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or 2y)"},
      // What a later version will know.
      Case{"[agent]\nmetrics_file = m.prom\n", "2: metrics_file: the path has to begin with '/'"},
      Case{"[agent]\nhtml_file = page.html\n", "2: html_file: the path has to begin with '/'"},
      // Too little, too much.
      Case{"[disk]\n[source a]\nbucket = b\n", "1: [disk] needs \"path = DIRECTORY\""},
      Case{"[disk]\npath = /d\n[source a]\n[source b]\nbucket = b\n",
           "3: [source a] needs \"bucket = NAME\""},
      Case{"[source a]\nbucket = b\n",
           " the section [disk] is missing; it needs \"path = DIRECTORY\""},
      Case{"", " the section [disk] is missing; it needs \"path = DIRECTORY\""},
      Case{"[disk]\npath = /d\n", " there is no [source NAME]; add one with its bucket"},
      Case{kGood + "bucket = c\n", "5: \"bucket\" is given twice; the first is in line 4"},
      Case{kGood + "[source site]\nbucket = c\n",
           "5: [source site] is given twice; the first is in line 3"},
      Case{kGood + "[source  site]\nbucket = c\n", "5: source \"site\" is given twice"},
      Case{kGood + "[disk]\npath = /e\n", "5: [disk] is given twice; the first is in line 1"},
      // Form.
      Case{"path = /d\n[disk]\n", "1: \"path\" stands before the first [section]"},
      Case{kGood + "what is this\n", "5: neither a [section] nor \"key = value\""},
      Case{"[disk\npath = /d\n", "1: the section's heading has no ']'"});
  CAPTURE(given.text);
  CHECK(error_of(given.text) == conf + given.message);
}

TEST_CASE("http is for this machine, or where it is allowed", "[config]") {
  const auto error = [](const std::string& endpoint, const std::string& more = "") {
    return error_of(fmt::format("{}endpoint = {}\n{}", kGood, endpoint, more));
  };
  for (const char* good :
       {"https://s3.example.org", "https://s3.example.org:9000", "https://[2001:db8::1]:9000/",
        "https://nas/s3/", "https://p.supabase.co/storage/v1/s3", "http://localhost:9000",
        "http://127.0.0.1", "http://127.255.0.3:80/", "http://[::1]:9000"}) {
    CAPTURE(good);
    CHECK(error(good) == "none");
  }
  for (const char* clear :
       {"http://s3.example.org", "http://127.example.org", "http://localhost.example.org",
        "http://128.0.0.1", "http://[2001:db8::1]", "http://10.0.0.1:9000",
        "http://127.0.0.1.nip.io"}) {
    CAPTURE(clear);
    CHECK(error(clear).starts_with("holdfast.conf:5: endpoint: http:// would send everything"));
    CHECK(error(clear, "allow_http = yes\n") == "none");
  }
  for (const char* wrong : {"s3.example.org", "ftp://h", "https://", "https://h//b", "https://h?x",
                            "https://h:", "https://h:0", "https://h:65536", "http://127.0.0.1:0",
                            "https://h:9000x", "https://h/a b"}) {
    CAPTURE(wrong);
    CHECK(error(wrong).starts_with("holdfast.conf:5: endpoint: \""));
  }
  CHECK(error("http://127.0.0.1@evil.example").starts_with("holdfast.conf:5: endpoint: "));
}

TEST_CASE("what only the network needs is not asked for where only the disk is read", "[config]") {
  const auto text = kGood + "ca_file = /nonexistent/ca.pem\n";
  CHECK_FALSE(load(text));
  CHECK(load(text, agent::Purpose::kDiskOnly));
}

TEST_CASE("the name of a source is short, and safe as a directory", "[config]") {
  const auto error = [](const std::string& name) {
    return error_of(fmt::format("[disk]\npath = /d\n[source {}]\nbucket = b\n", name));
  };
  CHECK(error("a") == "none");
  CHECK(error("0_-") == "none");
  CHECK(error(std::string(64, 'a')) == "none");
  for (const std::string& wrong :
       {std::string(65, 'a'), std::string("Site"), std::string("_a"), std::string("-a"),
        std::string(".holdfast"), std::string("a/b"), std::string(".."), std::string("a b"),
        std::string("\xc3\xa9")}) {
    CAPTURE(wrong);
    CHECK(error(wrong).starts_with("holdfast.conf:3: \"" + wrong + "\" cannot name a source"));
  }
  // Two long names that begin alike are two sources.
  const std::string longer(60, 'a');
  const auto config = load(fmt::format(
      "[disk]\npath = /d\n[source {0}b]\nbucket = b\n[source {0}c]\nbucket = c\n", longer));
  REQUIRE(config);
  CHECK(config->sources[0].name == longer + "b");
  CHECK(config->sources[1].bucket == "c");
}

TEST_CASE("a bucket's name cannot smuggle in a path", "[config]") {
  CHECK(error_of("[disk]\npath = /d\n[source a]\nbucket = a/b\n") ==
        "holdfast.conf:4: bucket: \"a/b\" has a folder in it; write \"bucket = a\" and "
        "\"prefix = b/\"");
  for (const char* wrong : {"a?b", "a#b", "a b", ".", ".."}) {
    CAPTURE(wrong);
    CHECK(error_of(fmt::format("[disk]\npath = /d\n[source a]\nbucket = {}\n", wrong)) ==
          fmt::format("holdfast.conf:4: \"{}\" cannot be a bucket's name", wrong));
  }
}

TEST_CASE("editors' and other systems' habits are no mistakes", "[config]") {
  CHECK(error_of("\xEF\xBB\xBF" + kGood) == "none");
  const auto config = load("[disk]\r\npath = /d\r\n\r\n[source a]\r\nbucket = b\r\n");
  REQUIRE(config);
  CHECK(config->disk.path == "/d");
  CHECK(config->sources[0].bucket == "b");
  // An indented line is a line of its own, and a last line needs no end.
  const auto indented = load("[disk]\n  path = /d\n [source a]\n  bucket = b\n  prefix=p");
  REQUIRE(indented);
  CHECK(indented->sources[0].prefix == "p");
}

TEST_CASE("a comment begins at the line's beginning or after a blank, and nowhere else",
          "[config]") {
  struct Case {
    std::string line;
    std::string prefix;
  };
  const auto given = GENERATE(
      Case{"prefix = a # b", "a"}, Case{"prefix = a ; b", "a"}, Case{"prefix = a\t# b", "a"},
      Case{"prefix = a\t; b", "a"}, Case{"prefix = a   #", "a"}, Case{"prefix = a #b # c ; d", "a"},
      Case{"prefix = a#b", "a#b"}, Case{"prefix = a;b", "a;b"}, Case{"prefix = a#", "a#"},
      Case{"prefix = a#b # c", "a#b"}, Case{"prefix = a;b#c d", "a;b#c d"}, Case{"prefix = #a", ""},
      Case{"prefix =#a", "#a"}, Case{"prefix =;a", ";a"}, Case{"prefix = # = a", ""},
      Case{"prefix = a # \"b\"", "a"}, Case{"# prefix = a", ""}, Case{"; prefix = a", ""},
      Case{"  # prefix = a", ""}, Case{"\t; prefix = a", ""}, Case{"prefix = a # [source b]", "a"},
      Case{"# [source b", ""}, Case{"prefix = \xc3\xa9# # \xc3\xa9", "\xc3\xa9#"});
  const std::string end = GENERATE("\n", "\r\n", "");
  CAPTURE(given.line, end);
  const auto config = load(kGood + given.line + end);
  REQUIRE(config);
  REQUIRE(config->sources.size() == 1);
  CHECK(config->sources[0].prefix == given.prefix);
}

TEST_CASE("whatever a value is made of, it is taken up to its comment", "[config]") {
  const std::string_view alphabet = "a#; \t=[]";
  std::string value;
  std::size_t tried = 0;
  for (std::size_t number = 0; number < 8 * 8 * 8 * 8; ++number, ++tried) {
    value.clear();
    for (std::size_t rest = number; rest > 0; rest /= 8) value += alphabet[rest % 8];
    std::string expected = " " + value;
    for (std::size_t at = 1; at < expected.size(); ++at) {
      const bool after_blank = expected[at - 1] == ' ' || expected[at - 1] == '\t';
      if (after_blank && (expected[at] == '#' || expected[at] == ';')) expected.resize(at);
    }
    const auto first = expected.find_first_not_of(" \t");
    expected = first == std::string::npos
                   ? ""
                   : expected.substr(first, expected.find_last_not_of(" \t") - first + 1);
    CAPTURE(value);
    const auto config = load(kGood + "prefix = " + value + "\n");
    REQUIRE(config);
    REQUIRE(config->sources[0].prefix == expected);
  }
  CHECK(tried == 4096);
}

TEST_CASE("a heading may have a comment behind it", "[config]") {
  const auto config = load("[disk] # the USB disk\npath = /d\n[source a] ; the site\nbucket = b\n");
  REQUIRE(config);
  CHECK(config->sources[0].name == "a");
}

TEST_CASE("a line may be long, but not for ever", "[config]") {
  const std::string prefix(4000, 'x');
  const auto config = load(kGood + "prefix = " + prefix + "\nregion = r\n");
  REQUIRE(config);
  CHECK(config->sources[0].prefix == prefix);
  CHECK(config->sources[0].region == "r");
  CHECK(error_of(kGood + "prefix = " + std::string(5000, 'x') + "\nregion = r\n") ==
        "holdfast.conf:5: the line is longer than 4096 bytes");
}

TEST_CASE("a file that cannot be read is named", "[config]") {
  const auto config = agent::load_config("/nonexistent/holdfast.conf");
  REQUIRE_FALSE(config);
  CHECK(config.error().message.starts_with(
      "/nonexistent/holdfast.conf: cannot be read: No such file or directory; name the right"));
}

TEST_CASE("the command line names the file before the environment does", "[config]") {
  CHECK(agent::config_path("/c") == "/c");
  ::setenv("HOLDFAST_CONFIG", "/e", 1);
  CHECK(agent::config_path("/c") == "/c");
  CHECK(agent::config_path("") == "/e");
  ::unsetenv("HOLDFAST_CONFIG");
  CHECK(agent::config_path("") == "/etc/holdfast/holdfast.conf");
}

TEST_CASE("two disks can take turns, and no third", "[config]") {
  const auto with = [](const std::string& lines) {
    return load("[disk]\npath = /d\n" + lines + "[source s]\nbucket = b\n");
  };
  const auto two = with("id = 1-a, 2-b\nrotate_every = 4w\n");
  REQUIRE(two);
  CHECK(two->disk.ids == std::vector<std::string>{"1-a", "2-b"});
  CHECK(two->disk.rotates());
  CHECK(two->disk.rotate_every == std::chrono::days(28));
  const auto one = with("id = 1-a\n");
  REQUIRE(one);
  CHECK_FALSE(one->disk.rotates());
  CHECK(with("id =\n")->disk.ids.empty());

  struct Row {
    const char* lines;
    const char* message;
  };
  const auto row = GENERATE(
      Row{"id = a, b, c\n", ":3: id: 3 disks are named, but only two can take turns; remove one"},
      Row{"id = a, b, c, d\n",
          ":3: id: 4 disks are named, but only two can take turns; remove the others"},
      Row{"id = a, a\n", ":3: id: the id a is given twice"},
      Row{"id = a,\n", ":3: id: an id is missing before or after a comma"},
      Row{"id = , a\n", ":3: id: an id is missing before or after a comma"},
      Row{"id = a\nrotate_every = 4w\n",
          ":4: rotate_every: only two disks can take turns; name both, \"id = ID, ID\", or remove "
          "this line"},
      Row{"id = a, b\nrotate_every = 0\n", ":4: rotate_every: \"0\" is not a duration"},
      Row{"ids = a, b\n", ":3: [disk] has no key \"ids\"; did you mean \"id\""});
  CAPTURE(row.lines);
  const auto refused = with(row.lines);
  REQUIRE_FALSE(refused);
  CAPTURE(refused.error().message);
  CHECK(refused.error().message.find(row.message) != std::string::npos);
}
