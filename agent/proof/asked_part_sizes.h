#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "agent/base/retry.h"
#include "agent/proof/job.h"
#include "agent/proof/promise.h"
#include "s3client/client.h"

namespace agent {

/// How an object was cut into parts, as far as its promises need to know.
struct FoundParts {
  PartSizes parts;
  bool told = true;  ///< the upstream's word, or not needed; otherwise unknown
};

/// Asks by HEAD how an object was cut. The answers are hints: one that is refused, or does not
/// come, leaves the sizes unknown, and is never an error.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (partNumber)
class AskedPartSizes {
 public:
  /// All of them outlive it. When `keep_going` says no, no more is asked.
  AskedPartSizes(const Job& job, s3::Client& client, s3::Session& session, Retrier& retrier,
                 std::function<bool()> keep_going);

  /// By one question at most: where the others may be as the first part, that is what is said, and
  /// that it is not certain. Else as every().
  FoundParts find(const s3::ObjectHead& head);

  /// Asks for each part, for a content that is not what find() let expect.
  FoundParts every(const s3::ObjectHead& head, std::uint64_t first_bytes);

 private:
  std::optional<std::uint64_t> ask(const s3::ObjectHead& head, std::uint32_t number);
  s3::Result<s3::ObjectHead> ask_for(std::uint32_t number);

  const Job& job_;
  s3::Client& client_;
  s3::Session& session_;
  Retrier& retrier_;
  const std::function<bool()> keep_going_;
};

}  // namespace agent
