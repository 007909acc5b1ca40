#include "store/content/disk_marker.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <tuple>

#include "store/content/digest.h"
#include "store/content/filesystem_limits.h"
#include "store/content/key_path.h"
#include "store/json.h"

namespace store {
namespace {

constexpr int kFormat = 1;
constexpr std::string_view kNewMarkerPath = ".holdfast/disk.json.new";
constexpr std::string_view kPosixRules = "posix";
constexpr std::string_view kPortableRules = "portable";
constexpr std::size_t kMaxMarkerBytes = 64 * 1024;

Result<std::string> random_uuid() {
  std::array<std::byte, 16> bytes{};
  ssize_t got = -1;
  do {
    got = ::getrandom(bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes.size())) {
    return error_from_errno(errno, "draw a random id for", kMarkerPath);
  }
  bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};  // version 4, variant 10: RFC 9562
  bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  const std::string hex = to_hex(bytes);
  const std::string_view digits = hex;
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !hex) return false;
  }
  return true;
}

Error corrupt(std::string detail) {
  return Error{ErrorKind::kCorrupt, 0, std::string(kMarkerPath), std::move(detail)};
}

// Without one the archives that are there say what to do.
Error damaged(std::string_view fact) {
  return corrupt(
      fmt::format("{}; move it away and run 'holdfast init', which writes a new one for the "
                  "archives that the disk holds",
                  fact));
}

std::optional<NameRules> names_in(const Json& json) {
  const auto* names = json.find("names");
  const auto* name = names != nullptr ? names->text() : nullptr;
  if (name == nullptr) return std::nullopt;
  if (*name == kPosixRules) return NameRules::kPosix;
  return *name == kPortableRules ? std::optional(NameRules::kPortable) : std::nullopt;
}

std::string text_of(const Marker& marker) {
  Json::Object json = {
      {"id", marker.id}, {"created_at", marker.created_at}, {"format", marker.format}};
  if (marker.names) {
    json.emplace_back("names", *marker.names == NameRules::kPosix ? kPosixRules : kPortableRules);
  }
  return Json(std::move(json)).lines(Json::Charset::kUtf8) + "\n";
}

const std::string* text_in(const Json& json, std::string_view name) {
  const auto* member = json.find(name);
  return member != nullptr ? member->text() : nullptr;
}

Result<Marker> parse_marker(std::string_view text) {
  const auto json = Json::parse(text);
  if (!json || json->object() == nullptr) {
    return damaged("the marker of the disk is not valid JSON");
  }
  const auto* member = json->find("format");
  const auto format = member != nullptr ? member->integer() : std::nullopt;
  if (!format || *format < 1) return damaged("the marker of the disk has no format number");
  if (*format > kFormat) {
    return corrupt(
        fmt::format("the disk has format {}, this holdfast knows up to {}; install a newer one",
                    *format, kFormat));
  }
  const auto* id = text_in(*json, "id");
  if (id == nullptr || !is_uuid(*id)) return damaged("the marker of the disk has no valid id");
  const auto* created_at = text_in(*json, "created_at");
  if (created_at == nullptr) {
    return damaged("the marker of the disk does not say when it was made");
  }
  return Marker{*id, *created_at, kFormat, names_in(*json)};
}

Status write_new_marker(Disk& disk, std::string_view text) {
  auto file = disk.open(kNewMarkerPath, OpenMode::kCreate);
  if (!file) return file.error();
  // A crash may have left a longer one.
  if (auto emptied = (*file)->truncate(0); !emptied) return emptied;
  if (auto written = (*file)->write_at(0, std::as_bytes(std::span(text))); !written) return written;
  return (*file)->sync();
}

Status write_durably(Disk& disk, std::string_view text) {
  if (auto written = write_new_marker(disk, text); !written) return written;
  return disk.rename_no_replace(kNewMarkerPath, kMarkerPath);
}

}  // namespace

Result<std::optional<Marker>> read_marker(ReadableDisk& disk) {
  auto file = disk.open_to_read(kMarkerPath);
  if (!file) {
    if (file.error().kind == ErrorKind::kNotFound) return std::nullopt;
    return file.error();
  }
  std::string text(kMaxMarkerBytes, '\0');
  const auto got = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!got) return got.error();
  auto marker = parse_marker(std::string_view(text).substr(0, *got));
  if (!marker) return marker.error();
  return *marker;
}

Result<Marker> new_marker(const Disk& disk, std::chrono::sys_seconds now,
                          std::optional<NameRules> names) {
  auto id = random_uuid();
  if (!id) return id.error();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  return Marker{*std::move(id), fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds)), kFormat,
                names.value_or(name_rules_of(disk.filesystem_name()))};
}

Status place_marker(Disk& disk, const Marker& marker) {
  if (auto made = disk.make_directory(kStateDirectory); !made) return made;
  if (auto written = write_durably(disk, text_of(marker)); !written) {
    // What is left of the attempt is ours, and its removal no part of the answer.
    std::ignore = disk.remove_file(kNewMarkerPath);
    return written;
  }
  for (const std::string_view directory : {kStateDirectory, std::string_view()}) {
    if (auto synced = disk.sync_directory(directory); !synced) return synced;
  }
  return {};
}

Result<Marker> write_marker(Disk& disk, std::chrono::sys_seconds now,
                            std::optional<NameRules> names) {
  auto marker = new_marker(disk, now, names);
  if (!marker) return marker;
  if (auto placed = place_marker(disk, *marker); !placed) return placed.error();
  return marker;
}

Status replace_marker(Disk& disk, const Marker& marker) {
  if (auto written = write_new_marker(disk, text_of(marker)); !written) return written;
  if (auto renamed = disk.rename_replace(kNewMarkerPath, kMarkerPath); !renamed) return renamed;
  return disk.sync_directory(kStateDirectory);
}

}  // namespace store
