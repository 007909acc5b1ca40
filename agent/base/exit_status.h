#pragma once

namespace s3 {
struct Error;
}
namespace store {
struct Error;
}

namespace agent {

/// How a command ends. Where several things happened the gravest wins; see graver().
enum class ExitStatus {
  kOk = 0,           ///< done, nothing to report
  kAlarm = 1,        ///< done, but an alarm is open
  kIncomplete = 2,   ///< something could not be pulled; the next run tries again
  kUsage = 64,       ///< wrong usage
  kDefect = 70,      ///< a defect in holdfast
  kDiskFailed = 74,  ///< I/O error, read-only, full
  kNotNow = 75,      ///< the disk is absent or not the right one, or another run holds the lock
  kRefused = 77,     ///< credentials missing, unreadable or denied
  kConfig = 78,      ///< the configuration is wrong
};

constexpr int gravity(ExitStatus status) {
  switch (status) {
    case ExitStatus::kOk:
      return 0;
    case ExitStatus::kAlarm:
      return 1;
    case ExitStatus::kIncomplete:
      return 2;
    case ExitStatus::kRefused:
      return 3;
    case ExitStatus::kDiskFailed:
      return 4;
    case ExitStatus::kDefect:
      return 5;
    // Found before anything is touched, so they never meet another.
    case ExitStatus::kUsage:
    case ExitStatus::kNotNow:
    case ExitStatus::kConfig:
      return 6;
  }
  return 5;
}

/// Where several hold, the gravest wins.
constexpr ExitStatus graver(ExitStatus a, ExitStatus b) { return gravity(a) >= gravity(b) ? a : b; }

/// The exit status of a source that this error stopped.
ExitStatus status_of(const s3::Error& error);
/// The exit status of a run that this error stopped.
ExitStatus status_of(const store::Error& error);

}  // namespace agent
