#include <fmt/format.h>
#include <sys/stat.h>

#include <functional>

#include "agent/config/config.h"
#include "tests/agent/commands/doctor_world.h"
#include "tests/support/temp_dir.h"

using agent::CheckLevel;
using agent::ExitStatus;
using doctor_test::DoctorWorld;

// What newcomers do, and what they are told. A mistake in the configuration is told by doctor and
// pull in the same sentence; of all others doctor has the check and the remedy, and pull a sentence
// that says where.

namespace {

struct Slip {
  const char* what;
  const char* lines;  ///< of the configuration
  std::vector<const char*> said;
};

constexpr const char* kDisk = "[disk]\npath = /mnt/backup\n";

std::string with(const char* source_lines) {
  return fmt::format("{}[source site]\n{}", kDisk, source_lines);
}

const std::vector<Slip>& slips() {
  static const std::vector<Slip> all = {
      {"the bucket as s3://", "bucket = s3://backups\n", {"\"bucket = backups\""}},
      {"the bucket with a slash", "bucket = backups/\n", {"\"bucket = backups\""}},
      {"the bucket in quotes", "bucket = \"backups\"\n", {"quotes", "\"bucket = backups\""}},
      {"the bucket's ARN", "bucket = arn:aws:s3:::backups\n", {"\"bucket = backups\""}},
      {"the bucket with a folder",
       "bucket = backups/db\n",
       {"\"bucket = backups\"", "\"prefix = db/\""}},
      {"the bucket as a URL", "bucket = https://s3.example.org/backups\n", {"URL", "endpoint"}},
      {"no bucket", "region = eu-west-1\n", {"bucket = NAME"}},
      {"an endpoint without a scheme",
       "bucket = b\nendpoint = s3.example.org\n",
       {"no scheme", "\"endpoint = https://s3.example.org\""}},
      {"an endpoint with the bucket in its path",
       "bucket = b\nendpoint = https://s3.example.org/b\n",
       {"not part of it", "\"endpoint = https://s3.example.org\""}},
      {"an endpoint with the bucket in its host",
       "bucket = b\nendpoint = https://b.s3.eu-west-1.amazonaws.com\n",
       {"not part of it", "\"endpoint = https://s3.eu-west-1.amazonaws.com\""}},
      {"an endpoint as s3://",
       "bucket = b\nendpoint = s3://s3.example.org\n",
       {"names no server", "https://"}},
      {"an endpoint in quotes",
       "bucket = b\nendpoint = \"https://s3.example.org\"\n",
       {"quotes", "\"endpoint = https://s3.example.org\""}},
      {"plain HTTP to another machine",
       "bucket = b\nendpoint = http://s3.example.org\n",
       {"https://", "allow_http = yes"}},
      {"a region in quotes", "bucket = b\nregion = \"eu-west-1\"\n", {"\"region = eu-west-1\""}},
      {"a region as a place", "bucket = b\nregion = EU (Ireland)\n", {"region", "eu-west-1"}},
      {"a misspelt key", "bucket = b\nendpont = https://s3.example.org\n", {"\"endpoint\"?"}},
      {"the secret in the configuration",
       "bucket = b\nsecret_access_key = x\n",
       {"has no key \"secret_access_key\""}},
      {"a duration in words", "bucket = b\nexpect_every = daily\n", {"expect_every", "26h"}},
      {"a size with a B", "bucket = b\nmin_size = 1MB\n", {"min_size", "10M"}},
      {"a key given twice", "bucket = b\nbucket = c\n", {"given twice"}},
      {"a CA that is not there",
       "bucket = b\nca_file = /nowhere/ca.pem\n",
       {"ca_file", "/nowhere"}},
      {"a glob that is none", "bucket = b\ninclude = [a\n", {"include", "not a pattern"}},
  };
  return all;
}

std::string message_of(const std::string& text) {
  const test::TempDir dir;
  test::write_file(dir / "conf", text);
  const auto config = agent::load_config(dir / "conf");
  return config ? "it was taken" : config.error().message;
}

std::string doctor_on(const std::string& text) {
  DoctorWorld world;
  const test::TempDir dir;
  test::write_file(dir / "conf", text);
  const auto status =
      world.command([&](const agent::Environment& environment, const agent::Print& print) {
        return agent::doctor_command(dir / "conf", {}, environment, world.machine.system(), print);
      });
  CHECK(status == ExitStatus::kConfig);
  REQUIRE(world.printed.size() == 1);
  return world.printed.front();
}

void check_slip(const char* what, const std::string& text, const std::vector<const char*>& said) {
  CAPTURE(what);
  const auto by_pull = message_of(text);
  const auto by_doctor = doctor_on(text);
  CAPTURE(by_pull, by_doctor);
  CHECK(by_doctor.starts_with("FAIL  configuration"));
  for (const auto* piece : said) {
    CAPTURE(piece);
    CHECK(by_pull.find(piece) != std::string::npos);
    CHECK(by_doctor.find(piece) != std::string::npos);
  }
}

// The rest of the world, as it is after the mistake.
struct Mistake {
  const char* what;
  std::function<void(DoctorWorld&)> make;
  const char* check;
  CheckLevel level;
  std::vector<const char*> said;  ///< by doctor
  const char* by_pull;            ///< empty: a pull of its own does not see it
};

class Unreachable final : public s3::Transport {
 public:
  explicit Unreachable(s3::Error error) : error_(std::move(error)) {}
  s3::Result<void> perform(const s3::HttpRequest&, s3::ResponseSink&) override { return error_; }

