#include <fmt/format.h>

#include <sstream>

#include "agent/commands/init_config.h"
#include "agent/config/config.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

namespace {

// Of a page in Markdown: what stands between ```ini and ```, and what is indented, where there is a
// [section] in it.
class Examples {
 public:
  explicit Examples(const std::string& page) {
    std::istringstream lines(page + "\nend\n");
    for (std::string line; std::getline(lines, line);) read_section(line);
  }
  std::vector<std::string> found;

 private:
  void read_section(const std::string& line) {
    const auto at = line.find_first_not_of(' ');
    const auto text = at == std::string::npos ? "" : line.substr(at);
    if (text.starts_with("```")) {
      end_block();
      fenced_ = !fenced_ && text == "```ini";
    } else if (fenced_ || text.empty() || at >= 4) {
      has_section_ = has_section_ || text.starts_with("[disk]") || text.starts_with("[agent]") ||
                     text.starts_with("[source ") || text.starts_with("[drill ");
      block_ += text + "\n";
    } else {
      end_block();
    }
  }
  void end_block() {
    if (has_section_) found.push_back(block_);
    block_.clear();
    has_section_ = false;
  }

  std::string block_;
  bool fenced_ = false;
  bool has_section_ = false;
};

// What an example leaves to the reader.
std::string completed(std::string example) {
  if (example.find("[disk]") == std::string::npos) example += "[disk]\npath = /mnt/backup\n";
  if (example.find("[source ") == std::string::npos) example += "[source site]\nbucket = b\n";
  if (example.find("bucket") == std::string::npos) {
    const auto heading = example.find("[source ");
    example.insert(example.find('\n', heading) + 1, "bucket = b\n");
  }
  return example;
}

}  // namespace

TEST_CASE("every example of a configuration in the README and the manual passes the checks",
          "[config]") {
  const std::string page =
      GENERATE("README.md", "deploy/man/holdfast.1.md", "deploy/man/holdfast.conf.5.md");
  CAPTURE(page);
  const auto examples = Examples(test::read_file(HOLDFAST_SOURCES "/" + page)).found;
  CHECK_FALSE(examples.empty());
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
    const bool is_setting = line.starts_with("# [") ||
                            (line.starts_with("# ") && line.find(setting) != std::string::npos);
    all += (is_setting ? line.substr(2) : line) + "\n";
  }
  CHECK(error(all, {"path", "bucket"}) == "none");
}
