#include "agent/base/printable.h"
#include "agent/run/carried_file.h"
#include "tests/fuzz/fuzz.h"

// What one of two disks left for the other, which may be anybody's.

using fuzz::demand;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto text = fuzz::text_of(data, size_bytes);
  auto written = agent::head_of_words("id");
  std::size_t count = 0;
  const auto read = agent::read_words(text, "id", [&](const store::Word& word) {
    demand(!word.source.empty(), "a word is of a source");
    const auto line = agent::line_of(word);
    demand(!line.empty() && line.find('\n') == line.size() - 1, "it is one line", line);
    written += line;
    ++count;
    return true;
  });
  if (!read) {
    demand(!read.error().empty(), "what is wrong is said");
    demand(agent::printable(read.error()) == read.error(), "and fit to print", read.error());
  }
  std::size_t again = 0;
  std::string same = agent::head_of_words("id");
  const auto reread = agent::read_words(written, "id", [&](const store::Word& word) {
    same += agent::line_of(word);
    ++again;
    return true;
  });
  demand(reread.has_value(), "what we write can be read", written);
  demand(again == count && same == written, "and says the same", written);
  return 0;
}