 private:
  const s3::Error error_;
};

void let_fail(DoctorWorld& world, s3::ErrorKind kind, const char* message) {
  world.make_transport = [kind, message](const s3::TransportOptions&) {
    return std::make_unique<Unreachable>(s3::Error{kind, 0, "", message, ""});
  };
}

void use_file(DoctorWorld& world, const std::string& path, const std::string& text, unsigned mode) {
  world.variables.clear();
  test::write_file(path, text);
  ::chmod(path.c_str(), mode);
  world.site().credentials_file = path;
}

std::string key_file(const std::string& section = "default") {
  return fmt::format("[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n", section,
                     fake_s3::reader().access_key_id, fake_s3::reader().secret_access_key);
}

const test::TempDir& files() {
  static const test::TempDir dir;
  return dir;
}

const std::vector<Mistake>& mistakes() {
  using Level = CheckLevel;
  using Kind = fake_s3::LieKind;
  static const std::vector<Mistake> all = {
      {"the wrong region",
       [](DoctorWorld& w) { w.server->set_region("fsn1"); },
       "region",
       Level::kWarn,
       {"\"region = fsn1\""},
       "region = fsn1"},
      {"a key that nobody knows",
       [](DoctorWorld& w) { w.variables["AWS_ACCESS_KEY_ID"] = "AKIANOBODY"; },
       "list",
       Level::kFail,
       {"does not know this access key", "correct the credentials"},
       "does not know this access key"},
      {"the wrong secret",
       [](DoctorWorld& w) { w.variables["AWS_SECRET_ACCESS_KEY"] = "wrong"; },
       "list",
       Level::kFail,
       {"most likely the secret key"},
       "most likely the secret key"},
      {"no credentials file",
       [](DoctorWorld& w) {
         w.variables.clear();
         w.site().credentials_file = "/nowhere/credentials";
       },
       "credentials",
       Level::kFail,
       {"/nowhere/credentials"},
       "/nowhere/credentials"},
      {"credentials that all can read",
       [](DoctorWorld& w) { use_file(w, files() / "open", key_file(), 0644); },
       "credentials",
       Level::kFail,
       {"chmod"},
       "chmod"},
      {"credentials that a group can write",
       [](DoctorWorld& w) { use_file(w, files() / "group", key_file(), 0660); },
       "credentials",
       Level::kFail,
       {"chmod"},
       "chmod"},
      {"a profile that is not there",
       [](DoctorWorld& w) { use_file(w, files() / "profile", key_file("other"), 0600); },
       "credentials",
       Level::kFail,
       {"default"},
       "default"},
      {"a key without its secret",
       [](DoctorWorld& w) {
         use_file(w, files() / "half", "[default]\naws_access_key_id = AKIA\n", 0600);
       },
       "credentials",
       Level::kFail,
       {"no secret access key; add it"},
       "no secret access key; add it"},
      {"a bucket that does not exist",
       [](DoctorWorld& w) { w.site().bucket = "bakcups"; },
       "list",
       Level::kFail,
       {"correct \"bucket\"", "bakcups"},
       "correct \"bucket\""},
      {"a key that may not list",
       [](DoctorWorld& w) {
         w.server->lie({Kind::kError, "GET", std::string(fake_s3::kListing), 403, "AccessDenied"});
       },
       "list",
       Level::kFail,
       {"need s3:ListBucket"},
       "need s3:ListBucket"},
      {"a key that may not get",
       [](DoctorWorld& w) {
         w.server->lie({Kind::kError, "GET", "db/k.sql", 403, "AccessDenied"});
       },
       "get",
       Level::kFail,
       {"need s3:GetObject"},
       "need s3:GetObject"},
      {"versions of a server that has none",
       [](DoctorWorld& w) {
         w.site().versions = agent::Versions::kAll;
         w.make_transport = nullptr;
         w.server->lie(
             {Kind::kError, "GET", std::string(fake_s3::kListing), 501, "NotImplemented", 2});
       },
       "versions",
       Level::kFail,
       {"\"versions = current\""},
       "\"versions = current\""},
      {"a prefix with a slash in front",
       [](DoctorWorld& w) { w.site().prefix = "/db"; },
       "filters",
       Level::kFail,
       {"\"prefix = /db\"", "did you mean \"prefix = db\"?"},
       "did you mean \"prefix = db\"?"},
      {"a prefix in quotes",
       [](DoctorWorld& w) { w.site().prefix = "\"db/\""; },
       "filters",
       Level::kFail,
       {"did you mean \"prefix = db/\"?"},
       "did you mean \"prefix = db/\"?"},
      {"a prefix with the bucket in it",
       [](DoctorWorld& w) { w.site().prefix = "b/db/"; },
       "filters",
       Level::kFail,
       {"did you mean \"prefix = db/\"?"},
       "did you mean \"prefix = db/\"?"},
      {"a prefix in capitals",
       [](DoctorWorld& w) { w.site().prefix = "DB/"; },
       "filters",
       Level::kFail,
       {"did you mean \"prefix = db/\"?"},
       "did you mean \"prefix = db/\"?"},
      {"a prefix that is not there",
       [](DoctorWorld& w) { w.site().prefix = "mail/"; },
       "filters",
       Level::kFail,
       {"\"prefix = mail/\"", "has keys under db/"},
       "has keys under db/"},
      {"a glob that does not cross a folder",
       [](DoctorWorld& w) { w.site().include = {"*.sql"}; },
       "filters",
       Level::kFail,
       {"\"include = *.sql\"", "did you mean \"include = **.sql\"?"},
       "did you mean \"include = **.sql\"?"},
      {"a glob in quotes",
       [](DoctorWorld& w) { w.site().include = {"\"db/*\""}; },
       "filters",
       Level::kFail,
       {"did you mean \"include = db/*\"?"},
       "did you mean \"include = db/*\"?"},
      {"a folder for a glob",
       [](DoctorWorld& w) { w.site().include = {"db/"}; },
       "filters",
       Level::kFail,
       {"did you mean \"include = db/**\"?"},
       "did you mean \"include = db/**\"?"},
      {"a glob with a slash in front",
       [](DoctorWorld& w) { w.site().include = {"/db/*.sql"}; },
       "filters",
       Level::kFail,
       {"did you mean \"include = db/*.sql\"?"},
       "did you mean \"include = db/*.sql\"?"},
      {"everything excluded",
       [](DoctorWorld& w) { w.site().exclude = {"**"}; },
       "filters",
       Level::kFail,
       {"\"exclude = **\" drops all of it"},
       "\"exclude = **\" drops all of it"},
      {"a bucket that is empty",
       [](DoctorWorld& w) { w.server->erase("b", "db/k.sql"); },
       "filters",
       Level::kFail,
       {"is empty", "whether it is the right one"},
       "is empty"},
      {"a clock that is three hours off",
       [](DoctorWorld& w) { w.server->set_clock_offset(std::chrono::hours(3)); },
       "clock",
       Level::kFail,
       {"behind the server's clock", "timedatectl set-ntp true"},
       "timedatectl set-ntp true"},
      {"a name that nobody knows",
       [](DoctorWorld& w) {
         w.machine.way.name_error = "Could not resolve host: s3.exmaple.org";
         let_fail(w, s3::ErrorKind::kNetwork, "Could not resolve host: s3.exmaple.org");
       },
       "name",
       Level::kFail,
       {"Could not resolve host", "endpoint", "/etc/resolv.conf"},
       "Could not resolve host"},
      {"a port where nobody listens",
       [](DoctorWorld& w) {
         w.machine.way.route_error = "Connection refused";
         let_fail(w, s3::ErrorKind::kNetwork, "Connection refused");
       },
       "route",
       Level::kFail,
       {"Connection refused", "the port in \"endpoint\""},
       "check the network and the endpoint"},
      {"a CA that is not known",
       [](DoctorWorld& w) {
         w.machine.way.tls = true;
         w.machine.way.tls_error = "self-signed certificate in certificate chain";
         let_fail(w, s3::ErrorKind::kTls, "self-signed certificate in certificate chain");
       },
       "tls",
       Level::kFail,
       {"self-signed", "\"ca_file\""},
       "\"ca_file\""},
      {"TLS to a port that speaks none",
       [](DoctorWorld& w) {
         w.machine.way.tls = true;
         w.machine.way.tls_error = "wrong version number";
         w.machine.way.hint = s3::Hint::kUseHttp;
         w.make_transport = [](const s3::TransportOptions&) {
           s3::Error error{s3::ErrorKind::kTls, 0, "", "wrong version number", ""};
           error.hint = s3::Hint::kUseHttp;
           return std::make_unique<Unreachable>(error);
         };
       },
       "tls",
       Level::kFail,
       {"does not speak TLS", "http://"},
       "does not speak TLS"},
      {"the port of a console",
       [](DoctorWorld& w) {
         w.server->lie({Kind::kHtml, "GET", std::string(fake_s3::kListing), 200});
       },
       "list",
       Level::kFail,
       {"web page", "port of a console"},
       "port of a console"},
      {"no disk",
       [](DoctorWorld& w) { w.other_disks["/disk"] = nullptr; },
       "disk",
       Level::kFail,
       {"does not exist", "plug in the disk"},
       "plug in the disk"},
      {"a disk that is not mounted",
       [](DoctorWorld& w) { w.config.disk.require_mount = true; },
       "disk",
       Level::kFail,
       {"no disk is mounted", "require_mount = no"},
       "require_mount = no"},
      {"a disk that is not ours",
       [](DoctorWorld& w) { REQUIRE(w.disk.remove_file(".holdfast/disk.json")); },
       "disk",
       Level::kFail,
       {"not a holdfast disk", "holdfast init /disk"},
       "holdfast init /disk"},
      {"another disk",
       [](DoctorWorld& w) { w.config.disk.ids = {"another"}; },
       "disk",
       Level::kFail,
       {"another is wanted", "correct \"id\""},
       "correct \"id\""},
      {"a disk that lost its ledger",
       [](DoctorWorld& w) { REQUIRE(w.disk.remove_file(".holdfast/ledger.db")); },
       "disk",
       Level::kFail,
       {"holdfast rebuild"},
       "holdfast rebuild"},
      {"a disk that can only be read",
       [](DoctorWorld& w) { w.disk.fail_at(1, test::Fault::kReadOnly, test::Lasting::kOnce); },
       "write",
       Level::kFail,
       {"read-only"},
       "read-only"},
      {"a disk that is full",
       [](DoctorWorld& w) {
         w.config.disk.min_free_bytes = 1 << 20;
         w.disk.set_space({10 << 20, 1 << 19});
       },
       "space",
       Level::kFail,
       {"min_free", "make room"},
       "min_free"},
      {"a disk with no room for another file",
       [](DoctorWorld& w) {
         w.disk.set_space({std::uint64_t{1} << 40, std::uint64_t{1} << 39, 100000, 3});
       },
       "inodes",
       Level::kFail,
       {"3 of 100000 files", "mkfs.ext4 -N"},
       "mkfs.ext4 -N"},
      {"not as root",
       [](DoctorWorld& w) {
         w.machine.user = 1000;
         w.machine.files["/disk/.holdfast"].owner = 0;
         w.disk.set_hook([](std::string_view operation, std::string_view path) {
           std::optional<store::Error> refused;
           if (operation == "open" && path.starts_with(".holdfast/"))
             refused = store::error_from_errno(EACCES, "open", path);
           return refused;
         });
       },
       "user",
       Level::kFail,
       {"runs as user1000", "sudo holdfast"},
       "sudo holdfast"},
      {"two lines for cron",
       [](DoctorWorld& w) { w.machine.texts["/etc/crontab"] = "5 * * * * root holdfast pull\n"; },
       "schedule",
       Level::kWarn,
       {"/etc/crontab", "/etc/cron.d/holdfast", "remove one"},
       ""},
      {"nothing that starts the pulls",
       [](DoctorWorld& w) { w.machine.texts.clear(); },
       "schedule",
       Level::kFail,
       {"systemctl enable --now holdfast.timer"},
       ""},
      {"a timer that does not run",
       [](DoctorWorld& w) {
         REQUIRE(w.pull() == ExitStatus::kOk);
         w.pass(std::chrono::hours(48));
       },
       "schedule",
       Level::kFail,
       {"the last run began 2d", "systemctl status"},
       ""},
      {"alarms that reach nobody",
       [](DoctorWorld& w) { w.machine.files.erase("/usr/sbin/sendmail"); },
       "alarms",
       Level::kWarn,
       {"on_alarm"},
       ""},
      {"a configuration that all can write",
       [](DoctorWorld& w) {
         w.machine.files["/etc/holdfast/holdfast.conf"] = {0666, 0};
       },
       "files",
       Level::kWarn,
       {"chmod go-w /etc/holdfast/holdfast.conf"},
       ""},
  };
  return all;
}

}  // namespace

