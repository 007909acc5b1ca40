#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/support/fake_s3.h"

namespace {

struct Arguments {
  fake_s3::Options server;
  std::uint64_t synthetic_keys = 0;
  std::string bucket = "backups";
  std::string port_file;
  std::vector<std::string> users;
  std::string tls_cert;
  std::string tls_key;
  std::vector<std::string> lies;
  std::int64_t clock_offset_seconds = 0;
};

tl::expected<fake_s3::User, std::string> parse_user(const std::string& text) {
  const auto first = text.find(':');
  const auto last = text.rfind(':');
  const std::string role = last == std::string::npos ? "" : text.substr(last + 1);
  if (first == last || (role != "ro" && role != "rw")) {
    return tl::unexpected<std::string>("--user wants ID:SECRET:ro or ID:SECRET:rw");
  }
  return fake_s3::User{text.substr(0, first), text.substr(first + 1, last - first - 1),
                       role == "rw"};
}

tl::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return tl::unexpected("cannot read " + path);
  return text.str();
}

tl::expected<std::vector<fake_s3::Lie>, std::string> parse_lies(
    const std::vector<std::string>& texts) {
  std::vector<fake_s3::Lie> lies;
  for (const std::string& text : texts) {
    auto lie = fake_s3::parse_lie(text);
    if (!lie) return tl::unexpected(lie.error());
    lies.push_back(std::move(*lie));
  }
  return lies;
}

tl::expected<fake_s3::Options, std::string> server_options(const Arguments& arguments) {
  fake_s3::Options options = arguments.server;
  options.clock_offset = std::chrono::seconds(arguments.clock_offset_seconds);
  if (!arguments.users.empty()) options.users.clear();
  for (const std::string& text : arguments.users) {
    const auto user = parse_user(text);
    if (!user) return tl::unexpected(user.error());
    options.users.push_back(*user);
  }
  if (arguments.tls_cert.empty()) return options;
  const auto certificate = read_file(arguments.tls_cert);
  const auto key = read_file(arguments.tls_key);
  if (!certificate) return tl::unexpected(certificate.error());
  if (!key) return tl::unexpected(key.error());
  options.tls = fake_s3::TlsIdentity{*certificate, *key};
  return options;
}

tl::expected<std::unique_ptr<fake_s3::Server>, std::string> start(const Arguments& arguments) {
  auto lies = parse_lies(arguments.lies);
  if (!lies) return tl::unexpected(lies.error());
  auto options = server_options(arguments);
  if (!options) return tl::unexpected(options.error());
  auto server = fake_s3::Server::start(std::move(*options));
  if (!server) return server;
  if (arguments.synthetic_keys > 0) {
    (*server)->make_synthetic_bucket(arguments.bucket, arguments.synthetic_keys);
  } else if (arguments.server.root.empty()) {
    (*server)->make_bucket(arguments.bucket);
  }
  for (fake_s3::Lie& lie : *lies) (*server)->lie(std::move(lie));
  return server;
}

// By rename, so that who waits for the file never reads half a number.
bool write_port(const std::string& path, std::uint16_t port) {
  const std::string unfinished = path + ".new";
  std::ofstream file(unfinished);
  file << port << '\n';
  file.close();
  return file.good() && std::rename(unfinished.c_str(), path.c_str()) == 0;
}

using Taken = tl::expected<void, std::string>;

struct Option {
  const char* name;
  const char* value;
  const char* help;
  std::function<Taken(Arguments& arguments, const std::string& value)> set;
};

// An option whose value is kept as it is.
template <typename Member>
std::function<Taken(Arguments&, const std::string&)> keep(Member member) {
  return [member](Arguments& arguments, const std::string& value) -> Taken {
    member(arguments) = value;
    return {};
  };
}

template <typename Member>
std::function<Taken(Arguments&, const std::string&)> number(Member member) {
  return [member](Arguments& arguments, const std::string& value) -> Taken {
    auto& into = member(arguments);
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), into);
    if (error == std::errc() && end == value.data() + value.size()) return {};
    return tl::unexpected("it wants a number, not " + value);
  };
}

template <typename Member>
std::function<Taken(Arguments&, const std::string&)> append(Member member) {
  return [member](Arguments& arguments, const std::string& value) -> Taken {
    member(arguments).push_back(value);
    return {};
  };
}

