#include <algorithm>

#include "s3client/credentials.h"
#include "tests/fuzz/fuzz.h"

// A credentials file. What follows it here is a secret that no message may tell, wherever the input
// has left the reader: in a profile, in another one, or in the middle of a line.

namespace {

using fuzz::demand;

constexpr std::string_view kSecret = "wJalrXUtnFEMI";

bool can_be_in_a_header(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  auto text = std::string(fuzz::text_of(data, size_bytes));
  const bool has_secret = text.find(kSecret) == std::string::npos;
  if (has_secret) text.append("\naws_secret_access_key = ").append(kSecret).append(" \x01");
  const fuzz::MemoryFile file(text);
  s3::CredentialsSource source;
  source.credentials_file = file.path();
  source.profile = "default";
  const auto credentials = s3::load_credentials(source);
  if (!credentials) {
    demand(credentials.error().kind == s3::ErrorKind::kBadCredentials, "they are bad credentials");
    demand(credentials.error().message.starts_with(file.path()), "the file is named",
           credentials.error().message);
    demand(!has_secret || credentials.error().message.find(kSecret) == std::string::npos,
           "no message holds a secret", credentials.error().message);
    return 0;
  }
  demand(!credentials->access_key_id.empty() && !credentials->secret_access_key.empty(),
         "there is a key and a secret");
  demand(can_be_in_a_header(credentials->access_key_id) &&
             can_be_in_a_header(credentials->secret_access_key.reveal()) &&
             can_be_in_a_header(credentials->session_token.reveal()),
         "they can be parts of a header");
  return 0;
}