TEST_CASE("the table has fifty mistakes and more", "[mistakes]") {
  // Four more are in the case on whole files.
  CHECK(slips().size() + mistakes().size() + 4 >= 50);
}

TEST_CASE("a mistake in the configuration is named by doctor and pull, with what to write",
          "[mistakes]") {
  for (const auto& slip : slips()) check_slip(slip.what, with(slip.lines), slip.said);
}

TEST_CASE("and so is one in the whole of it", "[mistakes]") {
  check_slip("no source", kDisk, {"[source NAME]"});
  check_slip("no disk", "[source site]\nbucket = b\n", {"[disk]"});
  check_slip("a path of its own", "[disk]\npath = mnt/backup\n", {"begin with '/'"});
  check_slip("a misspelt section", "[disks]\npath = /mnt/backup\n", {"\"disk\"?"});
}

TEST_CASE("every other mistake is named by doctor with its remedy, and pull says where",
          "[mistakes]") {
  for (const auto& mistake : mistakes()) {
    CAPTURE(mistake.what);
    DoctorWorld world;
    world.server->put("b", "db/k.sql", "content");
    mistake.make(world);
    const auto checks = world.doctor();
    const auto* check = doctor_test::find(checks, mistake.check);
    std::string all;
    for (const auto& one : checks) all += one.name + ": " + one.text + "\n";
    CAPTURE(all);
    REQUIRE(check != nullptr);
    CHECK(check->level == mistake.level);
    if (mistake.level == CheckLevel::kFail) CHECK(check->status != ExitStatus::kOk);
    for (const auto* piece : mistake.said) {
      CAPTURE(piece);
      CHECK(check->text.find(piece) != std::string::npos);
    }
    if (std::string_view(mistake.by_pull).empty()) continue;
    world.pull_here();
    CAPTURE(world.lines, mistake.by_pull);
    CHECK(world.lines_with(mistake.by_pull) >= 1);
  }
}
