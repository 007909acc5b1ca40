#pragma once

#include "agent/job.h"
#include "agent/promise.h"
#include "agent/retry.h"
#include "s3client/client.h"

namespace agent {

/// How an object was cut into parts, as far as its promises need to know.
struct FoundParts {
  PartSizes parts;
  bool told = true;  ///< the upstream's word, or not needed; otherwise unknown
};

/// Asks by HEAD for parts 1, 2 and the last, and for each one where those are not of one size. A
/// server that knows no part numbers is no error; a passing fault is one, because it must not make
/// a content pass for less than what it was promised to be.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html (partNumber)
s3::Result<FoundParts> find_parts(const Job& job, const s3::ObjectHead& head, s3::Client& client,
                                  s3::Session& session, Retrier& retrier);

}  // namespace agent
