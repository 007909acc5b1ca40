#include <fmt/format.h>

#include <sstream>

#include "agent/config.h"
#include "agent/init_config.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

// The indented blocks of the page that have a [section].
std::vector<std::string> examples_in(const std::string& page) {
  std::vector<std::string> examples;
  std::string block;
  bool has_section = false;
  std::istringstream lines(page + "\n\nend\n");
  for (std::string line; std::getline(lines, line);) {
    const auto text_at = line.find_first_not_of(' ');
    const bool is_in_block = text_at == std::string::npos || text_at >= 4;
    if (is_in_block) {
      const auto text = line.substr(std::min(line.size(), text_at));
      has_section = has_section || text.starts_with("[disk]") || text.starts_with("[agent]") ||
                    text.starts_with("[source ");
      block += text + "\n";
      continue;
    }
    if (has_section) examples.push_back(block);
    block.clear();
    has_section = false;
  }
  return examples;
}

// What an example leaves to the reader.
std::string completed(std::string example) {
  if (example.find("[disk]") == std::string::npos) example += "[disk]\npath = /mnt/backup\n";
  if (example.find("[source ") == std::string::npos) example += "[source x]\nbucket = b\n";
  if (example.find("bucket") == std::string::npos) {
    const auto heading = example.find("[source ");
    example.insert(example.find('\n', heading) + 1, "bucket = b\n");
  }
  return example;
}

}  // namespace

TEST_CASE("every example of a configuration in the README passes the checks", "[config]") {
  const auto examples = examples_in(test::read_file(HOLDFAST_SOURCES "/README.md"));
  CHECK(examples.size() >= 2);
  for (const auto& example : examples) {
    CAPTURE(example);
    const test::TempDir dir;
    test::write_file(dir / "holdfast.conf", completed(example));
    const auto config = agent::load_config(dir / "holdfast.conf", agent::Purpose::kDiskOnly);
    CHECK((config ? "none" : config.error().message) == "none");
  }
}

TEST_CASE("the example that is installed passes the checks, but for its blanks", "[config]") {
  const auto text = test::read_file(HOLDFAST_SOURCES "/deploy/etc/holdfast.conf");
  CHECK(agent::example_config() == text);
  const test::TempDir dir;
  const auto path = dir / "holdfast.conf";
  const auto error = [&](std::string example, std::initializer_list<const char*> filled) {
    for (const std::string blank : filled) {
      const auto at = example.find("\n" + blank + " =\n");
      REQUIRE(at != std::string::npos);
      example.insert(at + blank.size() + 3, blank == "path" ? " /mnt/backup" : " b");
    }
    test::write_file(path, example);
    const auto config = agent::load_config(path);
    return config ? "none" : config.error().message.substr(path.size());
  };
  CHECK(error(text, {}) == ":5: path: the path has to begin with '/'");
  CHECK(error(text, {"path"}) == ":16: [source site] needs \"bucket = NAME\"");
  CHECK(error(text, {"path", "bucket"}) == "none");
  CHECK(error(text, {"path", "bucket", "id"}) == "none");

  // What is commented out is ready to use.
  std::istringstream lines(text);
  std::string all;
  const std::string_view setting = " = ";
  for (std::string line; std::getline(lines, line);) {
    const bool is_setting = line.starts_with("# ") && line.find(setting) != std::string::npos;
    all += (is_setting ? line.substr(2) : line) + "\n";
  }
  CHECK(error(all, {"path", "bucket"}) == "none");
}
