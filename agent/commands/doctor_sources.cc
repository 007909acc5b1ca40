#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "agent/base/failure.h"
#include "agent/base/printable.h"
#include "agent/base/retry.h"
#include "agent/base/trusted_clock.h"
#include "agent/base/units.h"
#include "agent/commands/doctor.h"
#include "agent/listing/nothing_watch.h"
#include "agent/run/sources.h"
#include "s3client/client.h"
#include "s3client/endpoint.h"

namespace agent {
namespace {

constexpr std::chrono::days kSoonOver{14};
constexpr int kMaxPages = 20;
constexpr std::size_t kMaxDropped = 1000;
constexpr std::chrono::seconds kSmallSkew{60};
// What servers bear with in a signature.
constexpr std::chrono::minutes kMaxSkew{15};

// A byte is enough to know.
class OneByte final : public s3::BodySink {
 public:
  bool on_object(const s3::ObjectHead& /*head*/) override {
    came = true;
    return true;
  }
  bool on_bytes(std::span<const std::byte> /*bytes*/) override { return true; }
  bool came = false;
};

class SourceChecks {
 public:
  SourceChecks(const SourceConfig& source, const Environment& environment,
               const DoctorSystem& system)
      : source_(source),
        environment_(environment),
        system_(system),
        retrier_(1, environment.clock,
                 Halt{environment.stop, environment.clock, Clock::Steady::max()},
                 environment.seed) {}

  Checks check() {
    if (check_way() && check_credentials()) check_bucket();
    return std::move(checks_);
  }

  std::optional<s3::ServerTime> server_now() const {
    return session_ ? session_->server_now() : std::nullopt;
  }

 private:
  void add(Check check) {
    check.source = source_.name;
    checks_.push_back(std::move(check));
  }

  std::optional<std::string> url() const {
    auto endpoint = source_.endpoint.empty()
                        ? s3::Result<s3::Endpoint>(s3::aws_endpoint(source_.region))
                        : s3::parse_endpoint(source_.endpoint);
    if (!endpoint) return std::nullopt;
    auto address = s3::address_of(*endpoint, source_.addressing, source_.bucket);
    if (!address) return std::nullopt;
    address->endpoint.path.clear();
    if (address->virtual_host) {
      address->endpoint.host = source_.bucket + "." + address->endpoint.host;
    }
    return address->endpoint.origin();
  }

  // From here to the server, as far as it goes.
  bool check_way() {
    const auto where = url();
    if (!where) return true;
    const auto report = system_.probe(*where, source_.ca_file);
    if (!report.name_error.empty()) {
      add(fail("name", ExitStatus::kIncomplete,
               fmt::format("{}: {}; correct \"endpoint\" or \"region\", or look at this machine's "
                           "name server (/etc/resolv.conf)",
                           *where, report.name_error)));
      return false;
    }
    add(well("name", fmt::format("{} is known", *where)));
    if (!report.route_error.empty()) {
      add(fail("route", ExitStatus::kIncomplete,
               fmt::format("{}: {}; look at the network, a firewall, and the port in \"endpoint\"",
                           *where, report.route_error)));
      return false;
    }
    add(well("route", fmt::format("{} answers", report.address)));
    return check_tls(*where, report);
  }

  bool check_tls(const std::string& where, const s3::EndpointReport& report) {
    if (!report.tls) return true;
    if (report.hint == s3::Hint::kUseHttp) {
      add(fail(
          "tls", ExitStatus::kIncomplete,
          fmt::format("{}: {}; this port does not speak TLS: write http:// in \"endpoint\", and "
                      "\"allow_http = yes\" where that is another machine",
                      where, report.tls_error)));
      return false;
    }
    if (!report.tls_error.empty()) {
      add(fail("tls", ExitStatus::kIncomplete,
               fmt::format("{}: {}; name the server's own CA in \"ca_file\", install "
                           "ca-certificates, or set the clock",
                           where, report.tls_error)));
      return false;
    }
    if (!report.certificate_ends) {
      add(well("tls", "the certificate is trusted"));
      return true;
    }
    const auto left = *report.certificate_ends - environment_.clock.now_s();
    const auto until = format_time(*report.certificate_ends);
    add(left < kSoonOver
            ? warn("tls",
                   fmt::format("the certificate ends on {}; tell who runs the server", until))
            : well("tls", fmt::format("the certificate is trusted until {}", until)));
    return true;
  }

