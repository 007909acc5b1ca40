#include "agent/base/failure.h"

#include <fmt/format.h>

#include <cerrno>

#include "agent/base/failure_meaning.h"

namespace agent {
namespace {

// No permission would help.
bool is_account_closed(const s3::Error& error) {
  return error.code == "AllAccessDisabled" || error.code == "AccountProblem" ||
         error.code == "NotSignedUp" || error.code == "UserSuspended";
}

std::string_view remedy(s3::Hint hint) {
  switch (hint) {
    case s3::Hint::kWebPage:
      return "that is a web page, not S3: the login page of a network, the port of a console, "
             "or a wrong \"endpoint\"";
    case s3::Hint::kUseHttps:
      return "if this port speaks TLS, write https:// in \"endpoint\"";
    case s3::Hint::kUseHttp:
      return "this port does not speak TLS; if it is the right one, write http:// in \"endpoint\", "
             "and "
             "\"allow_http = yes\" where that is another machine";
    case s3::Hint::kUsePath:
      return "the server does not recognise the bucket's host name: write \"addressing = "
             "path\"";
    case s3::Hint::kUnknownKey:
      return "the server does not know this access key; correct the credentials";
    case s3::Hint::kWrongSecret:
      return "correct the credentials, most likely the secret key; if they are right, something on "
             "the way changes the requests, such as a proxy that rewrites Host or leaves out Range";
    case s3::Hint::kWrongToken:
      return "the session token is wrong or too old; renew it, or leave it out of the credentials";
    case s3::Hint::kForeignBucket:
      return "correct \"bucket\"; if another key made it, it is not shared with this key: see "
             "garage bucket alias and garage bucket allow";
    case s3::Hint::kUploadersKey:
      return "it is encrypted with a key of the uploader's own (SSE-C), without which nobody can "
             "read it; have it uploaded without, or find out who did that";
    case s3::Hint::kNone:
      break;
  }
  return {};
}

std::string remedy(const s3::Error& error, std::string_view action) {
  if (error.hint != s3::Hint::kNone) return std::string(remedy(error.hint));
  if (is_account_closed(error)) {
    return "the account is closed or suspended: ask the provider, and whoever pays for it";
  }
  switch (error.kind) {
    case s3::ErrorKind::kNetwork:
      return "check the network and the endpoint; the next run tries again";
    case s3::ErrorKind::kThrottled:
      return "the server asks for fewer requests; lower \"parallel\", or wait for the next run";
    case s3::ErrorKind::kServer:
    case s3::ErrorKind::kProtocol:
      return "the fault is the server's; the next run tries again";
    case s3::ErrorKind::kTls:
      return "check the endpoint's certificate, \"ca_file\" and this machine's clock";
    case s3::ErrorKind::kClockSkew:
      return "set this machine's clock";
    case s3::ErrorKind::kWrongRegion:
    case s3::ErrorKind::kRedirect:
      return R"(correct "region" or "endpoint" in the configuration)";
    case s3::ErrorKind::kExpiredToken:
      return "renew the session token in the credentials";
    case s3::ErrorKind::kBadCredentials:
      return "correct the credentials";
    case s3::ErrorKind::kDenied:
      return fmt::format("the credentials need {} here", action);
    case s3::ErrorKind::kNoSuchBucket:
      return "correct \"bucket\", or find out who deleted it";
    case s3::ErrorKind::kUnreadable:
      return "it is encrypted with a key that these credentials may not use; find out who did that";
    case s3::ErrorKind::kArchived:
      return "it can be read after somebody restores it";
    default:
      if (is_about_time(error)) return "set this machine's clock, or the server's";
      return "the next run tries again";
  }
}

// What only we write lies there.
bool is_not_ours(const store::Error& error) {
  return error.error_number == EACCES && error.path.starts_with(".holdfast/");
}

// What the kernel refuses to take more of may be less than the disk.
std::string_view remedy_of_no_space(int error_number) {
  if (error_number == EDQUOT) {
    return "the quota on this disk is used up, of the user or group that this runs as: raise it, "
           "or make room";
  }
  if (error_number == EFBIG) {
    return "no file may be that large there: look at the limits of the filesystem and of the user "
           "('ulimit -f')";
  }
  return "the disk is full: make room or use a larger one";
}

constexpr std::string_view kMoveForeignAway =
    "'holdfast verify --all' says what holdfast did not put there: move it elsewhere, and the next "
    "run tries again";

// Words for a name on the disk that something else has; "" for any other error.
std::string words_of_what_is_in_the_way(const store::Error& error) {
  const auto name = error.path.empty() ? std::string("the top directory of the disk")
                                       : fmt::format("\"{}\"", error.path);
  switch (error.error_number) {
    case EISDIR:
    case ENOTEMPTY:
      return fmt::format("a directory stands where {} belongs; move it away", name);
    case EEXIST:
      return fmt::format("something else stands where {} belongs; move it away", name);
    case ENOTDIR:
      return fmt::format("a file stands where a directory above {} belongs; move it away", name);
    case ELOOP:
      return fmt::format(
          "a symbolic link stands in the way of {}, and none is followed on the disk; remove it, "
          "or put what it leads to in its place",
          name);
    default:
      return {};
  }
}

}  // namespace

std::string explain(const s3::Error& error, std::string_view action) {
  return fmt::format("{}; {}", s3::describe(error), remedy(error, action));
}

std::string explain(const store::Error& error) {
  if (auto words = words_of_what_is_in_the_way(error); !words.empty()) return words;
  const auto what = store::describe(error);
  switch (error.kind) {
    case store::ErrorKind::kNoSpace:
      return fmt::format("{}; {}", what, remedy_of_no_space(error.error_number));
    case store::ErrorKind::kKeptFree:
      return what + "; make room or use a larger disk";
    case store::ErrorKind::kReadOnly:
      return what +
             "; the filesystem is read-only: look at the kernel's log ('dmesg') and check the disk";
    case store::ErrorKind::kIo:
      return what +
             "; the disk may be failing: look at the kernel's log ('dmesg'), the cable and the "
             "disk";
    case store::ErrorKind::kRefusedName:
      if (is_not_ours(error)) {
        return what +
               "; this disk's files belong to another user: run it with 'sudo holdfast', or "
               "as the user that the timer or cron runs it as. If the disk comes from another "
               "machine, give it to this one's user: sudo chown -R holdfast: MOUNT-POINT";
      }
      return what + "; the filesystem refuses that name, or access to it: look at its permissions";
    default:
      return what;
  }
}

std::string explain_bad_file(const store::Error& error) {
  if (error.kind == store::ErrorKind::kExists && error.error_number == 0) {
    return fmt::format("{}; {}", store::describe(error), kMoveForeignAway);
  }
  if (auto words = words_of_what_is_in_the_way(error); !words.empty()) {
    return words + "; the next run tries again";
  }
  return fmt::format(
      "{}; only this file is affected: look at the kernel's log ('dmesg'), the cable and the disk; "
      "the next run tries again",
      store::describe(error));
}

std::string explain_refused_name(const store::Error& error) {
  if (error.error_number == ELOOP) {
    return fmt::format("not kept: {}; the next run tries again",
                       words_of_what_is_in_the_way(error));
  }
  const auto what = fmt::format("not kept: {}", store::describe(error));
  if (error.kind == store::ErrorKind::kExists) return fmt::format("{}; {}", what, kMoveForeignAway);
  return what +
         "; look at the permissions of its directory, have it uploaded under a plainer name, or "
         "exclude it; the next run tries again";
}

}  // namespace agent
