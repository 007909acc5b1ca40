#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "s3client/error.h"

namespace s3 {

/// A string that no stream, formatter or log prints: it has no conversion, only reveal().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  ~Secret();
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// Always "<redacted>". For {fmt}, found by argument-dependent look-up.
inline std::string_view format_as(const Secret&) { return "<redacted>"; }
std::ostream& operator<<(std::ostream& out, const Secret&);

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;     ///< empty: none
  std::string origin = {};  ///< where they were found: "FILE, profile [default]"
};

struct CredentialsSource {
  /// A look-up in the environment; nullopt when unset. Tests pass their own.
  std::function<std::optional<std::string>(const char*)> environment;
  std::string source_name;       ///< the file $CREDENTIALS_DIRECTORY/NAME
  std::string credentials_file;  ///< AWS shared-credentials format
  std::string profile;           ///< "default"
  bool has_own_file = false;     ///< it is not the file that all sources share
};

/// In this order: AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (AWS_PROFILE
/// and AWS_SHARED_CREDENTIALS_FILE replace profile and file); $CREDENTIALS_DIRECTORY/NAME
/// (systemd.exec(5), same format), where NAME is the source; a credentials file of the source's own
/// that can be opened; $CREDENTIALS_DIRECTORY/holdfast; the credentials file. A file is refused
/// when the world can read it or the group can write it. Errors are kBadCredentials, with a message
/// that names the file and the remedy and never holds a secret.
/// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
Result<Credentials> load_credentials(const CredentialsSource& source);

/// The process's environment.
std::optional<std::string> process_environment(const char* name);

}  // namespace s3