  bool check_credentials() {
    auto session = open_session(source_, environment_);
    if (!session) {
      add(fail("credentials", status_of(session.error()), session.error().message));
      return false;
    }
    session_ = *session;
    add(well("credentials", session_->credentials_in_use()));
    return true;
  }

  template <typename T>
  s3::Result<T> ask(const std::function<s3::Result<T>()>& request) {
    auto tries = retrier_.start();
    tries.patience = std::chrono::seconds{0};
    return retrier_.run<T>(*session_, tries, request);
  }

  bool failed(std::string name, const s3::Error& error, std::string_view action) {
    const auto asked = fmt::format(
        "bucket \"{}\"{}", printable(source_.bucket),
        source_.prefix.empty() ? "" : fmt::format(", prefix \"{}\"", printable(source_.prefix)));
    add(fail(std::move(name), status_of(error),
             fmt::format("{} ({})", explain(error, action), asked)));
    return false;
  }

  void check_bucket() {
    s3::TransportOptions options;
    options.ca_file = source_.ca_file;
    const auto transport = environment_.make_transport(options);
    s3::Client client(session_, *transport);
    const auto page = ask<s3::ListPage>([&] { return client.list_page(source_.prefix, "", {}); });
    const auto region = session_->corrected_region();
    if (region) {
      add(warn("region",
               fmt::format("the bucket is in {}; write \"region = {}\"", *region, *region)));
    }
    if (!page) {
      failed("list", page.error(), "s3:ListBucket");
      return;
    }
    add(well("list", fmt::format("{}{} listed under the configured prefix", page->objects.size(),
                                 page->truncated ? " or more" : "")));
    check_get(client, *page);
    check_versions(client);
    check_options();
    check_filters(client, *page);
  }

  static bool is_readable(const s3::ListedObject& object) {
    return object.storage_class != "GLACIER" && object.storage_class != "DEEP_ARCHIVE";
  }

  void check_get(s3::Client& client, const s3::ListPage& page) {
    const s3::ListedObject* chosen = nullptr;
    for (const auto& object : page.objects) {
      if (!is_readable(object) || object.key.empty()) continue;
      // What a pull would get, where there is any of it.
      if (chosen == nullptr || (!source_.wants(chosen->key) && source_.wants(object.key))) {
        chosen = &object;
      }
    }
    if (chosen == nullptr) {
      add(well("get", "there is nothing to try it with"));
      return;
    }
    get_one(client, *chosen, "get", "s3:GetObject");
  }

  bool get_one(s3::Client& client, const s3::ListedObject& object, const char* name,
               std::string_view action) {
    s3::GetRequest request;
    request.key = object.key;
    request.version_id = object.version_id;
    request.offset_bytes = object.size_bytes > 0 ? object.size_bytes - 1 : 0;
    OneByte sink;
    const auto got = ask<s3::ObjectHead>([&] { return client.get(request, sink); });
    // One object may have gone, or be encrypted for somebody else: the next pull says so.
    const bool only_this = !got && (got.error().kind == s3::ErrorKind::kNotFound ||
                                    got.error().kind == s3::ErrorKind::kUnreadable ||
                                    got.error().kind == s3::ErrorKind::kArchived);
    if (!got && !only_this) return failed(name, got.error(), action);
    add(only_this
            ? warn(name,
                   fmt::format("{}: {}", printable_name(object.key), explain(got.error(), action)))
            : well(name, fmt::format("the last byte of {} came", printable_name(object.key))));
    return true;
  }

