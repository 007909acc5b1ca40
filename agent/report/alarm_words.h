#pragma once

#include <array>
#include <string_view>

#include "store/ledger/alarm_kind.h"

namespace agent {

/// What is told of a kind of alarm, in the manual and wherever else. Commands and names stand in
/// `backticks`.
struct AlarmWords {
  std::string_view means;  ///< what was found
  std::string_view to_do;  ///< what a person does now
  std::string_view ends;   ///< what ends it, besides `ack`
};

/// In the order of store::AlarmKind.
inline constexpr std::array<AlarmWords, store::kAlarmNames.size()> kAlarmWords = {{
    {"Much of the bucket changed or went at once, or the listing is empty. The source is on HOLD: "
     "new archives still come, contents that changed are not fetched, and nothing is removed.",
     "Find out who did this before anything else: lock the server's key, then look at the bucket's "
     "versions and access log. When you know, `holdfast ack SOURCE` ends the HOLD; what went stays "
     "on the disk, and what changed goes into quarantine at the next pull.",
     ""},
    {"Writes with these credentials are not refused, so whoever gets into this machine could harm "
     "the bucket.",
     "Replace the key by one that may only list and get: `holdfast policy SOURCE` prints its "
     "policy.",
     "`holdfast audit` finds them refused"},
    {"Nothing of what the bucket lists is wanted, or it lists nothing at all, at first contact or "
     "since the filter was edited. So nothing is pulled from this source.",
     "Correct `prefix`, `include` or `exclude`; the alarm names what dropped all of it, and the "
     "nearest spelling that would not. For a bucket that is meant to be empty yet, `holdfast ack "
     "SOURCE`.",
     "something is wanted"},
    {"A file on the disk no longer has the content that was recorded when it came, or cannot be "
     "read.",
     "Nothing, at first: the next pull fetches it again while the bucket has it, and keeps the "
     "damaged bytes under damaged/. If it comes back for other files, the disk, its cable or its "
     "power supply fails. What the bucket no longer has either is given up with `holdfast ack "
     "SOURCE`.",
     "the content is held again"},
    {"A file that is held is no longer on the disk.",
     "Find out who removed it. The next pull fetches it again while the bucket has it. What the "
     "bucket no longer has either is given up with `holdfast ack SOURCE`.",
     "the content is held again"},
    {"The bucket has another content under a key that is held. The copy on the disk stays as it "
     "is, and the other one is under quarantine/.",
     "Compare the two. If the new one is right, `holdfast accept SOURCE KEY` takes it, and the old "
     "one moves to superseded/. If it is an attack, leave it there as evidence, and `holdfast ack "
     "SOURCE`.",
     "that key is accepted"},
    {"What came does not match the checksum that the bucket gives for it, also when it was fetched "
     "again. It is not held.",
     "Upload the archive again; if that does not help, ask the provider about the object.",
     "the content is held"},
    {"The archive is listed, and these credentials cannot read it: it is encrypted with a "
     "customer's "
     "key, its KMS key is denied, or it is forbidden. It is asked for again after 1, 2, 4 ... 30 "
     "days.",
     "Find out who encrypted it: that is what ransomware in a bucket looks like. If it was meant, "
     "exclude it, or let holdfast's key use the encryption key.",
     "the content is held"},
    {"The bucket has been listing this archive for a week, and answers that it does not exist.",
     "Upload it again, or delete it; else ask the provider.", "the content is held"},
    {"What came is something else than its name says or than its stream always was (a login page, "
     "nothing but zeroes, encrypted), or its end is missing. It is held like any other, but takes "
     "no "
     "place in the keep rules.",
     "Look at the job that makes it, and at the server: what looks encrypted all of a sudden may "
     "be "
     "an attack. If it is meant to be so, `holdfast ack SOURCE`: its new form is the stream's own "
     "from then on.",
     "a sound one of its stream comes"},
    {"A restore drill failed, or has not succeeded for `every`: what is held may be no backup that "
     "can be restored.",
     "Read why, in `holdfast status`. Where the backup is at fault, look at the job that makes it, "
     "and see with `holdfast restore` whether an earlier one can be used. Where the drill is at "
     "fault, mend its command. Then `holdfast drill NAME`.",
     "the drill succeeds, or leaves the configuration"},
    {"A lifecycle rule that was not there before, or that deletes sooner, is about to delete "
     "archives.",
     "Look at the bucket's lifecycle: somebody may have found the slow way of deleting. What is "
     "held stays in any case.",
     ""},
    {"No new archive has come for `expect_every`.",
     "See whether the backup job on the server still runs, and whether it still uploads to this "
     "bucket and prefix.",
     "a new archive comes"},
    {"One of two disks that take turns was not here for `rotate_every`. What is new lies on the "
     "other "
     "one alone.",
     "Swap the disks, or see what became of the one that is away. A new disk takes its place with "
     "`holdfast init` and its id in `id`. The alarm is shown with the first source, and `holdfast "
     "ack SOURCE` ends it.",
     "that disk is here again"},
    {"A new backup (a set) is smaller than `min_size`, or than `shrink_alarm` of what its stream "
     "usually has, or lacks a part that the last ones had. It was pulled all the same.",
     "See whether that backup is complete. If it is, `holdfast ack SOURCE`.",
     "the parts that it lacked have come"},
    {"A file lies among the archives that holdfast did not put there. It is not touched; only "
     "`holdfast verify --all` looks for such files.",
     "Find out whose it is, and move it away.", "the file is gone at the next look"},
}};

constexpr bool says_all_of_each_alarm() {
  for (const auto& words : kAlarmWords) {
    if (words.means.empty() || words.to_do.empty()) return false;
  }
  return true;
}
static_assert(says_all_of_each_alarm());

}  // namespace agent
