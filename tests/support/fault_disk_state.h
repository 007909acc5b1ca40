#pragma once

// Shared by the files that implement fault_disk.h; for nobody else.

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tests/support/fault_disk.h"
#include "tests/support/volatile_tree.h"

namespace test {

/// What an operation does to the disk, and so which faults it meets.
enum class Touch {
  kReads,
  kClaims,  ///< changes nothing yet, but fails where nothing can be changed
  kFrees,   ///< changes something, but needs no room
  kWrites,  ///< needs room as well
};

struct FaultDisk::State {
  mutable std::mutex mutex;
  VolatileTree tree;
  bool has_links = true;
  bool gives_files = true;

  std::uint64_t countdown = 0;  // 0: no fault is to come
  std::uint64_t steps = 0;      // that the fault could have struck at, since it was set
  Fault fault = Fault::kIoError;
  Lasting lasting = Lasting::kOnce;
  bool struck = false;
  bool broken = false;
  bool full = false;
  bool read_only = false;
  bool powered_off = false;
  Hook hook;
  std::function<bool(std::string_view)> refuses_name;
  int refusal = 0;
  bool refuses_to_look = false;
  std::optional<std::uint64_t> power_cut_seed;

  // Files and locks that an earlier process opened are dead.
  std::uint64_t process = 0;
  std::set<const Node*> locks;

  store::Space space{std::uint64_t{1} << 40, std::uint64_t{1} << 39, 1'000'000, 900'000};
  std::optional<std::uint64_t> most_files;
  bool takes_no_file() const { return most_files && tree.count() >= *most_files; }
  std::string filesystem_name = "faultfs";
  std::string root_path = "/faultfs";
  store::Weakness weakness;

  Counts counts;
  std::map<std::string, std::uint64_t, std::less<>> bytes_read;

  struct Verdict {
    std::optional<store::Error> error;
    bool half_done = false;
  };

  bool matters_at(std::string_view operation, Touch touch) const;
  Verdict judge(std::string_view operation, std::string_view path, Touch touch);
  std::optional<int> strike(bool is_write, bool& half_done);
  store::Status admit(std::string_view operation, std::string_view path, Touch touch);
  std::optional<store::Error> refused(std::string_view action, std::string_view path,
                                      bool looks) const;
  store::Status rename(std::string_view from, std::string_view to, bool replace);
  store::Status remove(std::string_view path, store::FileKind kind);
};

}  // namespace test
