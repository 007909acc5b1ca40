#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/listing.h"
#include "tests/support/object_store.h"
#include "tests/support/s3_answer.h"
#include "tests/support/signature_check.h"

namespace fake_s3 {

/// What the server is set to at the moment of a request.
struct ServiceSettings {
  std::string region = "us-east-1";
  std::vector<User> users;
  std::chrono::sys_seconds now{};
  std::size_t page_keys = 1000;
  bool anonymous_may_read = false;
  ListingLies dialect;  ///< of every listing
  /// Answers to GET BUCKET?NAME, by bucket and name: status and XML.
  std::map<std::pair<std::string, std::string>, std::pair<int, std::string>> bucket_answers = {};
};

/// How the answer to one request is bent.
struct ServiceLies {
  ListingLies listing;
  ObjectLies object;
};

/// False: the body did not come. Only called for a request that is allowed.
using BodyReader = std::function<bool(std::string&)>;

/// S3 itself: who asks, may they, and what is the answer.
Answer answer_request(const S3Request& request, ObjectStore& store, const ServiceSettings& settings,
                      const ServiceLies& lies, const BodyReader& read_body);

}  // namespace fake_s3
