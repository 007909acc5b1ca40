#pragma once

namespace agent {

/// What the ETags of a source have been found to be worth as MD5s, by evidence.
enum class EtagTrust {
  kUnknown,
  kProven,  ///< one matched, there or elsewhere at its endpoint: from then on it is a promise
  kOpaque,  ///< they are something else there, until one matches
};

struct SourceTrust {
  EtagTrust single = EtagTrust::kUnknown;     ///< 32 hex digits
  EtagTrust multipart = EtagTrust::kUnknown;  ///< 32 hex digits and "-N"
};

}  // namespace agent