const std::vector<Option>& options() {
  static const std::vector<Option> kOptions = {
      {"root", "DIR",
       "Serve this directory: its directories are the buckets, their files the objects, read anew "
       "for every request",
       keep([](Arguments & a) -> auto& { return a.server.root; })},
      {"synthetic-keys", "N", "Serve this many generated keys, backup-0000001.tar.zst and on",
       number([](Arguments & a) -> auto& { return a.synthetic_keys; })},
      {"bucket", "NAME", "The bucket of the generated keys, or an empty one in memory [backups]",
       keep([](Arguments & a) -> auto& { return a.bucket; })},
      {"port", "N", "0: the system chooses [0]",
       number([](Arguments & a) -> auto& { return a.server.port; })},
      {"port-file", "FILE", "Write the port number there",
       keep([](Arguments & a) -> auto& { return a.port_file; })},
      {"user", "ID:SECRET:ro|rw",
       "An access key that may only read (ro) or also write (rw); may be repeated [one of each]",
       append([](Arguments & a) -> auto& { return a.users; })},
      {"region", "R", "[us-east-1]", keep([](Arguments & a) -> auto& { return a.server.region; })},
      {"tls-key", "FILE", "With --tls-cert",
       keep([](Arguments & a) -> auto& { return a.tls_key; })},
      {"tls-cert", "FILE", "Speak TLS (PEM)",
       keep([](Arguments & a) -> auto& { return a.tls_cert; })},
      {"lie", "KIND:METHOD:KEY:ARG[:COUNT]",
       "Answer wrongly, e.g. truncate:GET:db.tar:1000:1 or error:GET:listing:503/SlowDown:2; "
       "METHOD "
       "and KEY may be *, COUNT is N, FROM+N or always; tests/support/lies.h lists the kinds; may "
       "be "
       "repeated",
       append([](Arguments & a) -> auto& { return a.lies; })},
      {"journal", "FILE", "Append one JSON object for each request",
       keep([](Arguments & a) -> auto& { return a.server.journal_file; })},
      {"clock-offset", "SECONDS", "The server's clock minus the true time",
       number([](Arguments & a) -> auto& { return a.clock_offset_seconds; })},
      {"bytes-per-second", "N", "The rate of each connection",
       number([](Arguments & a) -> auto& { return a.server.bytes_per_second; })},
  };
  return kOptions;
}

void print_help() {
  fmt::print(
      "holdfast-fake-s3 [OPTIONS]\nA small S3 server on 127.0.0.1 for tests and demonstrations. It "
      "prints its URL once it listens, and ends on SIGTERM or SIGINT.\n");
  for (const auto& option : options()) {
    fmt::print("  --{} {}\n      {}\n", option.name, option.value, option.help);
  }
}

Taken set_option(Arguments& arguments, const std::string& name, const std::string& value) {
  for (const auto& option : options()) {
    if (name != option.name) continue;
    return option.set(arguments, value).map_error([&](const std::string& why) {
      return fmt::format("--{}: {}", name, why);
    });
  }
  return tl::unexpected(fmt::format("there is no option --{}; --help lists them", name));
}

// --name value or --name=value, nothing else.
Taken read_arguments(const std::vector<std::string>& words, Arguments& arguments) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) return tl::unexpected(words[i] + " is not an option");
    auto name = words[i].substr(2);
    std::string value;
    if (const auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (++i < words.size()) {
      value = words[i];
    } else {
      return tl::unexpected(fmt::format("--{} wants a value", name));
    }
    if (auto taken = set_option(arguments, name, value); !taken) return taken;
  }
  if (arguments.tls_cert.empty() != arguments.tls_key.empty()) {
    return tl::unexpected<std::string>("--tls-cert and --tls-key go together");
  }
  if (!arguments.server.root.empty() && arguments.synthetic_keys > 0) {
    return tl::unexpected<std::string>("--root and --synthetic-keys exclude each other");
  }
  if (!arguments.server.root.empty() && !std::filesystem::is_directory(arguments.server.root)) {
    return tl::unexpected(arguments.server.root + " is not a directory");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // Blocked before any thread is made, so that only sigwait() below sees them.
  sigset_t endings;
  sigemptyset(&endings);
  sigaddset(&endings, SIGTERM);
  sigaddset(&endings, SIGINT);
  pthread_sigmask(SIG_BLOCK, &endings, nullptr);

  const std::vector<std::string> words(argv + 1, argv + argc);
  if (std::find(words.begin(), words.end(), "--help") != words.end()) {
    print_help();
    return 0;
  }
  Arguments arguments;
  if (const auto read = read_arguments(words, arguments); !read) {
    fmt::print(stderr, "holdfast-fake-s3: {}\n", read.error());
    return 1;
  }
  const auto server = start(arguments);
  if (!server) {
    fmt::print(stderr, "holdfast-fake-s3: {}\n", server.error());
    return 1;
  }
  if (!arguments.port_file.empty() && !write_port(arguments.port_file, (*server)->port())) {
    fmt::print(stderr, "holdfast-fake-s3: cannot write {}\n", arguments.port_file);
    return 1;
  }
  fmt::print("{}\n", (*server)->url());
  std::fflush(stdout);
  int received = 0;
  sigwait(&endings, &received);
  return 0;
}
