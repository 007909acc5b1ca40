#include "store/content/disk_marker.h"

#include <chrono>

#include "store/disk/posix_disk.h"
#include "tests/support/catch.h"
#include "tests/support/forwarding_disk.h"
#include "tests/support/temp_dir.h"

using store::ErrorKind;
using test::TempDir;

namespace {

constexpr std::string_view kId = "0b9c6d3e-7f10-4a2b-8c3d-0123456789ab";
const std::chrono::sys_seconds kNow{std::chrono::seconds{1767225600}};  // 2026-01-01T00:00:00Z

std::unique_ptr<store::Disk> open_disk(const std::string& path) {
  auto disk = store::open_posix_disk(path);
  REQUIRE(disk);
  return std::move(*disk);
}

// Remembers what was done in which order.
class RecordingDisk : public test::ForwardingDisk {
 public:
  using ForwardingDisk::ForwardingDisk;
  store::Status rename_no_replace(std::string_view from, std::string_view to) override {
    done.push_back("rename to " + std::string(to));
    return ForwardingDisk::rename_no_replace(from, to);
  }
  store::Status sync_directory(std::string_view path) override {
    done.push_back("sync " + std::string(path));
    if (fail_sync) return tl::unexpected(store::error_from_errno(EIO, "sync", path));
    return ForwardingDisk::sync_directory(path);
  }
  std::vector<std::string> done;
  bool fail_sync = false;
};

}  // namespace

TEST_CASE("the marker that was written is the marker that is read") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  CHECK(store::read_marker(*disk).value() == std::nullopt);
  const auto written = store::write_marker(*disk, kNow);
  REQUIRE(written);
  CHECK(written->created_at == "2026-01-01T00:00:00Z");
  CHECK(written->format == 1);
  const auto read = store::read_marker(*disk);
  REQUIRE(read);
  REQUIRE(*read);
  CHECK((*read)->id == written->id);
  CHECK((*read)->created_at == written->created_at);
  CHECK((*read)->format == 1);
  CHECK_FALSE(std::filesystem::exists(dir / ".holdfast/disk.json.new"));
}

TEST_CASE("every disk gets an id of its own, a random UUID") {
  const TempDir one;
  const TempDir other;
  const auto first = store::write_marker(*open_disk(one.path()), kNow);
  const auto second = store::write_marker(*open_disk(other.path()), kNow);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->id != second->id);
  CHECK(first->id.size() == 36);
  CHECK(first->id[14] == '4');
  CHECK(std::string("89ab").find(first->id[19]) != std::string::npos);
}

TEST_CASE("a disk that has a marker keeps it") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  REQUIRE(store::write_marker(*disk, kNow));
  const std::string before = test::read_file(dir / ".holdfast/disk.json");
  CHECK(store::write_marker(*disk, kNow).error().kind == ErrorKind::kExists);
  CHECK(test::read_file(dir / ".holdfast/disk.json") == before);
  CHECK_FALSE(std::filesystem::exists(dir / ".holdfast/disk.json.new"));
}

TEST_CASE("what a crash left of an earlier attempt does not get into the marker") {
  const TempDir dir;
  test::write_file(dir / ".holdfast/disk.json.new", std::string(1000, 'x'));
  const auto disk = open_disk(dir.path());
  const auto written = store::write_marker(*disk, kNow);
  REQUIRE(written);
  CHECK(store::read_marker(*disk).value()->id == written->id);
}

TEST_CASE("the marker and its directory are durable before it is said to be written") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  RecordingDisk recording(*disk);
  REQUIRE(store::write_marker(recording, kNow));
  CHECK(recording.done ==
        std::vector<std::string>{"rename to .holdfast/disk.json", "sync .holdfast", "sync "});

  const TempDir failing_dir;
  const auto failing_disk = open_disk(failing_dir.path());
  RecordingDisk failing(*failing_disk);
  failing.fail_sync = true;
  CHECK(store::write_marker(failing, kNow).error().kind == ErrorKind::kIo);
}

TEST_CASE("a marker that is damaged or from a newer holdfast is never taken for none") {
  const std::string id = "\"id\": \"" + std::string(kId) + "\"";
  const std::string text = GENERATE_COPY(values<std::string>({
      "",
      "{",
      "[]",
      "null",
      "{}",
      "{" + id + ", \"created_at\": \"t\"}",
      "{" + id + ", \"created_at\": \"t\", \"format\": \"1\"}",
      "{" + id + ", \"created_at\": \"t\", \"format\": 0}",
      "{" + id + ", \"created_at\": \"t\", \"format\": 1.5}",
      "{" + id + ", \"created_at\": 7, \"format\": 1}",
      "{" + id + ", \"format\": 1}",
      R"({"created_at": "t", "format": 1})",
      R"({"id": "disk", "created_at": "t", "format": 1})",
      R"({"id": "0B9C6D3E-7F10-4A2B-8C3D-0123456789AB", "created_at": "t", "format": 1})",
      "{" + id + ", \"created_at\": \"t\", \"format\": 2}",
      "{" + id + ", \"created_at\": \"t\", \"format\": 18446744073709551615}",
  }));
  CAPTURE(text);
  const TempDir dir;
  test::write_file(dir / ".holdfast/disk.json", text);
  const auto disk = open_disk(dir.path());
  CHECK(store::read_marker(*disk).error().kind == ErrorKind::kCorrupt);
  CHECK(store::write_marker(*disk, kNow).error().kind == ErrorKind::kExists);
}

TEST_CASE("a marker that is damaged says how to come by a new one") {
  const auto [text, remedy] = GENERATE(
      table<std::string, std::string>({{"{\"id\": \"0b9c", "move it away and run 'holdfast init'"},
                                       {"{}", "move it away and run 'holdfast init'"},
                                       {"{\"format\": 2}", "install a newer one"}}));
  const TempDir dir;
  test::write_file(dir / ".holdfast/disk.json", text);
  CHECK(store::read_marker(*open_disk(dir.path())).error().detail.find(remedy) !=
        std::string::npos);
}

TEST_CASE("a marker with fields of a later minor change is still read") {
  const TempDir dir;
  test::write_file(dir / ".holdfast/disk.json",
                   "{\"id\": \"" + std::string(kId) +
                       R"(", "created_at": "2026-01-01T00:00:00Z", "format": 1, "label": "x"})");
  const auto disk = open_disk(dir.path());
  CHECK(store::read_marker(*disk).value()->id == kId);
}
