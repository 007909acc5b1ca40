#include "s3client/credentials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <string_view>
#include <system_error>

#include "s3client/ascii.h"

namespace s3 {
namespace {

Error bad_credentials(std::string message) {
  return Error{ErrorKind::kBadCredentials, 0, "", std::move(message), ""};
}

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int error_number) {
  return std::error_code(error_number, std::generic_category()).message();
}

Result<void> check_safe(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) {
    return bad_credentials(fmt::format("{}: not a regular file; name a credentials file", path));
  }
  if ((status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return bad_credentials(
        fmt::format("{}: open to every user of this machine; chmod 600 it", path));
  }
  if ((status.st_mode & S_IWGRP) != 0) {
    return bad_credentials(fmt::format("{}: its group can write it; chmod 600 it", path));
  }
  return {};
}

Result<Secret> read_all(const std::string& path) {
  constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;
  // Non-blocking, for a named pipe would keep open() waiting; a regular file does not care.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return bad_credentials(
        fmt::format("{}: {}; create it, readable to the user that runs this, with "
                    "aws_access_key_id and aws_secret_access_key",
                    path, reason(errno)));
  }
  if (auto safe = check_safe(path, status); !safe) return safe.error();
  std::string text(kMaxBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return bad_credentials(fmt::format("{}: {}", path, reason(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxBytes) {
    return bad_credentials(fmt::format("{}: too large for a credentials file", path));
  }
  text.resize(size);
  return Secret(std::move(text));
}

void set_value(Credentials& credentials, std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string name = lower_case(trim(line.substr(0, equals)));
  std::string value(trim(line.substr(equals + 1)));
  if (name == "aws_access_key_id") {
    credentials.access_key_id = std::move(value);
  } else if (name == "aws_secret_access_key") {
    credentials.secret_access_key = Secret(std::move(value));
  } else if (name == "aws_session_token") {
    credentials.session_token = Secret(std::move(value));
  }
}

/// nullopt: there is no such profile.
std::optional<Credentials> parse_profile(std::string_view text, std::string_view profile) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::optional<Credentials> found;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = line.back() == ']' && trim(line.substr(1, line.size() - 2)) == profile;
      if (inside && !found) found.emplace();
    } else if (inside) {
      set_value(*found, line);
    }
  }
  return found;
}

/// They become parts of HTTP headers.
bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<Credentials> checked(Credentials credentials, const std::string& origin) {
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    const char* missing = credentials.access_key_id.empty() ? "access key id" : "secret access key";
    return bad_credentials(fmt::format("{}: it has no {}; add it", origin, missing));
  }
  if (!is_visible_ascii(credentials.access_key_id) ||
      !is_visible_ascii(credentials.secret_access_key.reveal()) ||
      !is_visible_ascii(credentials.session_token.reveal())) {
    return bad_credentials(
        fmt::format("{}: a value has spaces or strange characters in it; copy it again", origin));
  }
  credentials.origin = origin;
  return credentials;
}

Result<Credentials> load_file(const std::string& path, const std::string& profile) {
  const auto text = read_all(path);
  if (!text) return text.error();
  auto found = parse_profile(text->reveal(), profile);
  if (!found) {
    return bad_credentials(fmt::format("{}: it has no profile [{}]; add it", path, profile));
  }
  return checked(*std::move(found), fmt::format("{}, profile [{}]", path, profile));
}

// Our unit hands this to a service for which there is no file.
constexpr std::string_view kNoKey = "\n";

bool has_key(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_size > off_t{kNoKey.size()};
}

// The file of systemd's, or the source's own, that has the key; nullopt when none has. The unit
// hands "holdfast" to all sources, also to those that name another file; and where that can be read
// it is the one that a pull by hand takes.
std::optional<std::string> special_file(const std::string& directory,
                                        const CredentialsSource& source) {
  if (directory.empty()) return std::nullopt;
  std::string of_source = fmt::format("{}/{}", directory, source.source_name);
  if (!source.source_name.empty() && ::access(of_source.c_str(), F_OK) == 0) return of_source;
  if (source.has_own_file && ::access(source.credentials_file.c_str(), R_OK) == 0) {
    return source.credentials_file;
  }
  std::string of_all = fmt::format("{}/holdfast", directory);
  if (has_key(of_all)) return of_all;
  return std::nullopt;
}

}  // namespace

Secret::~Secret() {
  // All of the buffer: what a move left behind lies beyond size().
  value_.resize(value_.capacity());
  ::explicit_bzero(value_.data(), value_.size());
}

std::ostream& operator<<(std::ostream& out, const Secret& secret) {
  return out << format_as(secret);
}

Result<Credentials> load_credentials(const CredentialsSource& source) {
  const auto variable = [&](const char* name) {
    return source.environment ? source.environment(name).value_or("") : std::string{};
  };
  std::string key_id = variable("AWS_ACCESS_KEY_ID");
  Secret secret(variable("AWS_SECRET_ACCESS_KEY"));
  if (!key_id.empty() || !secret.empty()) {
    return checked({std::move(key_id), std::move(secret), Secret(variable("AWS_SESSION_TOKEN"))},
                   "the AWS_* environment variables");
  }
  std::string profile = variable("AWS_PROFILE");
  if (profile.empty()) profile = source.profile;
  if (const auto path = special_file(variable("CREDENTIALS_DIRECTORY"), source)) {
    return load_file(*path, profile);
  }
  std::string path = variable("AWS_SHARED_CREDENTIALS_FILE");
  if (path.empty()) path = source.credentials_file;
  return load_file(path, profile);
}

std::optional<std::string> process_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace s3
