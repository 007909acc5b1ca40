#include "store/custody/foreign.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace store {
namespace {

constexpr std::array<std::string_view, 3> kTrees = {"archives", "superseded", "quarantine"};
constexpr std::array<std::string_view, 5> kOurs = {"damaged", "SHA256SUMS", "SHA256SUMS.new",
                                                   "manifest.jsonl", "manifest.jsonl.new"};

bool is_one_of(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Walk {
 public:
  Walk(ReadableDisk& disk, Ledger& ledger, SourceId source, std::string_view source_name,
       NameRules rules, const std::function<bool(const std::string&)>& visit)
      : disk_(disk),
        ledger_(ledger),
        source_(source),
        top_(source_name),
        rules_(rules),
        visit_(visit) {}

  Status run() {
    auto listed = list(top_, [&](const std::string& path, std::string_view name, FileKind kind) {
      const bool is_tree = kind == FileKind::kDirectory && is_one_of(kTrees, name);
      if (is_tree) return descend(path);
      return is_one_of(kOurs, name) || visit_(path);
    });
    if (failure_) return *failure_;
    const bool nothing_there = !listed && listed.error().kind == ErrorKind::kNotFound;
    return nothing_there ? Status{} : listed;
  }

 private:
  Status list(const std::string& directory,
              const std::function<bool(const std::string&, std::string_view, FileKind)>& each) {
    return disk_.list_directory(directory, [&](std::string_view name, FileKind kind) {
      return each(fmt::format("{}/{}", directory, name), name, kind);
    });
  }

  // False ends the walk.
  bool descend(const std::string& directory) {
    bool going = true;
    const auto listed =
        list(directory, [&](const std::string& path, std::string_view, FileKind kind) {
          going = kind == FileKind::kDirectory ? descend(path) : look_at(path, kind);
          return going;
        });
    // It may have gone while we looked elsewhere.
    if (!listed && listed.error().kind != ErrorKind::kNotFound && !failure_) {
      failure_ = listed.error();
    }
    return going && !failure_;
  }

  bool look_at(const std::string& path, FileKind kind) {
    const auto ours = kind == FileKind::kFile ? is_ours(path) : Result<bool>(false);
    if (!ours) {
      failure_ = ours.error();
      return false;
    }
    return *ours || visit_(path);
  }

  Result<bool> is_ours(const std::string& path) {
    const auto below_top = std::string_view(path).substr(top_.size() + 1);
    const auto below_tree = below_top.substr(below_top.find('/') + 1);
    const bool trusted = below_top.starts_with("archives/");
    const auto named = key_of_path(trusted ? below_tree : parent_of(below_tree));
    if (!named) return false;
    // Also what cannot be removed was ours.
    const auto to_go = ledger_.is_to_go(source_, path);
    if (!to_go || *to_go) return to_go;
    const auto pending = ledger_.is_pending(source_, named->key);
    if (!pending || *pending) return pending;
    if (!trusted) return ledger_.has_generation_at(source_, named->key, path);
    const auto held = ledger_.find(source_, named->key);
    if (!held) return held.error();
    return *held && archive_path(top_, named->key, rules_, (*held)->variant) == path;
  }

  ReadableDisk& disk_;
  Ledger& ledger_;
  const SourceId source_;
  const std::string top_;
  const NameRules rules_;
  const std::function<bool(const std::string&)>& visit_;
  std::optional<Error> failure_;
};

}  // namespace

Status visit_foreign(ReadableDisk& disk, Ledger& ledger, SourceId source,
                     std::string_view source_name, NameRules rules,
                     const std::function<bool(const std::string&)>& visit) {
  return Walk(disk, ledger, source, source_name, rules, visit).run();
}

}  // namespace store
