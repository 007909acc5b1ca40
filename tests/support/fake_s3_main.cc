#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
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

void add_options(CLI::App& app, Arguments& arguments) {
  app.set_help_flag("-h,--help", "Print this and exit");
  auto* root = app.add_option("--root", arguments.server.root,
                              "Serve this directory: its directories are the buckets, their files "
                              "the objects, read anew for every request")
                   ->type_name("DIR")
                   ->check(CLI::ExistingDirectory);
  app.add_option("--synthetic-keys", arguments.synthetic_keys,
                 "Serve this many generated keys, backup-0000001.tar.zst and on")
      ->type_name("N")
      ->excludes(root);
  app.add_option("--bucket", arguments.bucket,
                 "The bucket of the generated keys, or an empty one in memory")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--port", arguments.server.port, "0: the system chooses")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--port-file", arguments.port_file, "Write the port number there")
      ->type_name("FILE");
  app.add_option("--user", arguments.users,
                 "An access key that may only read (ro) or also write (rw); may be repeated. "
                 "Without any: " +
                     fake_s3::reader().access_key_id + ":" + fake_s3::reader().secret_access_key +
                     ":ro and " + fake_s3::owner().access_key_id + ":" +
                     fake_s3::owner().secret_access_key + ":rw")
      ->type_name("ID:SECRET:ro|rw");
  app.add_option("--region", arguments.server.region)->type_name("R")->capture_default_str();
  auto* key = app.add_option("--tls-key", arguments.tls_key)->type_name("FILE");
  auto* cert = app.add_option("--tls-cert", arguments.tls_cert, "Speak TLS (PEM)")
                   ->type_name("FILE")
                   ->needs(key);
  key->needs(cert);
  app.add_option("--lie", arguments.lies,
                 "Answer wrongly, e.g. truncate:GET:db.tar:1000:1 or "
                 "error:GET:listing:503/SlowDown:2; METHOD and KEY may be *, COUNT is N, FROM+N or "
                 "always; tests/support/lies.h lists the kinds; may be repeated")
      ->type_name("KIND:METHOD:KEY:ARG[:COUNT]");
  app.add_option("--journal", arguments.server.journal_file,
                 "Append one JSON object for each request")
      ->type_name("FILE");
  app.add_option("--clock-offset", arguments.clock_offset_seconds,
                 "The server's clock minus the true time")
      ->type_name("SECONDS");
  app.add_option("--bytes-per-second", arguments.server.bytes_per_second,
                 "The rate of each connection")
      ->type_name("N");
}

}  // namespace

int main(int argc, char** argv) {
  // Blocked before any thread is made, so that only sigwait() below sees them.
  sigset_t endings;
  sigemptyset(&endings);
  sigaddset(&endings, SIGTERM);
  sigaddset(&endings, SIGINT);
  pthread_sigmask(SIG_BLOCK, &endings, nullptr);

  CLI::App app(
      "A small S3 server on 127.0.0.1 for tests and demonstrations. It prints its URL "
      "once it listens, and ends on SIGTERM or SIGINT.",
      "holdfast-fake-s3");
  Arguments arguments;
  add_options(app, arguments);
  CLI11_PARSE(app, argc, argv);

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
