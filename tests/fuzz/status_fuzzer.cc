#include "agent/base/printable.h"
#include "agent/report/status_text.h"
#include "agent/status/status.h"
#include "tests/fuzz/fuzz.h"

// A status file, which may be anybody's.

using fuzz::demand;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto text = fuzz::text_of(data, size_bytes);
  const auto status = agent::status_from_json(text);
  if (!status) {
    demand(!status.error().empty(), "what is wrong is said");
    demand(agent::printable(status.error()) == status.error(), "and fit to print", status.error());
    return 0;
  }
  const auto now = store::Time(std::chrono::seconds(1'800'000'000));
  auto report = agent::to_text(*status, now);
  while (!report.empty()) {
    std::string_view rest = report;
    const auto line = std::string(fuzz::next_line(rest));
    demand(agent::printable(line) == line, "a report is fit to print", line);
    report = std::string(rest);
  }
  const auto written = agent::to_json(*status);
  const auto again = agent::status_from_json(written);
  demand(again.has_value(), "what we write can be read", written);
  demand(agent::to_json(*again) == written, "and says the same", written);
  demand(again->sources.size() == status->sources.size(), "no source is lost", written);
  for (std::size_t at = 0; at < again->sources.size(); ++at) {
    const auto& newest = again->sources[at].newest;
    demand(!newest || newest->key == status->sources[at].newest->key, "a key is exact", written);
  }
  return 0;
}
