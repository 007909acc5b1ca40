#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "agent/base/json_line.h"
#include "agent/base/log.h"
#include "agent/base/printable.h"
#include "agent/base/shell_word.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

using agent::printable;
using agent::printable_name;
using agent::shell_word;

namespace {

// Pieces that have been trouble somewhere.
const std::vector<std::string> kPieces = {"a",
                                          "b.tar",
                                          "/",
                                          " ",
                                          "-",
                                          "--",
                                          "\t",
                                          "\n",
                                          "\r",
                                          "\x1b[2J",
                                          "\x07",
                                          "\x01",
                                          "\x7f",
                                          "'",
                                          "\"",
                                          "\\",
                                          "\\x09",
                                          "\\t",
                                          "$",
                                          "$(touch x)",
                                          "`touch x`",
                                          "$'",
                                          "!",
                                          "!!",
                                          "~",
                                          "*",
                                          "?",
                                          "[a]",
                                          "{a,b}",
                                          ";",
                                          "&",
                                          "|",
                                          "<",
                                          ">",
                                          "#",
                                          "=",
                                          "%",
                                          "=a",
                                          ": holdfast ",
                                          ": holdfast accept site x",
                                          "\xC3\xA9",
                                          "e\xCC\x81",
                                          "\xE2\x80\xAE",
                                          "\xE2\x81\xA6",
                                          "\xE2\x80\x8B",
                                          "\xE2\x80\xA8",
                                          "\xC2\x85",
                                          "\xC2\x9B",
                                          "\xC2\xA0",
                                          "\xC2\xAD",
                                          "\xE3\x80\x80",
                                          "\xEF\xBB\xBF",
                                          "\xF3\xA0\x81\x81",
                                          "\xFF",
                                          "\xC3",
                                          "\xED\xA0\x80",
                                          "\xF0\x9F\x98\x80",
                                          "0",
                                          "1",
                                          "x41"};

std::string random_key(std::mt19937& random) {
  std::string key;
  for (auto left = 1 + random() % 6; left > 0; --left) key += kPieces[random() % kPieces.size()];
  return key;
}

std::vector<std::string> keys() {
  std::vector<std::string> all = kPieces;
  std::mt19937 random(17);
  for (int i = 0; i < 3000; ++i) all.push_back(random_key(random));
  for (int byte = 1; byte < 256; ++byte) {
    all.push_back(std::string(1, static_cast<char>(byte)));
    all.push_back("a" + std::string(1, static_cast<char>(byte)) + "1");
  }
  return all;
}

// What bash makes of each word.
std::vector<std::string> words_of(const std::vector<std::string>& lines) {
  const test::TempDir dir;
  std::string script = "set -o history -H\nt() { printf '%s\\0' \"$@\"; printf '\\0\\0'; }\n";
  for (const auto& line : lines) script += "t " + line + "\n";
  test::write_file(dir / "script", script);
  std::FILE* const pipe =
      ::popen(fmt::format("cd {0} && bash script 2>&1", dir.path()).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  std::array<char, 4096> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), got);
  REQUIRE(::pclose(pipe) == 0);
  CHECK_FALSE(std::filesystem::exists(dir / "x"));
  std::vector<std::string> words;
  while (!out.empty()) {
    const auto end = out.find(std::string(3, '\0'));
    REQUIRE(end != std::string::npos);
    words.push_back(out.substr(0, end));
    out.erase(0, end + 3);
  }
  return words;
}

}  // namespace

