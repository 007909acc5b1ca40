#include "store/disk/system_file.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "store/disk/posix_call.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

TEST_CASE("a system file is read whole, and its absence is no error") {
  const test::TempDir dir;
  CHECK_FALSE(store::read_system_file(dir / "none").value().has_value());
  REQUIRE(store::replace_system_file(dir / "f", "content"));
  REQUIRE(store::replace_system_file(dir / "f", "newer"));
  CHECK(store::read_system_file(dir / "f").value() == "newer");
}

TEST_CASE("a pipe or directory in the place of a system file is refused and keeps nobody waiting") {
  const test::TempDir dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  const auto fifo = store::read_system_file(dir / "fifo");
  REQUIRE_FALSE(fifo);
  CHECK(store::describe(fifo.error()).ends_with("fifo: it is not a regular file"));
  CHECK_FALSE(store::read_system_file(dir.path()));
  CHECK_FALSE(store::read_system_file("/dev/zero"));
}

namespace {

mode_t kind_at(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & S_IFMT;
}

// The device that forgets; false where nobody lets us make one.
bool make_device(const std::string& path) {
  return ::mknod(path.c_str(), S_IFCHR | 0666, ::makedev(1, 3)) == 0;
}

void make_socket(const std::string& path) {
  const store::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(&address.sun_path[0], path.size());
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

std::string refusal(const store::Status& status) {
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == store::ErrorKind::kExists);
  return store::describe(status.error());
}

std::size_t names_in(const std::string& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) ++count;
  return count;
}

}  // namespace

TEST_CASE("what is no file is not replaced by one") {
  const test::TempDir dir;
  const auto path = dir / "it";
  std::string what;
  SECTION("a pipe") {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    what = "a pipe";
  }
  SECTION("a socket") {
    make_socket(path);
    what = "a socket";
  }
  SECTION("a directory") {
    std::filesystem::create_directory(path);
    what = "a directory";
  }
  SECTION("a device") {
    if (!make_device(path)) {
      WARN("SKIPPED: only root makes devices");
      return;
    }
    what = "a device";
  }
  const auto before = kind_at(path);
  const auto said = "\"" + path + "\" is " + what + ", not a file";
  CHECK(refusal(store::replace_system_file(path, "content")) == said);
  const auto staged = store::stage_system_file(path, "content");
  REQUIRE_FALSE(staged);
  CHECK(store::describe(staged.error()) == said);
  const auto link = dir / "link";
  REQUIRE(::symlink("it", link.c_str()) == 0);
  CHECK(refusal(store::replace_system_file(link, "content")) ==
        "\"" + link + "\" is " + what + ", not a file");
  CHECK(kind_at(path) == before);
  CHECK(kind_at(link) == S_IFLNK);
  CHECK(names_in(dir.path()) == 2);
}

TEST_CASE("what a link leads to is replaced, and not the link") {
  const test::TempDir dir;
  std::filesystem::create_directory(dir / "there");
  REQUIRE(::symlink("second", (dir / "first").c_str()) == 0);
  REQUIRE(::symlink((dir / "there/file").c_str(), (dir / "second").c_str()) == 0);
  // It leads to nothing yet.
  REQUIRE(store::replace_system_file(dir / "first", "content"));
  CHECK(test::read_file(dir / "there/file") == "content");
  REQUIRE(store::replace_system_file(dir / "first", "newer"));
  CHECK(test::read_file(dir / "there/file") == "newer");
  REQUIRE(store::write_named_file(dir / "first", "newest"));
  CHECK(test::read_file(dir / "there/file") == "newest");
  CHECK(kind_at(dir / "first") == S_IFLNK);
  CHECK(kind_at(dir / "second") == S_IFLNK);
  CHECK(names_in(dir / "there") == 1);

  REQUIRE(::symlink("no/such", (dir / "lost").c_str()) == 0);
  CHECK_FALSE(store::replace_system_file(dir / "lost", "content"));
  CHECK_FALSE(std::filesystem::exists(dir / "no"));
  REQUIRE(::symlink("round", (dir / "round").c_str()) == 0);
  CHECK_FALSE(store::replace_system_file(dir / "round", "content"));
}

TEST_CASE("root does not follow the link of another user") {
  const test::TempDir dir;
  test::write_file(dir / "precious", "precious");
  REQUIRE(::symlink("precious", (dir / "link").c_str()) == 0);
  if (::lchown((dir / "link").c_str(), 4242, 4242) != 0) {
    WARN("SKIPPED: only root gives a link away");
    return;
  }
  const auto refused = store::replace_system_file(dir / "link", "content");
  REQUIRE_FALSE(refused);
  CHECK(store::describe(refused.error()) ==
        "\"" + (dir / "link") + "\" is another user's link: name what it leads to");
  CHECK_FALSE(store::write_named_file(dir / "link", "content"));
  CHECK(test::read_file(dir / "precious") == "precious");
}

