#include "agent/config/config_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include "agent/base/glob.h"
#include "agent/base/units.h"
#include "agent/config/disk_ids.h"
#include "agent/config/ping.h"

namespace agent {
namespace {

// nullopt: the value is right; otherwise what is wrong with the value.
using Complaint = std::optional<std::string>;

template <typename Target, typename Member>
KeyRule<Target> text(std::string_view name, KeyWords words, Member Target::*member) {
  return {name, words, [member](Target& target, const std::string& value) -> Complaint {
            target.*member = value;
            return std::nullopt;
          }};
}

template <typename T>
Complaint store_parsed(T& into, const std::optional<T>& parsed, const std::string& value,
                       std::string_view wanted) {
  if (!parsed) return fmt::format("\"{}\" is not {}", value, wanted);
  into = *parsed;
  return std::nullopt;
}

constexpr std::string_view kSizeForm = "a size (such as 512, 64K, 10M, 2G or 1T)";
constexpr std::string_view kDurationForm = "a duration (such as 90s, 15m, 26h, 30d, 8w, 6mo or 2y)";
constexpr std::string_view kShareForm = "a percentage above 0% and up to 100% (such as 20%)";
constexpr std::string_view kYesNoForm = "yes or no";

Complaint set_count(unsigned& into, const std::string& value, unsigned low, unsigned high) {
  const auto parsed = parse_number(value, low, high);
  if (!parsed) return fmt::format("\"{}\" is not a number from {} to {}", value, low, high);
  into = static_cast<unsigned>(*parsed);
  return std::nullopt;
}

// What is counted is kept in memory, so there is a bound.
Complaint set_kept(unsigned& into, const std::string& value) {
  constexpr unsigned kMaxNumber = 10'000;
  return set_count(into, value, 0, kMaxNumber);
}

Complaint set_globs(std::vector<std::string>& into, std::string_view value) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    auto glob = value.substr(0, comma);
    value.remove_prefix(std::min(comma + 1, value.size()));
    const auto first = glob.find_first_not_of(" \t");
    if (first == std::string_view::npos) return "an empty pattern stands in the list";
    glob = glob.substr(first, glob.find_last_not_of(" \t") - first + 1);
    if (!glob_is_valid(glob)) return fmt::format("\"{}\" is not a pattern", glob);
    into.emplace_back(glob);
  }
  return std::nullopt;
}

template <typename T>
using Choices = std::initializer_list<std::pair<std::string_view, T>>;

template <typename T>
Complaint set_choice(T& into, const std::string& value, Choices<T> choices) {
  std::string wanted;
  for (const auto& choice : choices) {
    if (value == choice.first) {
      into = choice.second;
      return std::nullopt;
    }
    const bool last = &choice == choices.end() - 1;
    wanted += fmt::format("{}{}", wanted.empty() ? "" : last ? " or " : ", ", choice.first);
  }
  return fmt::format("\"{}\" is not {}", value, wanted);
}

Complaint set_path(std::string& into, const std::string& value) {
  if (value.empty() || value.front() != '/') return "the path has to begin with '/'";
  into = value;
  return std::nullopt;
}

Complaint set_tripwire(std::optional<double>& into, const std::string& value) {
  if (value == "off") {
    into = std::nullopt;
    return std::nullopt;
  }
  const auto share = parse_share(value);
  if (!share) return fmt::format("\"{}\" is neither {} nor off", value, kShareForm);
  into = share;
  return std::nullopt;
}

Complaint set_series(Series& into, const std::string& value) {
  auto series = Series::parse(value);
  if (!series) return std::move(series).error();
  into = *std::move(series);
  return std::nullopt;
}

// Zero would be an alarm, or a scrub of everything, at every run.
template <typename Period>
Complaint set_period(Period& into, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration || duration->count() == 0) {
    return fmt::format("\"{}\" is not {}", value, kDurationForm);
  }
  into = *duration;
  return std::nullopt;
}

// Whoever writes "6m" here means months; taken as minutes it would remove nearly everything.
template <typename Period>
Complaint set_age(Period& into, const std::string& value) {
  const bool is_minutes = value.ends_with('m') && parse_duration(value);
  if (is_minutes) return fmt::format("\"{}\": minutes? write {}o", value, value);
  return set_period(into, value);
}

}  // namespace

