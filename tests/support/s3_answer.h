#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/http_message.h"
#include "tests/support/object_store.h"
#include "tests/support/signature_check.h"

namespace fake_s3 {

/// What a request asks of S3.
struct S3Request {
  const HttpRequest& http;
  std::string bucket;
  std::string key;  ///< decoded; empty: the bucket itself
  std::vector<Header> query;

  bool is_listing() const;
};

/// Path style, and virtual style below ".localhost".
S3Request parse_s3_request(const HttpRequest& http);

/// A response before it is sent; Content-Length and Date come later.
struct Answer {
  int status = 200;
  std::vector<Header> headers;
  std::string text;                        ///< the body, unless there is content
  std::shared_ptr<const Content> content;  ///< of which `length_bytes` from `offset_bytes`
  std::uint64_t offset_bytes = 0;
  std::uint64_t length_bytes = 0;

  std::uint64_t body_size_bytes() const { return content ? length_bytes : text.size(); }
  std::string* find(std::string_view header);
  void set(std::string_view header, std::string value);
  void remove(std::string_view header);
};

Answer xml_answer(std::string xml);
Answer refusal_answer(const Refusal& refusal, const S3Request& request, std::string_view region);

/// How the answers about objects are bent.
struct ObjectLies {
  bool ignore_range = false;
  bool ignore_parts = false;
  bool part_etags = false;
  std::string unpacked;  ///< what is sent of an object with a Content-Encoding to who takes no gzip
};

/// GetObject and HeadObject of a version that exists: conditions, ranges, parts, checksums.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
Answer object_answer(const S3Request& request, const Object& object, std::string_view region,
                     const ObjectLies& lies);

}  // namespace fake_s3
