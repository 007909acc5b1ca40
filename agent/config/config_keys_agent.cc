#include <array>
#include <utility>

#include "agent/config/config_keys.h"
#include "agent/config/config_setters.h"
#include "agent/config/ping_url.h"

namespace agent {

std::span<const KeyRule<Config>> agent_rules() {
  static const std::array<KeyRule<Config>, 12> kRules = {{
      {"status_file",
       {"PATH", "/var/lib/holdfast/status.json",
        "Where the status goes, see holdfast-status(5); its directory is made if it is missing."},
       [](Config& c, const std::string& v) { return set_path(c.agent.status_file, v); }},
      {"parallel",
       {"NUMBER", "4",
        "How many downloads run at once, 1 to 16. Where fewer archives are left than that, a large "
        "one that is slow to come is fetched in several ranges at once."},
       [](Config& c, const std::string& v) { return set_count(c.agent.parallel, v, 1, 16); }},
      {"limit_rate",
       {"SIZE", "0", "Bytes per second over all downloads together; 0 means no limit."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.agent.limit_rate_bytes, parse_size(v), v, kSizeForm);
       }},
      {"max_runtime",
       {"DURATION", "0",
        "After this long nothing new is started, and a minute later what is under way is ended; "
        "the next run resumes it, and 0 means no limit."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.agent.max_runtime, parse_duration(v), v, kDurationForm);
       }},
      {"min_rate",
       {"SIZE", "1K",
        "A transfer that stays below this many bytes per second for five minutes has failed, and "
        "is resumed; 0 means no floor."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.agent.min_rate_bytes, parse_size(v), v, kSizeForm);
       }},
      {"retries",
       {"NUMBER", "5",
        "How often one request that is answered with an error is tried, 1 to 100, before it counts "
        "as failed; a network that is away is waited for about two minutes."},
       [](Config& c, const std::string& v) { return set_count(c.agent.retries, v, 1, 100); }},
      {"metrics_file",
       {"PATH", "none",
        "Where the figures go for Prometheus's node exporter (`*.prom` in its textfile directory), "
        "replaced atomically when a pull starts and when it ends, on failure too."},
       [](Config& c, const std::string& v) { return set_path(c.agent.metrics_file, v); }},
      {"html_file",
       {"PATH", "none",
        "Where the page of `holdfast status --html` goes, written after each pull: one file that "
        "needs nothing else."},
       [](Config& c, const std::string& v) { return set_path(c.agent.html_file, v); }},
      {"ping_url",
       {"URL", "none",
        "Asked for with `/start` behind it when a run begins, as it is when the run ends with 0, "
        "and with `/fail` behind it when it ends otherwise; see HOOKS."},
       [](Config& c, const std::string& v) -> Complaint {
         if (auto complaint = complaint_about_ping_url(v); !complaint.empty()) return complaint;
         c.agent.ping_url = v;
         return std::nullopt;
       }},
      {"on_failure",
       {"COMMAND", "none",
        "A command line for /bin/sh that is run when a run ends with 2, 70, 74, 75, 77 or 78 and "
        "the one before it did not, and once more when that is over; see HOOKS."},
       [](Config& c, const std::string& v) { return set_text(c.agent.on_failure, v); }},
      {"remind_every",
       {"DURATION", "7d",
        "After this long, what still fails and which alarms are still open is said again, in a "
        "line on stderr and by the hooks; a HOLD each day. 0 means never."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.agent.remind_every, parse_duration(v), v, kDurationForm);
       }},
      {"on_alarm",
       {"COMMAND", "none",
        "A command line for /bin/sh that is run for each new alarm, the gravest first, and once "
        "for all beyond twenty; see HOOKS."},
       [](Config& c, const std::string& v) { return set_text(c.agent.on_alarm, v); }},
  }};
  return kRules;
}

}  // namespace agent
