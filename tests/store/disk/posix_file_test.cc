#include "store/disk/posix_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>

#include "tests/store/disk/posix_fixture.h"

using posix_test::bytes_of;
using posix_test::mode_of;
using posix_test::open_disk;
using posix_test::open_either_way;
using store::ErrorKind;
using store::OpenMode;
using test::TempDir;
using test::with_refused;

TEST_CASE("what is written to a file can be read back, and reading ends with the file") {
  const TempDir dir;
  const auto disk = open_either_way(dir.path());
  if (!disk) return;
  auto file = disk->open("data", OpenMode::kCreateNew);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, bytes_of("hello")));
  REQUIRE((*file)->write_at(5, bytes_of(" world")));
  REQUIRE((*file)->sync());
  (*file)->drop_cache();

  std::string text(32, '.');
  CHECK((*file)->read_at(6, std::as_writable_bytes(std::span(text))) == 5U);
  CHECK(text.substr(0, 5) == "world");
  CHECK((*file)->read_at(11, std::as_writable_bytes(std::span(text))) == 0U);
  CHECK((*file)->size() == 11U);
  REQUIRE((*file)->truncate(4));
  CHECK((*file)->size() == 4U);
  CHECK(test::read_file(dir / "data") == "hell");
  // Also where nothing was written through this opening.
  auto again = disk->open("data", OpenMode::kReadWrite);
  REQUIRE(again);
  CHECK((*again)->size() == 4U);
  REQUIRE((*again)->truncate(1));
  CHECK((*again)->size() == 1U);
}

TEST_CASE("an offset beyond four gigabytes is not cut to 32 bits") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  auto file = disk->open("sparse", OpenMode::kCreateNew);
  REQUIRE(file);
  const std::uint64_t offset = (1ULL << 32) + 7;
  REQUIRE((*file)->write_at(offset, bytes_of("far")));
  CHECK((*file)->size() == offset + 3);
  std::array<std::byte, 3> got{};
  CHECK((*file)->read_at(offset, got) == 3U);
  CHECK(got[0] == std::byte{'f'});
}

TEST_CASE("finished files are 0440 and unfinished ones 0640") {
  const TempDir dir;
  test::write_file(dir / "file", "");
  const auto disk = open_disk(dir.path());
  REQUIRE(disk->set_finished("file", true));
  CHECK(mode_of(dir / "file") == 0440);
  REQUIRE(disk->set_finished("file", false));
  CHECK(mode_of(dir / "file") == 0640);
  CHECK(disk->set_finished("none", true).error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(disk->weakness().no_permissions);
}

TEST_CASE("an open file is finished, and can still be written to by whoever has opened it") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  const auto file = disk->open("file", OpenMode::kCreate).value();
  CHECK(mode_of(dir / "file") == 0640);
  REQUIRE(file->finish());
  CHECK(mode_of(dir / "file") == 0440);
  CHECK(file->write_at(0, std::as_bytes(std::span(std::string_view("content")))));
  CHECK(test::read_file(dir / "file") == "content");
}

TEST_CASE("what is read back is what the file holds, whatever was written before") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  const std::string content = std::string(5000, 'a') + "end";
  {
    const auto file = disk->open("file", OpenMode::kCreate).value();
    REQUIRE(file->write_at(0, std::as_bytes(std::span(content))));
    REQUIRE(file->sync());
  }
  const auto back = disk->open("file", OpenMode::kReadBack).value();
  CHECK(back->size() == content.size());
  back->drop_cache();
  std::string odd(content.size() - 3, ' ');  // where nothing is aligned
  CHECK(back->read_at(3, std::as_writable_bytes(std::span(odd))) == odd.size());
  CHECK(odd == content.substr(3));
  CHECK(disk->open("none", OpenMode::kReadBack).error().kind == ErrorKind::kNotFound);
  REQUIRE(disk->make_directory("d"));
  CHECK(disk->open("d", OpenMode::kReadBack).error().kind == ErrorKind::kExists);
}