  void check_versions(s3::Client& client) {
    if (source_.versions != Versions::kAll) return;
    const auto page =
        ask<s3::ListPage>([&] { return client.list_versions_page(source_.prefix, "", "", {}); });
    if (!page && s3::has_no_version_listing(page.error())) {
      add(fail("versions", ExitStatus::kIncomplete,
               "this server has no listing of versions; write \"versions = current\""));
      return;
    }
    if (!page) {
      failed("versions", page.error(), "s3:ListBucketVersions");
      return;
    }
    const auto found =
        std::find_if(page->objects.begin(), page->objects.end(), [](const auto& object) {
          return !object.is_delete_marker && is_readable(object) && !object.key.empty();
        });
    if (found == page->objects.end()) {
      add(well("versions", "they may be listed; there is none to try"));
      return;
    }
    get_one(client, *found, "versions", "s3:GetObjectVersion");
  }

  void check_options() {
    const auto refused = session_->refused_options();
    add(well("options", refused.empty()
                            ? "the server takes what a pull sends"
                            : fmt::format("the server refuses {}, and a pull goes without",
                                          fmt::join(refused, ", "))));
  }

  void sift(const s3::ListPage& page, Sifted& sifted) const {
    for (const auto& object : page.objects) {
      ++sifted.listed;
      if (source_.wants(object.key)) {
        ++sifted.matched;
      } else if (sifted.dropped.size() < kMaxDropped) {
        sifted.dropped.push_back(object.key);
      }
    }
  }

  // Where the first thousand keys have nothing, what is wanted may lie behind them.
  void check_filters(s3::Client& client, s3::ListPage page) {
    Sifted sifted;
    sift(page, sifted);
    for (int pages = 1; sifted.matched == 0 && page.truncated && pages < kMaxPages; ++pages) {
      const auto last = page.objects.empty() ? std::string() : page.objects.back().key;
      const auto token = page.next_token;
      auto next = ask<s3::ListPage>([&] {
        return token.empty() ? client.list_page_after(source_.prefix, last, {})
                             : client.list_page(source_.prefix, token, {});
      });
      if (!next) break;
      page = *std::move(next);
      sift(page, sifted);
    }
    if (sifted.matched == 0) {
      add(fail("filters", ExitStatus::kAlarm, why_nothing_matches(source_, sifted, client)));
      return;
    }
    add(well("filters", sifted.listed == 1
                            ? std::string("the one key that is listed is wanted")
                            : fmt::format("{} of the first {} keys {} wanted", sifted.matched,
                                          sifted.listed, sifted.matched == 1 ? "is" : "are")));
  }

  const SourceConfig& source_;
  const Environment& environment_;
  const DoctorSystem& system_;
  Retrier retrier_;
  std::shared_ptr<s3::Session> session_;
  Checks checks_;
};

Check check_clock(const std::optional<std::chrono::milliseconds>& worst) {
  if (!worst) return warn("clock", "no server has told the time, so ours cannot be compared");
  const auto off = std::chrono::abs(std::chrono::round<std::chrono::seconds>(*worst));
  if (off <= kSmallSkew)
    return well("clock", fmt::format("{} off the server's", format_duration(off)));
  const auto text = fmt::format("{} {} the server's clock; set it: 'timedatectl set-ntp true'",
                                format_duration(off), worst->count() > 0 ? "behind" : "ahead of");
  if (off <= kMaxSkew) return warn("clock", text);
  return fail("clock", ExitStatus::kAlarm, text);
}

}  // namespace

Checks check_sources(const std::vector<const SourceConfig*>& sources,
                     const Environment& environment, const DoctorSystem& system) {
  Checks all;
  std::optional<std::chrono::milliseconds> worst;
  for (const auto* source : sources) {
    if (environment.stop.load()) break;
    SourceChecks checks(*source, environment, system);
    for (auto& check : checks.check()) all.push_back(std::move(check));
    const auto server = checks.server_now();
    if (!server) continue;
    const auto off = skew(*server, environment.clock.now());
    if (!worst || std::chrono::abs(off) > std::chrono::abs(*worst)) worst = off;
  }
  all.insert(all.begin(), check_clock(worst));
  return all;
}

}  // namespace agent
