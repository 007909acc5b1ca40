#include "tests/stories/story.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

namespace story {

namespace fs = std::filesystem;

bool contains(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

std::string sha256_of(std::string_view content) {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(content.data(), content.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

Files files_below(const std::string& directory) {
  Files files;
  if (!fs::exists(directory)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const auto path = entry.path().string();
    files[path.substr(directory.size() + 1)] = test::read_file(path);
  }
  return files;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string noise(std::uint64_t seed, std::size_t size_bytes) {
  std::string bytes(size_bytes, '\0');
  fake_s3::PatternContent(seed, size_bytes).read(0, bytes);
  return bytes;
}

Story::Story(fake_s3::Options options)
    : server(fake_s3::Server::start(std::move(options)).value()), endpoint(server->url()) {
  fs::create_directory(disk);
  server->make_bucket(kBucket);
  const auto user = fake_s3::reader();
  test::write_file(credentials_path(),
                   fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                               user.access_key_id, user.secret_access_key));
  ::chmod(credentials_path().c_str(), 0600);
  fs::create_directory(dir / "status");
}

void Story::write_config() const {
  auto text = fmt::format("[disk]\npath = {}\n{}\n[agent]\nstatus_file = {}\n{}\n", disk,
                          disk_options, status_path(), agent_options);
  for (const auto& [name, options] : sources) {
    text += fmt::format("[source {}]\nbucket = {}\nendpoint = {}\n", name, kBucket, endpoint);
    if (!contains(options, "credentials_file")) {
      text += fmt::format("credentials_file = {}\n", credentials_path());
    }
    if (!looks && !contains(options, "soundness")) text += "soundness = off\n";
    text += options + "\n";
  }
  test::write_file(config_path(), text);
  // Whatever the umask is: a command is not run from what others can write.
  std::filesystem::permissions(config_path(), std::filesystem::perms(0600));
}

test::Command Story::command(const Words& words) const {
  test::Command command;
  command.words = {HOLDFAST_PROGRAM, "--config", config_path()};
  command.words.insert(command.words.end(), words.begin(), words.end());
  command.environment = environment;
  if (const auto shift = passed_ + clock_error; shift.count() != 0) {
    command.environment.push_back(std::string("LD_PRELOAD=") + HOLDFAST_CLOCK_SHIFT);
    command.environment.push_back(fmt::format("HOLDFAST_CLOCK_SHIFT_S={}", shift.count()));
    // A sanitizer wants to be the first library; ours calls the kernel, and needs none before it.
    command.environment.push_back("ASAN_OPTIONS=verify_asan_link_order=0");
  }
  return command;
}

test::Finished Story::run(const Words& words) const {
  write_config();
  return test::run_program(command(words));
}

void Story::init() const {
  const auto made = test::run_program({{HOLDFAST_PROGRAM, "init", disk}});
  if (made.status != 0) throw std::runtime_error("init: " + made.err);
}

void Story::put(const std::string& key, const std::string& content) {
  server->put(kBucket, key, content);
  if (const auto old = wanted.find(key); old != wanted.end()) earlier.emplace(key, old->second);
  wanted[key] = content;
}

void Story::let_pass(std::chrono::seconds duration) {
  passed_ += duration;
  server->set_clock_offset(passed_);
}

bool Story::has_status() const { return fs::exists(status_path()); }

Json Story::status() const { return Json::parse(test::read_file(status_path())); }

Json Story::source_status(const std::string& source) const {
  const auto all = status();
  for (const auto& element : all.at("sources")) {
    if (element.at("name") == source) return element;
  }
  throw std::runtime_error("no source " + source + " in the status");
}

Words Story::alarm_kinds(const std::string& source) const {
  Words kinds;
  const auto status = source_status(source);
  for (const auto& alarm : status.at("alarms")) kinds.push_back(alarm.at("kind"));
  return kinds;
}

std::map<std::string, Json> Story::list(const std::string& source) const {
  const auto listed = run({"list", source, "--json"});
  if (listed.status != 0) throw std::runtime_error("list: " + listed.err);
  std::map<std::string, Json> by_path;
  if (listed.out.empty()) return by_path;
  for (const auto& element : Json::parse(listed.out)) {
    by_path[element.at("path").get<std::string>()] = element;
  }
  return by_path;
}

std::string Story::first_untruth() const {
  const auto held = archives();
  for (const auto& [path, content] : held) {
    const auto now = wanted.find(path);
    if (now != wanted.end() && now->second == content) continue;
    bool was_so = false;
    for (auto [old, end] = earlier.equal_range(path); old != end; ++old) {
      was_so = was_so || old->second == content;
    }
    if (!was_so) return path + " has a content that its object never had";
  }
  const auto listed = list();
  for (const auto& [path, element] : listed) {
    const auto file = held.find(path.substr(path.find("archives/") + 9));
    if (file == held.end()) return path + " is listed and not there";
    if (sha256_of(file->second) != element.at("sha256")) return path + " has another SHA-256";
  }
  return "";
}

std::string Story::first_difference() const {
  if (auto untruth = first_untruth(); !untruth.empty()) return untruth;
  const auto held = archives();
  if (held.size() != wanted.size()) {
    return fmt::format("{} archives where {} are wanted", held.size(), wanted.size());
  }
  for (const auto& [key, content] : wanted) {
    if (!held.contains(key) || held.at(key) != content) return key + " is not as in the bucket";
  }
  if (list().size() != wanted.size()) return "the ledger holds less than the disk";
  const auto staged = files_below(disk + "/.holdfast/staging");
  if (!staged.empty()) return staged.begin()->first + " is left in staging";
  for (const auto& entry : fs::directory_iterator(disk + "/.holdfast")) {
    const auto name = entry.path().filename().string();
    const bool known =
        name == "disk.json" || name.starts_with("ledger.db") || name == "lock" || name == "staging";
    if (!known) return name + " is left in .holdfast";
  }
  if (!wanted.empty() && check_sums(*this).status != 0) return "sha256sum -c fails";
  return "";
}

test::Finished check_sums(const Story& story, const std::string& source) {
  return test::run_program({{"/bin/sh", "-c", "cd \"$1\" && sha256sum --quiet -c SHA256SUMS", "sh",
                             story.disk_path() + "/" + source}});
}

}  // namespace story