TEST_CASE("the time of a file can be set, and never that of what a symbolic link leads to") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  test::write_file(dir / "a/file", "content");
  test::write_file(dir / "other", "content");
  REQUIRE(::symlink("../other", (dir / "a/link").c_str()) == 0);
  const std::chrono::sys_seconds time{std::chrono::seconds{1'767'225'600}};
  REQUIRE(disk->set_modified("a/file", time));
  REQUIRE(disk->set_modified("a/link", time));
  struct stat info {};
  REQUIRE(::stat((dir / "a/file").c_str(), &info) == 0);
  CHECK(info.st_mtime == 1'767'225'600);
  CHECK(info.st_mtim.tv_nsec == 0);
  REQUIRE(::stat((dir / "other").c_str(), &info) == 0);
  CHECK(info.st_mtime != 1'767'225'600);
  const auto missing = disk->set_modified("a/missing", time);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a file may be from after 2038, when 32 bits of seconds are over") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  test::write_file(dir / "file", "content");
  REQUIRE(
      disk->set_modified("file", std::chrono::sys_seconds{std::chrono::seconds{3'829'000'089}}));
  struct stat info {};
  REQUIRE(::stat((dir / "file").c_str(), &info) == 0);
  CHECK(info.st_mtime == 3'829'000'089);
  CHECK(disk->stat("file"));
  CHECK(disk->open("file", OpenMode::kRead));
}

TEST_CASE("a failed sync condemns its file") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  const auto failed =
      with_refused({{SYS_fsync, EIO}, {SYS_fdatasync, EIO}}, [&] { return (*file)->sync(); });
  if (!failed) {
    WARN("SKIPPED: system calls cannot be refused here");
    return;
  }
  CHECK(failed->error().kind == ErrorKind::kIo);
  // The kernel would say yes now.
  CHECK((*file)->sync().error().error_number == EIO);
}

TEST_CASE("a file that cannot grow is kNoSpace, and not half a success") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{4096, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  // The system writes the first 4096 bytes and says so: a short write.
  const auto written = (*file)->write_at(0, std::vector<std::byte>(6000));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, old_handler);
  REQUIRE_FALSE(written);
  CHECK(written.error().kind == ErrorKind::kNoSpace);
  CHECK((*file)->size() == 4096U);
}

TEST_CASE("dropping the cache makes the next read come from the device") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  if (disk->filesystem_name() == "tmpfs") {
    WARN("SKIPPED: tmpfs is nothing but cache");
    return;
  }
  constexpr std::size_t kSizeBytes = 1024 * 1024;
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, std::vector<std::byte>(kSizeBytes, std::byte{1})));
  REQUIRE((*file)->sync());

  const auto cached_pages = [&] {
    const int fd = ::open((dir / "file").c_str(), O_RDWR);
    void* const map = ::mmap(nullptr, kSizeBytes, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(map != MAP_FAILED);
    std::vector<unsigned char> pages(kSizeBytes / 4096);
    REQUIRE(::mincore(map, kSizeBytes, pages.data()) == 0);
    ::munmap(map, kSizeBytes);
    ::close(fd);
    return std::count_if(pages.begin(), pages.end(), [](auto page) { return (page & 1) != 0; });
  };
  REQUIRE(cached_pages() > 0);
  (*file)->drop_cache();
  CHECK(cached_pages() == 0);
}

TEST_CASE("past the cache every read is right, also one that the device cannot serve at once") {
  const TempDir dir;
  const auto disk = open_disk(dir.path());
  const std::size_t size_bytes = GENERATE(1U, 4096U, 12345U);
  const std::size_t offset = GENERATE(0U, 1U, 4096U, 20000U);
  const std::size_t wanted_bytes = GENERATE(1U, 4096U, 8192U, 100U);
  const std::size_t shift = GENERATE(0U, 8U);
  CAPTURE(size_bytes, offset, wanted_bytes, shift);
  std::vector<std::byte> content(size_bytes);
  for (std::size_t i = 0; i < size_bytes; ++i) content[i] = static_cast<std::byte>(i * 7 / 3);
  auto file = disk->open("file", OpenMode::kCreateNew);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, content));
  REQUIRE((*file)->sync());
  (*file)->drop_cache();

  alignas(store::kDirectBytes) std::array<std::byte, 8192 + 8> buffer{};
  const std::span into(buffer.data() + shift, wanted_bytes);
  const auto got = (*file)->read_at(offset, into);
  REQUIRE(got);
  const auto expected =
      offset < size_bytes ? std::min(wanted_bytes, size_bytes - offset) : std::size_t{0};
  REQUIRE(*got == expected);
  CHECK(std::equal(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(expected),
                   content.begin() + static_cast<std::ptrdiff_t>(std::min(offset, size_bytes))));

  // Writing and reading go on as before.
  REQUIRE((*file)->write_at(0, std::vector<std::byte>(1, std::byte{42})));
  REQUIRE((*file)->read_at(0, into.first(1)));
  CHECK(into.front() == std::byte{42});
}
