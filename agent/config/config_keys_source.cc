#include <array>
#include <cstdint>
#include <limits>
#include <utility>

#include "agent/config/config_keys.h"
#include "agent/config/config_setters.h"

namespace agent {
namespace {

KeyRule<SourceConfig> text(std::string_view name, KeyWords words,
                           std::string SourceConfig::*member) {
  return {name, words, [member](SourceConfig& source, const std::string& value) {
            return set_text(source.*member, value);
          }};
}

}  // namespace

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
            "it or the group can write it. Variables AWS_* come first, then the source's own file "
            "in "
            "systemd's $CREDENTIALS_DIRECTORY, then another file that this names and that can be "
            "read, then $CREDENTIALS_DIRECTORY/holdfast."},
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
