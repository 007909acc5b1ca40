#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/failure.h"
#include "agent/base/shell_word.h"
#include "agent/commands/commands.h"
#include "agent/commands/init_config.h"
#include "store/content/disk_marker.h"
#include "store/custody/rebuild.h"
#include "store/ledger/ledger.h"

namespace agent {
namespace {

class Init {
 public:
  Init(const InitOptions& options, const Environment& environment, const Print& print)
      : options_(options), environment_(environment), print_(print) {}

  ExitStatus run() {
    if (const auto found = look(); found != ExitStatus::kOk) return found;
    if (!options_.write) return marked_already_ ? say_again() : make_and_print();
    return make_and_write();
  }

 private:
  ExitStatus fail(ExitStatus status, const std::string& message) const {
    environment_.log.error({"", "", message});
    return status;
  }
  ExitStatus fail(const store::Error& error) const {
    return fail(status_of(error), explain(error));
  }
  void warn(const std::string& message) const { environment_.log.warning({"", "", message}); }

  ExitStatus look() {
    auto disk = environment_.open_disk(options_.path);
    if (!disk) {
      return fail(ExitStatus::kNotNow, fmt::format("{}; plug in the disk and mount it first",
                                                   store::describe(disk.error())));
    }
    disk_ = std::move(*disk);
    lines_.path = options_.path.front() == '/' ? options_.path : disk_->root_path();
    if (!fits_into_config(lines_.path)) {
      return fail(ExitStatus::kUsage,
                  fmt::format("{} cannot be written in a configuration, where ';' or '#' after a "
                              "blank begins a comment; mount the disk elsewhere",
                              shell_word(lines_.path)));
    }
    const auto mounted = environment_.is_mount_point(lines_.path);
    if (!mounted) return fail(mounted.error());
    lines_.require_mount = *mounted;
    return look_at_marker();
  }

  ExitStatus look_at_marker() {
    const auto marker = store::read_marker(*disk_);
    if (!marker) return fail(marker.error());
    auto carried = store::carried_sources(*disk_);
    if (!carried) return fail(carried.error());
    carried_ = std::move(*carried);
    marked_already_ = marker->has_value();
    if (marked_already_) {
      marker_ = **marker;
    } else {
      auto made = carried_.empty() ? store::Result<std::optional<store::NameRules>>(std::nullopt)
                                   : rules_of_what_is_carried();
      if (!made) return fail(made.error());
      auto drawn = store::new_marker(*disk_, environment_.clock.now_s(), *made);
      if (!drawn) return fail(drawn.error());
      marker_ = std::move(*drawn);
    }
    lines_.id = marker_.id;
    return ExitStatus::kOk;
  }

  store::Result<std::optional<store::NameRules>> rules_of_what_is_carried() {
    const auto rules = store::carried_name_rules(*disk_);
    if (!rules) return rules.error();
    return std::optional(*rules);
  }

  // The ledger first: a disk that has the marker has a ledger, so that one which is missing later
  // is known to be lost and never replaced by an empty one. Over full archives there is no empty
  // ledger: it would trust whatever the bucket has by now.
  store::Status make() {
    if (environment_.give_to_service) {
      if (const auto given = environment_.give_to_service(lines_.path); !given) {
        return store::Error{store::ErrorKind::kIo, 0, "", given.error()};
      }
      // As whose the new files are is seen when the disk is opened.
      auto again = environment_.open_disk(lines_.path);
      if (!again) return again.error();
      disk_ = std::move(*again);
    }
    if (carried_.empty()) {
      if (auto made = store::Ledger::create(*disk_); !made) return made;
    }
    return store::place_marker(*disk_, marker_);
  }

  ExitStatus make_and_print() {
    if (const auto made = make(); !made) return fail(made.error());
    warn_of_what_is_found();
    print_section();
    return ExitStatus::kOk;
  }

  ExitStatus say_again() {
    print_section();
    return fail(ExitStatus::kUsage, fmt::format("{} is already a holdfast disk; the configuration "
                                                "needs the lines above (--write puts them there)",
                                                lines_.path));
  }

