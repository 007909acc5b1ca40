#include "agent/custody/drill_environment.h"

#include "agent/base/printable.h"
#include "agent/base/units.h"

namespace agent {

std::vector<std::pair<std::string, std::string>> drill_environment(const DrillConfig& drill,
                                                                   const DrillSet& set,
                                                                   const store::Scratch& scratch,
                                                                   const std::string& user,
                                                                   const Environment& environment) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
      {"HOME", scratch.work()},
      {"TMPDIR", scratch.work()},
      {"USER", user},
      {"LOGNAME", user},
      {"SHELL", "/bin/sh"},
      {"LANG", "C.UTF-8"},
      {"HOLDFAST_DRILL_NAME", drill.name},
      {"HOLDFAST_DRILL_SOURCE", drill.source},
      {"HOLDFAST_DRILL_STREAM", printable_name(set.stream)},
      {"HOLDFAST_DRILL_SET_TIME", format_time(store::at_its_word(set.made))},
      {"HOLDFAST_DRILL_DIRECTORY", scratch.restored()},
      {"HOLDFAST_DRILL_WORK", scratch.work()},
      {"HOLDFAST_DRILL_FILES", scratch.list()}};
  if (const auto zone = environment.variable("TZ")) all.emplace_back("TZ", *zone);
  return all;
}

}  // namespace agent
