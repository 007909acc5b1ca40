#include <fmt/format.h>

#include <array>

#include "agent/base/glob.h"
#include "agent/config/config_keys.h"
#include "agent/config/config_setters.h"

namespace agent {

std::span<const KeyRule<DrillConfig>> drill_rules() {
  using D = DrillConfig;
  static const std::array<KeyRule<D>, 7> kRules = {{
      {"source",
       {"NAME", "required", "The source whose backups are restored."},
       [](D& d, const std::string& v) { return set_text(d.source, v); }},
      {"stream",
       {"GLOB", "none",
        "Which of its streams: a glob on the name of the stream, which is the key with its time "
        "replaced, such as `db-{YYYY-MM-DD}.sql.gz`; `db-*` will do. Needed where the source has "
        "several."},
       [](D& d, const std::string& v) -> Complaint {
         if (!glob_is_valid(v)) return fmt::format("\"{}\" is not a pattern", v);
         return set_text(d.stream, v);
       }},
      {"every",
       {"DURATION", "30d",
        "Raise the alarm `drill` when the last success is older than this. `holdfast drill --due` "
        "runs it early enough, also where it comes only once a day."},
       [](D& d, const std::string& v) { return set_period(d.every, v); }},
      {"command",
       {"COMMAND", "none",
        "A command line for /bin/sh that is run over what was restored, see RESTORE DRILLS in "
        "holdfast(1); it succeeds with exit status 0. Without one, what was restored is walked "
        "through to its end, as far as this holdfast can open it."},
       [](D& d, const std::string& v) { return set_text(d.command, v); }},
      {"timeout",
       {"DURATION", "1h", "How long the command may take; then all of it is killed."},
       [](D& d, const std::string& v) { return set_period(d.timeout, v); }},
      {"user",
       {"NAME", "none",
        "The user that the command runs as, where holdfast is root; without this line that is "
        "`nobody`."},
       [](D& d, const std::string& v) { return set_text(d.user, v); }},
      {"scratch",
       {"PATH", "none",
        "The directory below which the backup is restored for a while; without this line that of "
        "the mirror. There, too, `min_free` stays free."},
       [](D& d, const std::string& v) { return set_path(d.scratch, v); }},
  }};
  return kRules;
}

}  // namespace agent
