#include "tests/stories/mounted_image.h"

#include <fmt/format.h>

#include <filesystem>

#include "tests/support/program.h"

namespace story {
namespace {

bool succeeds(std::vector<std::string> words) {
  return test::run_program({std::move(words)}).status == 0;
}

}  // namespace

std::unique_ptr<MountedImage> MountedImage::make(const test::TempDir& dir, const std::string& name,
                                                 std::uint64_t size_mib) {
  const auto image = dir / (name + ".img");
  const auto size = fmt::format("{}M", size_mib);
  const bool made =
      succeeds({"/bin/sh", "-c",
                "PATH=$PATH:/usr/sbin:/sbin; truncate -s \"$2\" \"$1\" && mkfs.ext4 -q \"$1\"",
                "sh", image, size});
  return made ? mount(image, dir / name, "rw") : nullptr;
}

std::unique_ptr<MountedImage> MountedImage::mount(const std::string& image, const std::string& at,
                                                  const std::string& options) {
  std::filesystem::create_directories(at);
  if (!succeeds({"mount", "-o", "loop," + options, image, at})) return nullptr;
  return std::unique_ptr<MountedImage>(new MountedImage(image, at));
}

MountedImage::~MountedImage() { succeeds({"umount", path_}); }

bool MountedImage::remount(const std::string& options) const {
  return succeeds({"mount", "-o", "remount," + options, path_});
}

// The device's counters of writes begun, done and under way.
std::string MountedImage::writes_seen() const {
  return test::run_program({{"/bin/sh", "-c",
                             "d=$(findmnt -n -o SOURCE \"$1\") && "
                             "awk '{print $5, $7, $9, $12, $16}' \"/sys/block/${d#/dev/}/stat\"",
                             "sh", path_}})
      .out;
}

bool MountedImage::copy_at_one_moment(const std::string& to) const {
  constexpr int kMostTries = 50;
  for (int tries = 0; tries < kMostTries; ++tries) {
    const auto before = writes_seen();
    if (!succeeds({"cp", "--sparse=always", image_, to})) return false;
    const auto after = writes_seen();
    if (!before.empty() && before == after) return true;
  }
  return false;
}

}  // namespace story
