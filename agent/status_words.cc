#include "agent/status_words.h"

#include <array>

namespace agent {

std::span<const StatusWords> status_words() {
  static constexpr auto kWords = std::to_array<StatusWords>({
      {"schema", "1. A reader should refuse what it does not know."},
      {"version", "Of the holdfast that wrote the file."},
      {"host", "The name of this machine."},
      {"state",
       "How things stand, which follows `exit_status`: `ok` (0), `attention` (1, an alarm is "
       "open), "
       "`incomplete` (2), `absent` (75, the disk is not there), `failed` (any other); or "
       "`running`."},
      {"exit_status", "Of the last run; null while one is under way. See holdfast(1)."},
      {"started_at", "When the last run, or the one under way, began."},
      {"finished_at", "When it ended; null while it is under way."},
      {"last_success_at", "When the last run ended that ended with 0 or 1."},
      {"pid", "The process of the run under way; null where there is none."},
      {"updated_at", "When the file was written: while a run is under way, every ten seconds."},
      {"runs", "When the last nine runs began, which tells how often they usually come."},
      {"disk.path", "Where the mirror lies."},
      {"disk.id", "The id that `holdfast init` wrote on the disk that was found."},
      {"disk.present", "Whether the last run found it."},
      {"disk.filesystem", "Its type, for example `ext4`."},
      {"disk.total_bytes", "How large it is."},
      {"disk.free_bytes", "How much is free."},
      {"disk.min_free_bytes", "What `min_free` keeps free."},
      {"disk.days[].day", "One of the last ninety days that had a run, in UTC."},
      {"disk.days[].free_bytes", "How much was free after its last run."},
      {"disk.weaker", "What this filesystem cannot promise, a sentence each."},
      {"clock.skew_seconds", "The server's clock minus this machine's."},
      {"bytes_per_second",
       "How fast the last pull went that received a MiB or more; 0 where there was none."},
      {"sources[].name", "As in `[source NAME]`."},
      {"sources[].state", "As `state`, for this source."},
      {"sources[].hold", "Whether the source is on HOLD, see `mass-change` in holdfast-alarms(7)."},
      {"sources[].last_attempt_at", "When a run last began to pull this source."},
      {"sources[].last_success_at", "When this source was last pulled with nothing left to do."},
      {"sources[].archives", "How many archives are held, under archives/."},
      {"sources[].bytes", "How large they are together."},
      {"sources[].superseded", "How many earlier versions are held, under superseded/."},
      {"sources[].quarantined", "How many copies are in quarantine."},
      {"sources[].run.listed", "Keys that the bucket listed in this run."},
      {"sources[].run.new", "Archives that came in this run."},
      {"sources[].run.new_bytes", "How large they were together."},
      {"sources[].run.changed", "Held keys that have another content in the bucket now."},
      {"sources[].run.vanished", "Held keys that the bucket no longer has; they stay here."},
      {"sources[].run.unreadable", "Listed archives that these credentials cannot read."},
      {"sources[].run.archived",
       "Listed archives in a storage class that has to be restored first."},
      {"sources[].run.failed", "Archives that could not be pulled in this run."},
      {"sources[].run.requests", "Requests in this run."},
      {"sources[].run.retries", "How many of them were tried again."},
      {"sources[].newest", "The archive that was held last; null where there is none."},
      {"sources[].newest.key", "Its key."},
      {"sources[].newest.key_hex", "The bytes of that key, where they are not UTF-8."},
      {"sources[].newest.size", "Its size in bytes."},
      {"sources[].newest.last_modified", "When it was uploaded, as the bucket says."},
      {"sources[].newest.held_since", "Since when it is held here."},
      {"sources[].verified_by",
       "How many archives were proven by what: `sha512`, `sha256`, `sha1`, `md5`, `xxhash128`, "
       "`crc64nvme`, `xxhash3`, `xxhash64`, `crc32c`, `crc32` (each also with `-composite`), "
       "`etag-md5`, `etag-multipart`, `metadata-md5`, "
       "`sidecar-sha256`, `sidecar-md5`, or, where nothing better was promised, `size`."},
      {"sources[].scrub.oldest_at", "When the archive that was unread for longest was last read."},
      {"sources[].scrub.corrupt", "Held copies that are damaged."},
      {"sources[].scrub.missing", "Held copies that are not on the disk."},
      {"sources[].alarm_count", "How many alarms are open; `alarms` has the first hundred."},
      {"sources[].alarm_kinds", "How many alarms of each kind are open."},
      {"sources[].configured",
       "False where the source has left the configuration and still lies on the disk."},
      {"sources[].enabled", "False where nothing is asked of the bucket, by `enabled = no`."},
      {"sources[].listed_whole", "Whether the last attempt listed the bucket to its end."},
      {"sources[].nights[].day",
       "One of the last ninety days, in UTC, by when the bucket says that its archives were made. "
       "Only days that have an archive or an alarm."},
      {"sources[].nights[].archives", "How many archives of that day are held."},
      {"sources[].nights[].bytes", "How large they are together."},
      {"sources[].nights[].suspicious", "How many open alarms are about that day."},
      {"sources[].alarms[].id", "The number for `holdfast ack SOURCE ALARM`."},
      {"sources[].alarms[].kind", "See holdfast-alarms(7)."},
      {"sources[].alarms[].since", "When it was raised."},
      {"sources[].alarms[].key", "The key that it is about; empty where it is about the source."},
      {"sources[].alarms[].key_hex", "The bytes of that key, where they are not UTF-8."},
      {"sources[].alarms[].message", "What happened and what to do."},
      {"errors[].source",
       "The source that a problem of the last run concerns. At most 20 are told."},
      {"errors[].key", "The key that it concerns."},
      {"errors[].key_hex", "The bytes of that key, where they are not UTF-8."},
      {"errors[].message", "What happened and what to do."},
  });
  return kWords;
}

}  // namespace agent
