#include "agent/custody/mirror_places.h"

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "agent/base/below.h"
#include "store/content/key_path.h"

namespace agent {
namespace {

constexpr const char* kOfEachSource[] = {"archives", "superseded", "quarantine", "damaged"};

// Absolute, "/" last.
std::vector<std::string> itself_and_parents(std::string path) {
  std::vector<std::string> all;
  while (path.size() > 1) {
    all.push_back(path);
    path.erase(path.rfind('/'));
  }
  all.emplace_back("/");
  return all;
}

std::string joined(const std::string& directory, const std::string& path) {
  return directory.ends_with('/') ? directory + path : directory + "/" + path;
}

}  // namespace

store::Result<MirrorPlaces> MirrorPlaces::of(store::Mirror& mirror, const Config& config,
                                             const Environment& environment) {
  std::vector<std::string> names = {std::string(store::kStateDirectory)};
  for (const auto& source : config.sources) names.push_back(source.name);
  // What has left the configuration still lies there.
  const auto known = mirror.ledger.sources();
  if (!known) return known.error();
  for (const auto& [id, name] : *known) names.push_back(name);
  return MirrorPlaces(mirror, environment, std::move(names));
}

MirrorPlaces::MirrorPlaces(store::Mirror& mirror, const Environment& environment,
                           std::vector<std::string> names)
    : mirror_(mirror), environment_(environment), names_(std::move(names)) {
  for (const auto& name : names_) {
    places_.push_back(at(name));
    for (const auto* part : kOfEachSource) places_.push_back(at(name + "/" + part));
  }
}

std::string MirrorPlaces::at(const std::string& path) const {
  return joined(mirror_.disk().root_path(), path);
}

store::Result<store::FileIdentity> MirrorPlaces::identity_of(const std::string& path) const {
  const auto found = environment_.file_identity(path);
  if (!found) return found.error();
  if (!*found) return store::error_from_errno(ENOENT, "look at", path);
  return **found;
}

MirrorPlaces::Identity MirrorPlaces::look(const std::string& path) const {
  if (!environment_.file_identity) return std::nullopt;
  const auto found = identity_of(path);
  return found ? Identity(*found) : std::nullopt;
}

// They are looked at each time, because what changes in them changes what a network mount shows.
bool MirrorPlaces::is_place(const store::FileIdentity& identity) const {
  return std::any_of(places_.begin(), places_.end(), [&](const std::string& place) {
    const auto there = look(place);
    return there && store::seems_same_file(*there, identity);
  });
}

bool MirrorPlaces::is_place(const std::string& path) const {
  const auto identity = look(path);
  return identity && is_place(*identity);
}

// Of a mount that shows the disk as another device.
bool MirrorPlaces::has_our_marker(const std::string& directory) const {
  if (!look(joined(directory, std::string(store::kMarkerPath)))) return false;
  const auto disk = environment_.open_disk(directory);
  if (!disk) return false;
  const auto marker = store::read_marker(**disk);
  return marker && *marker && (*marker)->id == mirror_.marker.id;
}

bool MirrorPlaces::lies_below(const std::string& directory,
                              const store::FileIdentity& wanted) const {
  bool found = false;
  // What cannot be listed is no reason to refuse a directory, and nothing that it may hold is
  // removed without outlives().
  std::ignore =
      mirror_.disk().list_directory(directory, [&](std::string_view name, store::FileKind kind) {
        if (kind != store::FileKind::kDirectory) return true;
        const auto path = joined(directory, std::string(name));
        const auto there = look(at(path));
        found = (there && store::seems_same_file(*there, wanted)) || lies_below(path, wanted);
        return !found && !environment_.stop.load();
      });
  return found;
}

bool MirrorPlaces::lies_deep(const store::FileIdentity& wanted) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return lies_below(name, wanted); });
}

MirrorPlaces::Where MirrorPlaces::where_is(const store::ReadableDisk& directory,
                                           bool to_the_end) const {
  const auto path = directory.root_path();
  for (const auto& name : names_) {
    if (below(at(name), path)) return Where::kInIt;
  }
  bool is_on_its_disk = below(mirror_.disk().root_path(), path).has_value();
  const auto root = look(mirror_.disk().root_path());
  for (const auto& one : itself_and_parents(path)) {
    const auto identity = look(one);
    if (!identity) continue;
    if (is_place(*identity)) return Where::kInIt;
    const bool is_root = root && store::is_same_file(*identity, *root);
    if (!is_root && has_our_marker(one)) return Where::kInIt;
    is_on_its_disk = is_on_its_disk || is_root;
  }
  const auto itself = look(path);
  const bool may_be_deep = root && itself && !is_on_its_disk && itself->device == root->device;
  if (itself && (to_the_end || may_be_deep) && lies_deep(*itself)) return Where::kInIt;
  return is_on_its_disk ? Where::kOnItsDisk : Where::kElsewhere;
}

std::vector<std::string> MirrorPlaces::paths_below(const store::ReadableDisk& directory) const {
  std::vector<std::string> paths;
  for (const auto& name : names_) {
    if (const auto path = below(directory.root_path(), at(name))) paths.push_back(*path);
  }
  return paths;
}

// Two names of one file in one directory would be one name, seen twice.
store::Result<bool> MirrorPlaces::outlives(const std::string& archive_path,
                                           const std::string& path) const {
  if (!environment_.file_identity) return true;
  const auto archive = identity_of(at(archive_path));
  if (!archive) return archive.error();
  const auto file = identity_of(path);
  if (!file) return file.error();
  if (!store::seems_same_file(*archive, *file)) return true;
  if (!store::is_same_file(*archive, *file) || archive->names < 2) return false;
  const auto its_directory = identity_of(at(store::parent_of(archive_path)));
  if (!its_directory) return its_directory.error();
  const auto directory = identity_of(itself_and_parents(path).at(1));
  if (!directory) return directory.error();
  return !store::is_same_file(*its_directory, *directory);
}

}  // namespace agent
