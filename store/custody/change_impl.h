#pragma once

#include "store/custody/change.h"
#include "store/custody/placement.h"
#include "store/disk/disk.h"
#include "store/disk/inside.h"
#include "store/ledger/ledger.h"

namespace store {

struct Change::Impl {
  Disk& disk;
  Ledger& ledger;
  Placer& placer;
  NameRules rules;
  Batch batch{};
};

}  // namespace store