TEST_CASE("nothing that steers, turns or hides reaches a terminal", "[words]") {
  const std::pair<const char*, const char*> rows[] = {
      {"a\tb", "a\\x09b"},
      {"\x1b[2J", "\\x1B[2J"},
      {"\xC2\x9B", "\\xC2\\x9B"},                    // C1
      {"\xE2\x80\xAE", "\\xE2\\x80\\xAE"},           // right-to-left override
      {"\xE2\x81\xA6", "\\xE2\\x81\\xA6"},           // left-to-right isolate
      {"\xE2\x80\x8B", "\\xE2\\x80\\x8B"},           // zero width space
      {"\xE2\x80\xA8", "\\xE2\\x80\\xA8"},           // line separator
      {"\xC2\xA0", "\\xC2\\xA0"},                    // no-break space
      {"\xC2\xAD", "\\xC2\\xAD"},                    // soft hyphen
      {"\xD8\x9C", "\\xD8\\x9C"},                    // Arabic letter mark
      {"\xE3\x85\xA4", "\\xE3\\x85\\xA4"},           // Hangul filler
      {"\xEF\xB8\x8F", "\\xEF\\xB8\\x8F"},           // variation selector
      {"\xEF\xBB\xBF", "\\xEF\\xBB\\xBF"},           // byte order mark
      {"\xF3\xA0\x81\x81", "\\xF3\\xA0\\x81\\x81"},  // tag
      {"\xFF\xC3", "\\xFF\\xC3"},
      {"\xED\xA0\x80", "\\xED\\xA0\\x80"},           // a surrogate
      {"\xC0\x80", "\\xC0\\x80"},                    // overlong
      {"\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},  // beyond Unicode
      {"na\xC3\xAFve \xE6\x97\xA5 \xF0\x9F\x98\x80 e\xCC\x81",
       "na\xC3\xAFve \xE6\x97\xA5 \xF0\x9F\x98\x80 e\xCC\x81"}};
  for (const auto& [text, made] : rows) {
    CHECK(printable(text) == made);
    CHECK(printable(made) == made);
  }
  CHECK(printable("a\\x09b") == "a\\x09b");
  CHECK(printable_name("a\\x09b") == "a\\\\x09b");
}

TEST_CASE("two different keys never look alike, in a text or in JSON", "[words]") {
  std::set<std::string> all;
  std::set<std::string> texts;
  std::set<std::string> lines;
  for (const auto& key : keys()) {
    if (!all.insert(key).second) continue;
    CAPTURE(agent::hex_of_key(key));
    const auto text = printable_name(key);
    CHECK(texts.insert(text).second);
    CHECK(printable(text) == text);
    const auto line = agent::json_line({{"key", agent::JsonValue::of_key(key)}});
    CHECK(lines.insert(line).second);
    CHECK(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; }));
  }
}

TEST_CASE("JSON carries a key exactly", "[words]") {
  const auto line = [](std::string_view key) {
    return agent::json_line({{"key", agent::JsonValue::of_key(key)}});
  };
  CHECK(line("a\tb") == R"({"key":"a\tb"})");
  CHECK(line("a\\tb") == R"({"key":"a\\tb"})");
  CHECK(line("\xE2\x80\xAE\xC3\xA9") == R"({"key":"\u202e\u00e9"})");
  CHECK(line("a\xFF") == R"({"key":"a\\xFF","key_hex":"61ff"})");
  CHECK(agent::key_of_hex("61ff") == "a\xFF");
  for (const char* wrong : {"6", "6g", "-1", " 1", "61f"}) CHECK(agent::key_of_hex(wrong).empty());
}

TEST_CASE("a log line in JSON has the key as it is", "[words]") {
  std::string written;
  agent::Log log(agent::Log::Format::kJson, agent::Log::Verbosity::kNormal,
                 [&](const std::string& line) { written = line; });
  log.error({"site", "a\tb", "it\x1b failed"});
  CHECK(written == R"({"level":"error","source":"site","key":"a\tb","message":"it\\x1B failed"})");
}

TEST_CASE("a word for a shell is exactly that text when bash reads it, and runs nothing",
          "[words]") {
  std::vector<std::string> lines;
  const auto all = keys();
  for (const auto& key : all) {
    lines.push_back(shell_word(key));
    CHECK(printable(lines.back()) == lines.back());
  }
  const auto words = words_of(lines);
  REQUIRE(words.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(lines[i]);
    CHECK(words[i] == all[i]);
  }
  CHECK(shell_word("a b") == "'a b'");
  CHECK(shell_word("db/1.tar") == "db/1.tar");
  CHECK(shell_word("") == "''");
  CHECK(agent::shell_arguments("site", "odd/tab\tx") == "site $'odd/tab\\x09x'");
  CHECK(agent::shell_arguments("site", "-x") == "site -- -x");
  CHECK(agent::shell_arguments("site", "--\t") == "site -- $'--\\x09'");
}

TEST_CASE("the command that ends a message is found, whatever the names in it are", "[words]") {
  for (const auto& key : keys()) {
    const auto command = "holdfast accept " + agent::shell_arguments("site", key);
    const auto message =
        printable(fmt::format("it is in quarantine/{}. If it is right, take it: {}", key, command));
    CAPTURE(message);
    CHECK(message.substr(agent::find_command(message)) == command);
  }
  for (const char* none :
       {"", "nothing to do", "holdfast pull", "see: holdfast's page", "a: holdfast (b)"}) {
    CHECK(agent::find_command(none) == std::string_view(none).size());
  }
}
