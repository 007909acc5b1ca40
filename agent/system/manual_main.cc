#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "agent/system/manual.h"

// holdfast-manual TEMPLATES OUT DATE: writes the pages of the manual, from TEMPLATES/*.md, and what
// the shells complete. Runs at build time and is not installed.

namespace {

namespace fs = std::filesystem;

bool write(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (file.flush()) return true;
  std::fprintf(stderr, "holdfast-manual: cannot write %s\n", path.c_str());
  return false;
}

bool write_pages(const fs::path& templates, const fs::path& out, const char* date) {
  const auto program = agent::program_words();
  for (const auto& entry : fs::directory_iterator(templates)) {
    if (entry.path().extension() != ".md") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const auto page = agent::fill_in_page(text.str(), program, date);
    if (!write(out / entry.path().stem(), page)) return false;
  }
  return write(out / "holdfast.bash", agent::bash_completion(program)) &&
         write(out / "_holdfast", agent::zsh_completion(program));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "holdfast-manual TEMPLATES OUT DATE\n");
    return 64;
  }
  return write_pages(argv[1], argv[2], argv[3]) ? 0 : 1;
}