  // Whatever can fail is done before the disk is touched: the new configuration is whole and
  // durable by then, and only lacks its name. Cut off after the marker, the same command finds the
  // disk marked and writes the configuration for it.
  ExitStatus make_and_write() {
    const auto& file = options_.config_file;
    auto existing = environment_.read_file(file);
    if (!existing) return fail(ExitStatus::kConfig, existing.error());
    const auto change = plan_config(*existing, lines_);
    if (!change) {
      return fail(ExitStatus::kConfig, fmt::format("{}:{}: {}; correct it first", file,
                                                   change.error().line, change.error().message));
    }
    if (change->kind == ConfigChange::Kind::kConflict) return refuse(change->disk_line);
    std::unique_ptr<UnnamedFile> staged;
    if (change->kind != ConfigChange::Kind::kNothing) {
      auto made = environment_.stage_file(file, change->text);
      if (!made) {
        return fail(ExitStatus::kConfig, fmt::format("{}; nothing was changed", made.error()));
      }
      staged = std::move(*made);
    }
    if (!marked_already_) {
      if (const auto made = make(); !made) return fail(made.error());
      warn_of_what_is_found();
    }
    if (staged) {
      if (const auto placed = staged->place(); !placed) {
        return fail(
            ExitStatus::kConfig,
            fmt::format(
                "{}; {} is a holdfast disk by now, and the same command again writes the rest",
                placed.error(), lines_.path));
      }
    }
    say_what_is_next(change->kind);
    return ExitStatus::kOk;
  }

  ExitStatus refuse(int line) const {
    if (marked_already_) {
      print_section();
      return fail(ExitStatus::kUsage,
                  fmt::format("{}:{}: this [disk] section is for another disk, and was left as it "
                              "is; to use this one, replace it with the lines above",
                              options_.config_file, line));
    }
    return fail(ExitStatus::kUsage,
                fmt::format("{}:{}: there already is a [disk] section, and --write never changes "
                            "one. Nothing was changed; without --write the lines are only printed: "
                            "holdfast init {}",
                            options_.config_file, line, shell_word(lines_.path)));
  }

  void say_what_is_next(ConfigChange::Kind kind) const {
    const auto& file = options_.config_file;
    switch (kind) {
      case ConfigChange::Kind::kCreate:
        return print_(
            fmt::format("{} was written, and names this disk; now fill in \"bucket\" there", file));
      case ConfigChange::Kind::kAppend:
        return print_(fmt::format("{} now has the [disk] section for this disk", file));
      case ConfigChange::Kind::kNothing:
        return print_(fmt::format("{} already names this disk", file));
      case ConfigChange::Kind::kConflict:
        return;
    }
  }

  void warn_of_what_is_found() const {
    if (!carried_.empty()) {
      const auto ledger = disk_->stat(store::kLedgerPath);
      const bool has_ledger = ledger && *ledger;
      warn(fmt::format(
          "{} holds archives ({}); only the marker was written again, with a new id. {}",
          lines_.path, fmt::join(carried_, ", "),
          has_ledger ? "The ledger is still there, and stays in use"
                     : "The ledger is missing: run 'holdfast rebuild' before the next "
                       "pull, so that what is held is known again"));
    }
    if (!lines_.require_mount) {
      warn(
          fmt::format("{} is not a mount point: if a disk is meant to be mounted there, "
                      "mount it and run init again",
                      lines_.path));
    }
  }

  void print_section() const {
    auto section = disk_section(lines_);
    section.pop_back();
    print_(section);
    const auto existing = environment_.read_file(options_.config_file);
    const auto turns = existing && *existing ? turns_line(**existing, lines_) : std::string();
    if (turns.empty()) return;
    warn(fmt::format(
        "{} names another disk at {}. Where the two take turns there, write into it: {}",
        options_.config_file, lines_.path, turns));
  }

  const InitOptions& options_;
  const Environment& environment_;
  const Print& print_;
  std::unique_ptr<store::Disk> disk_;
  DiskLines lines_;
  store::Marker marker_;
  std::vector<std::string> carried_;
  bool marked_already_ = false;
};

}  // namespace

ExitStatus init_command(const InitOptions& options, const Environment& environment,
                        const Print& print) {
  if (options.path.empty()) {
    environment.log.error({"", "", "the path is empty; name the disk's mount point"});
    return ExitStatus::kUsage;
  }
  return Init(options, environment, print).run();
}

}  // namespace agent