std::span<const KeyRule<Config>> disk_rules() {
  static const std::array<KeyRule<Config>, 5> kRules = {{
      {"path",
       {"PATH", "required",
        "Where the mirror lies: the mount point of the USB disk, or a directory."},
       [](Config& c, const std::string& v) -> Complaint {
         if (v.empty() || v.front() != '/') return "the path has to begin with '/'";
         c.disk.path = v;
         return std::nullopt;
       }},
      {"require_mount",
       {"yes|no", "yes",
        "Refuse to run unless `path` is the mount point of a disk of its own, so that a disk that "
        "is not plugged in is never mistaken for an empty one."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.disk.require_mount, parse_yes_no(v), v, kYesNoForm);
       }},
      {"id",
       {"ID[, ID]", "none",
        "The id that `holdfast init` wrote on the disk; when it is given, any other disk is "
        "refused. Two of them, with a comma between, are two disks that take turns at `path`."},
       [](Config& c, const std::string& v) -> Complaint {
         auto ids = parse_disk_ids(v);
         if (!ids) return ids.error();
         c.disk.ids = *std::move(ids);
         return std::nullopt;
       }},
      {"rotate_every",
       {"DURATION", "none",
        "Raise the alarm `rotation` when one of two disks that take turns was not here for this "
        "long."},
       [](Config& c, const std::string& v) { return set_period(c.disk.rotate_every, v); }},
      {"min_free",
       {"SIZE", "1G",
        "Never start a download that would leave less free space than this; a thousandth of the "
        "files that the filesystem can have stays free likewise."},
       [](Config& c, const std::string& v) {
         return store_parsed(c.disk.min_free_bytes, parse_size(v), v, kSizeForm);
       }},
  }};
  return kRules;
}

std::span<const KeyRule<Config>> agent_rules() {
  static const std::array<KeyRule<Config>, 12> kRules = {{
      {"status_file",
       {"PATH", "/var/lib/holdfast/status.json",
        "Where the status goes, see holdfast-status(5); its directory is made if it is missing."},
       [](Config& c, const std::string& v) { return set_path(c.agent.status_file, v); }},
      {"parallel",
       {"NUMBER", "4", "How many downloads run at once, 1 to 16."},
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
       [](Config& c, const std::string& v) -> Complaint {
         c.agent.on_failure = v;
         return std::nullopt;
       }},
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
       [](Config& c, const std::string& v) -> Complaint {
         c.agent.on_alarm = v;
         return std::nullopt;
       }},
  }};
  return kRules;
}

