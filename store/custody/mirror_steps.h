#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/content/key_path.h"
#include "store/custody/loss.h"
#include "store/custody/scrub.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/disk/unfinished.h"
#include "store/ledger/ledger.h"

// What the verbs of mirror.h, and those that put a mirror in order, are made of.
namespace store {

/// Reads held contents from the device, the longest-unread first, what is damaged in its turn, each
/// byte once, in constant memory and at idle I/O priority; compares with the recorded SHA-256, and
/// records what it finds. A file that cannot be read is corrupt, with the offset in the detail, and
/// the others are read all the same; five of them in a row that were not known to be damaged are a
/// disk that fails, which is the error returned.
Result<ScrubTotals> scrub(Disk& disk, Ledger& ledger, const ScrubPass& pass);

/// Returns the path of a held content, relative to the disk.
std::string path_of(const Holding& holding, std::string_view source_name, NameRules rules);

/// Reads one held content from the device, and returns what that showed; nothing is recorded.
/// `ends`, where it is given, gets both ends of what was read. Errors: kBusy when `keep_going` said
/// no; kIo when the disk is no longer there.
Result<Reading> read_again(Disk& disk, const Holding& holding, std::string path,
                           const std::function<bool()>& keep_going, FileEnds* ends = nullptr);

/// Ends the holding of what is lost, here and upstream. Each is read once more before: what reads
/// right is held on. What is left of the others lies in damaged/, durably, before the ledger and
/// the manifest say that they are no longer held. Should the upstream have the content again, it is
/// fetched like any other. What cannot be moved there is held on. A file that can be moved and not
/// removed is added to `left`.
Result<GivenUp> give_up(Disk& disk, Ledger& ledger, NameRules rules, const GiveUp& request,
                        AllUnfinished& left);

}  // namespace store