TEST_CASE("a pipe or device that a person names is written into, and waits for nobody") {
  const test::TempDir dir;
  const auto path = dir / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  REQUIRE(::symlink("fifo", (dir / "link").c_str()) == 0);
  const auto unread = store::write_named_file(path, "content");
  REQUIRE_FALSE(unread);
  CHECK(store::describe(unread.error()) == "\"" + path + "\" is a pipe that nobody reads");
  const store::UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(store::write_named_file(dir / "link", "content"));
  std::array<char, 64> got{};
  const auto count = ::read(reader.get(), got.data(), got.size());
  REQUIRE(count == 7);
  CHECK(std::string(got.data(), 7) == "content");
  CHECK(kind_at(path) == S_IFIFO);
  if (!make_device(dir / "null")) return;
  REQUIRE(store::write_named_file(dir / "null", "content"));
  CHECK(kind_at(dir / "null") == S_IFCHR);
}

TEST_CASE("an open file that a person names is gone on with, and never replaced") {
  const test::TempDir dir;
  const auto path = dir / "output";
  test::write_file(path, "before ");
  const store::UniqueFd open(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  const auto link = dir / "link";
  REQUIRE(::symlink(("/proc/self/fd/" + std::to_string(open.get())).c_str(), link.c_str()) == 0);
  CHECK(refusal(store::replace_system_file(link, "content")) ==
        "\"" + link + "\" is a link to an open file, not a file");
  REQUIRE(store::write_named_file(link, "after"));
  CHECK(test::read_file(path) == "before after");
  CHECK(kind_at(link) == S_IFLNK);
  CHECK(names_in(dir.path()) == 2);
}

TEST_CASE("a pipe that waits where the new file is written is no trap") {
  const test::TempDir dir;
  const auto temporary = dir / ("f." + std::to_string(::getpid()) + ".new");
  REQUIRE(::mkfifo(temporary.c_str(), 0666) == 0);
  REQUIRE(store::replace_system_file(dir / "f", "content"));
  CHECK(store::read_system_file(dir / "f").value() == "content");
}

TEST_CASE(
    "a directory that is missing is made for all to read, whatever the umask, but not its parent") {
  const test::TempDir dir;
  const auto before = ::umask(0077);
  const auto made = store::replace_system_file(dir / "state/status.json", "content");
  const auto deeper = store::replace_system_file(dir / "no/such/status.json", "content");
  ::umask(before);
  REQUIRE(made);
  CHECK(store::read_system_file(dir / "state/status.json").value() == "content");
  struct stat status {};
  REQUIRE(::stat((dir / "state").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0755);
  REQUIRE_FALSE(deeper);
  CHECK(store::describe(deeper.error()) ==
        "make the directory " + (dir / "no/such") + ": No such file or directory");
}

TEST_CASE("a staged file has its name with place(), and without it leaves nothing behind") {
  const test::TempDir dir;
  const auto path = dir / "etc/holdfast.conf";
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(dir / "etc")) {
      found.push_back(entry.path().filename());
    }
    return found;
  };
  REQUIRE(store::stage_system_file(path, "dropped"));
  CHECK(names().empty());
  {
    auto staged = store::stage_system_file(path, "content");
    REQUIRE(staged);
    CHECK_FALSE(std::filesystem::exists(path));
    REQUIRE(staged->place());
  }
  CHECK(names() == std::vector<std::string>{"holdfast.conf"});
  CHECK(test::read_file(path) == "content");
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0640);
  REQUIRE(::stat((dir / "etc").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0750);
}

TEST_CASE("a staged file replaces what was there when it was staged, and nothing that came since") {
  const test::TempDir dir;
  const auto path = dir / "holdfast.conf";
  auto early = store::stage_system_file(path, "ours");
  REQUIRE(early);
  test::write_file(path, "somebody's");
  const auto refused = early->place();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == store::ErrorKind::kExists);
  CHECK(test::read_file(path) == "somebody's");

  REQUIRE(::chmod(path.c_str(), 0604) == 0);
  REQUIRE(::symlink(path.c_str(), (dir / "link").c_str()) == 0);
  auto staged = store::stage_system_file(dir / "link", "ours");
  REQUIRE(staged);
  REQUIRE(staged->place());
  CHECK(test::read_file(path) == "ours");
  CHECK(std::filesystem::is_symlink(dir / "link"));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0604);
}