std::span<const KeyRule<SourceConfig>> source_rules() {
  using S = SourceConfig;
  static const auto kRules = std::to_array<KeyRule<S>>({
      text("bucket", {"NAME", "required", "The bucket."}, &S::bucket),
      text("prefix", {"TEXT", "empty", "Only keys that begin with this are mirrored."}, &S::prefix),
      text("endpoint",
           {"URL", "AWS's for the region",
            "Where the provider listens: https://HOST[:PORT][/PATH]; http:// is taken only to a "
            "loopback address, or with `allow_http`."},
           &S::endpoint),
      {"allow_http",
       {"yes|no", "no",
        "Allow an endpoint with http:// at any address, where everybody on the way can read and "
        "change what comes."},
       [](S& s, const std::string& v) {
         return store_parsed(s.allow_http, parse_yes_no(v), v, kYesNoForm);
       }},
      text("region",
           {"TEXT", "us-east-1",
            "The region that requests are signed for; a wrong one is corrected by what the server "
            "says, with a warning that names the right one."},
           &S::region),
      {"addressing",
       {"auto|path|virtual", "auto",
        "Whether the bucket goes into the path or into the host name; auto means virtual for AWS, "
        "and path for every other endpoint."},
       [](S& s, const std::string& v) {
         using A = s3::Addressing;
         return set_choice<A>(s.addressing, v,
                              {{"auto", A::kAuto}, {"path", A::kPath}, {"virtual", A::kVirtual}});
       }},
      text("credentials_file",
           {"PATH", "/etc/holdfast/credentials",
            "The key, in the format of AWS's shared credentials; refused when the world can read "
            "it or the group can write it. Variables AWS_* come first, then systemd's "
            "$CREDENTIALS_DIRECTORY."},
           &S::credentials_file),
      text("profile", {"TEXT", "default", "Which profile of the credentials file."}, &S::profile),
      text("ca_file",
           {"PATH", "the system's",
            "A PEM file with the certificates of a private CA, which is trusted in place of the "
            "system's."},
           &S::ca_file),
      {"include",
       {"GLOBS", "everything",
        "Globs, separated by commas, on the key without the prefix; `*` does not cross a slash, "
        "`**` does."},
       [](S& s, const std::string& v) { return set_globs(s.include, v); }},
      {"exclude",
       {"GLOBS", "nothing", "Globs of what is not mirrored, likewise; they win over `include`."},
       [](S& s, const std::string& v) { return set_globs(s.exclude, v); }},
      {"versions",
       {"current|all", "current",
        "With `all`, every noncurrent version that the bucket still has is held too."},
       [](S& s, const std::string& v) {
         return set_choice<Versions>(s.versions, v,
                                     {{"current", Versions::kCurrent}, {"all", Versions::kAll}});
       }},
      {"on_change",
       {"quarantine|generations", "quarantine",
        "What new content under a held key means: it is put into quarantine with an "
        "alarm, or, for names that rotate by design, it takes the place of the old one, which is "
        "superseded."},
       [](S& s, const std::string& v) {
         return set_choice<OnChange>(
             s.on_change, v,
             {{"quarantine", OnChange::kQuarantine}, {"generations", OnChange::kGenerations}});
       }},
      {"soundness",
       {"full|quick|off", "quick",
        "Whether it is looked whether what arrives can be a backup at all: with `quick`, by its "
        "first and last bytes, whether it is what its name and the habit of its stream say, and "
        "whether its end is there; with `full`, each archive is also unpacked to its end once, "
        "after all pulling, in a process that can do nothing else."},
       [](S& s, const std::string& v) {
         return set_choice<SoundnessCheck>(s.soundness, v,
                                           {{"full", SoundnessCheck::kFull},
                                            {"quick", SoundnessCheck::kQuick},
                                            {"off", SoundnessCheck::kOff}});
       }},
      {"tripwire",
       {"PERCENTAGE", "20%",
        "The share of the held keys which, changed or gone since the last complete listing, puts "
        "the source on HOLD; `off` for a bucket whose names all rotate."},
       [](S& s, const std::string& v) { return set_tripwire(s.tripwire_share, v); }},
      {"tripwire_min",
       {"NUMBER", "5", "And at least this many keys."},
       [](S& s, const std::string& v) {
         constexpr auto kMaxNumber = std::numeric_limits<std::uint64_t>::max();
         return store_parsed(s.tripwire_min, parse_number(v, 1, kMaxNumber), v, "a number from 1");
       }},
      {"series",
       {"EXPRESSION", "auto",
        "Which archives are backups of one thing, a stream: `auto` (keys that only differ in their "
        "time), `source` (all), or a POSIX extended regular expression on the whole key whose "
        "groups, joined, name the stream."},
       [](S& s, const std::string& v) { return set_series(s.series, v); }},
      {"expect_every",
       {"DURATION", "none",
        "Raise the alarm `stale` when no new archive came to the source for this long, or to a "
        "stream for this long and for twice the time that usually lies between two of its "
        "backups."},
       [](S& s, const std::string& v) { return set_period(s.expect_every, v); }},
      {"min_size",
       {"SIZE", "0", "Raise the alarm `small` for a new backup, a set, smaller than this."},
       [](S& s, const std::string& v) {
         return store_parsed(s.min_size_bytes, parse_size(v), v, kSizeForm);
       }},
      {"shrink_alarm",
       {"PERCENTAGE", "none",
        "Raise the alarm `small` for a new set smaller than this share of the median of the last "
        "ten of its stream, or with fewer parts than they had."},
       [](S& s, const std::string& v) -> Complaint {
         const auto share = parse_share(v);
         if (!share) return fmt::format("\"{}\" is not {}", v, kShareForm);
         s.shrink_alarm_share = share;
         return std::nullopt;
       }},
      {"request_payer",
       {"yes|no", "no", "Say with each request that we pay for it, as requester-pays buckets ask."},
       [](S& s, const std::string& v) {
         return store_parsed(s.request_payer, parse_yes_no(v), v, kYesNoForm);
       }},
      {"keep_within",
       {"DURATION", "none", "Keep what came within this time."},
       [](S& s, const std::string& v) { return set_age(s.keep.within, v); }},
      {"keep_last",
       {"NUMBER", "none", "Keep the newest so many sets of each stream."},
       [](S& s, const std::string& v) { return set_kept(s.keep.last, v); }},
      {"keep_daily",
       {"NUMBER", "none",
        "Keep the newest archive of each of the last so many days that have any."},
       [](S& s, const std::string& v) { return set_kept(s.keep.daily, v); }},
      {"keep_weekly",
       {"NUMBER", "none", "Likewise of weeks, which begin on Monday, in UTC."},
       [](S& s, const std::string& v) { return set_kept(s.keep.weekly, v); }},
      {"keep_monthly",
       {"NUMBER", "none", "Likewise of months."},
       [](S& s, const std::string& v) { return set_kept(s.keep.monthly, v); }},
      {"keep_yearly",
       {"NUMBER", "none", "Likewise of years."},
       [](S& s, const std::string& v) { return set_kept(s.keep.yearly, v); }},
      {"scrub_every",
       {"DURATION", "30d",
        "Every held archive is read again and compared with its SHA-256 at least this often."},
       [](S& s, const std::string& v) { return set_period(s.scrub_every, v); }},
      {"enabled",
       {"yes|no", "yes",
        "With `no`, nothing is asked of the bucket; what is held is still scrubbed and shown."},
       [](S& s, const std::string& v) {
         return store_parsed(s.enabled, parse_yes_no(v), v, kYesNoForm);
       }},
  });
  return kRules;
}

}  // namespace agent
