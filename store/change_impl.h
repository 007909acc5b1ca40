#pragma once

#include "store/change.h"
#include "store/disk.h"
#include "store/inside.h"
#include "store/ledger.h"
#include "store/placement.h"

namespace store {

struct Change::Impl {
  Disk& disk;
  Ledger& ledger;
  Placer& placer;
  NameRules rules;
  Batch batch{};
};

}  // namespace store
