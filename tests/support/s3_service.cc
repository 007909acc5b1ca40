#include "tests/support/s3_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fake_s3 {
namespace {

constexpr std::array<std::string_view, 24> kSubresources = {
    "accelerate", "acl",          "analytics",         "attributes",  "cors",
    "encryption", "inventory",    "legal-hold",        "lifecycle",   "location",
    "logging",    "metrics",      "notification",      "object-lock", "ownershipControls",
    "policy",     "policyStatus", "publicAccessBlock", "replication", "requestPayment",
    "retention",  "tagging",      "versioning",        "website"};

// What a bucket of AWS's answers where nobody has set anything.
struct NotSet {
  std::string_view name;
  std::string_view code;  ///< of its 404; empty: it answers 200 with `xml`
  std::string_view xml;
};
constexpr std::array<NotSet, 10> kNotSet = {{
    {"acl", "",
     "<AccessControlPolicy><Owner><ID>owner</ID></Owner><AccessControlList><Grant><Grantee>"
     "<ID>owner</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>"
     "</AccessControlPolicy>"},
    {"encryption", "ServerSideEncryptionConfigurationNotFoundError", ""},
    {"lifecycle", "NoSuchLifecycleConfiguration", ""},
    {"logging", "", "<BucketLoggingStatus/>"},
    {"object-lock", "ObjectLockConfigurationNotFoundError", ""},
    {"ownershipControls", "OwnershipControlsNotFoundError", ""},
    {"policy", "NoSuchBucketPolicy", ""},
    {"policyStatus", "NoSuchBucketPolicy", ""},
    {"publicAccessBlock", "NoSuchPublicAccessBlockConfiguration", ""},
    {"replication", "ReplicationConfigurationNotFoundError", ""},
}};

class Service {
 public:
  Service(const S3Request& request, ObjectStore& store, const ServiceSettings& settings,
          const ServiceLies& lies, const BodyReader& read_body)
      : request_(request),
        http_(request.http),
        store_(store),
        settings_(settings),
        lies_(lies),
        read_body_(read_body) {}

  Answer answer() {
    const Verdict verdict =
        check_signature(http_, settings_.users, {settings_.region, settings_.now});
    if (verdict.refusal) return refuse(*verdict.refusal);
    const bool reads = http_.method == "GET" || http_.method == "HEAD";
    const bool may_read = verdict.user != nullptr || settings_.anonymous_may_read;
    const bool may_write = verdict.user != nullptr && verdict.user->may_write;
    if (reads ? !may_read : !may_write) return refuse({403, "AccessDenied", "Access Denied"});
    if (request_.bucket.empty()) return not_implemented();
    return request_.key.empty() ? bucket_answer() : key_answer();
  }

 private:
  Answer refuse(const Refusal& refusal) const {
    return refusal_answer(refusal, request_, settings_.region);
  }

  Answer not_implemented() const {
    return refuse(
        {501, "NotImplemented",
         "A header or query you provided implies functionality that is not implemented."});
  }

  Answer no_such_bucket() const {
    return refuse({404,
                   "NoSuchBucket",
                   "The specified bucket does not exist",
                   {{"BucketName", request_.bucket}}});
  }

  std::string subresource() const {
    for (const auto& [name, value] : request_.query) {
      if (std::find(kSubresources.begin(), kSubresources.end(), name) != kSubresources.end()) {
        return name;
      }
    }
    return {};
  }

  Answer bucket_answer() {
    if (http_.method == "PUT" && subresource().empty()) {
      store_.memory(request_.bucket);
      return {};
    }
    const auto bucket = store_.find(request_.bucket);
    if (!bucket) return no_such_bucket();
    if (http_.method == "HEAD") {
      Answer answer;
      answer.set("x-amz-bucket-region", settings_.region);
      return answer;
    }
    if (http_.method != "GET") return not_implemented();
    if (const std::string name = subresource(); !name.empty()) return described(*bucket, name);
    return listing(*bucket);
  }

  Answer described(const Bucket& bucket, const std::string& name) const {
    const auto set = settings_.bucket_answers.find({request_.bucket, name});
    if (set != settings_.bucket_answers.end()) {
      Answer answer = xml_answer(set->second.second);
      answer.status = set->second.first;
      return answer;
    }
    constexpr std::string_view kRoot = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    if (name == "location") {
      const bool unnamed = settings_.region == "us-east-1";
      return xml_answer(fmt::format("<LocationConstraint {}>{}</LocationConstraint>", kRoot,
                                    unnamed ? "" : settings_.region));
    }
    if (name == "versioning") {
      return xml_answer(fmt::format("<VersioningConfiguration {}>{}</VersioningConfiguration>",
                                    kRoot,
                                    bucket.keeps_versions() ? "<Status>Enabled</Status>" : ""));
    }
    for (const auto& one : kNotSet) {
      if (one.name != name) continue;
      if (one.code.empty()) return xml_answer(std::string(one.xml));
      return refuse({404, std::string(one.code), "There is none."});
    }
    return not_implemented();
  }

  Answer listing(const Bucket& bucket) const {
    ListingContext context{request_.bucket, settings_.page_keys, settings_.dialect};
    context.lies.merge(lies_.listing);
    context.lies.tells_restores =
        http_.value_or_empty("x-amz-optional-object-attributes") == "RestoreStatus";
    const bool versions = has_parameter(request_.query, "versions");
    if (!versions && parameter(request_.query, "list-type") != "2") return not_implemented();
    auto xml = versions ? list_versions(bucket, request_.query, context)
                        : list_objects(bucket, request_.query, context);
    return xml ? xml_answer(std::move(*xml)) : refuse(xml.error());
  }

  Answer key_answer() {
    const auto bucket = store_.find(request_.bucket);
    if (!bucket) return no_such_bucket();
    if (has_parameter(request_.query, "uploadId")) {
      return refuse({404, "NoSuchUpload",
                     "The specified upload does not exist. The upload ID may be invalid, or the "
                     "upload may have been aborted or completed."});
    }
    if (!subresource().empty() || http_.method == "POST") return not_implemented();
    if (http_.method == "PUT") return put(*bucket);
    if (http_.method == "DELETE") return remove(*bucket);
    if (http_.method == "GET" || http_.method == "HEAD") return read(*bucket);
    return not_implemented();
  }

  Answer read(const Bucket& bucket) const {
    const std::string version_id = parameter(request_.query, "versionId");
    const auto object = bucket.find(request_.key, version_id);
    if (!object) {
      const bool of_version = !version_id.empty();
      return refuse({404,
                     of_version ? "NoSuchVersion" : "NoSuchKey",
                     of_version ? "The specified version does not exist."
                                : "The specified key does not exist.",
                     {{"Key", request_.key}}});
    }
    Answer answer;
    if (!object->delete_marker) {
      answer = object_answer(request_, *object, settings_.region, lies_.object);
    } else if (version_id.empty()) {
      answer = refuse({404, "NoSuchKey", "The specified key does not exist."});
    } else {
      answer = refuse(
          {405, "MethodNotAllowed", "The specified method is not allowed against this resource."});
    }
    if (object->delete_marker) answer.set("x-amz-delete-marker", "true");
    if (bucket.keeps_versions()) answer.set("x-amz-version-id", object->version_id);
    return answer;
  }

  Answer put(Bucket& bucket) {
    std::string body;
    if (!read_body_(body)) {
      return refuse({400, "IncompleteBody", "The request body terminated unexpectedly"});
    }
    if (const auto refusal = check_payload(http_, body)) return refuse(*refusal);
    Object object;
    object.content = std::make_shared<MemoryContent>(std::move(body));
    object.last_modified = settings_.now;
    object.storage_class = http_.value_or_empty("x-amz-storage-class");
    keep_headers(object);
    const std::string etag = object.shown_etag();
    const auto version_id = bucket.put(request_.key, std::move(object));
    if (!version_id) return refuse({403, "AccessDenied", "Access Denied"});
    Answer answer;
    answer.set("ETag", fmt::format("\"{}\"", etag));
    if (bucket.keeps_versions()) answer.set("x-amz-version-id", *version_id);
    return answer;
  }

  void keep_headers(Object& object) const {
    constexpr std::string_view kChecksum = "x-amz-checksum-";
    for (const auto& [name, value] : http_.headers) {
      if (name == "content-type" || name.starts_with("x-amz-meta-")) {
        object.headers.emplace_back(name, value);
      } else if (name.starts_with(kChecksum)) {
        object.checksums.emplace_back(name.substr(kChecksum.size()), value);
        object.checksum_type = "FULL_OBJECT";
      }
    }
  }

  Answer remove(Bucket& bucket) const {
    const auto removal = bucket.remove(request_.key, parameter(request_.query, "versionId"));
    Answer answer;
    answer.status = 204;
    if (removal.delete_marker) answer.set("x-amz-delete-marker", "true");
    if (!removal.version_id.empty()) answer.set("x-amz-version-id", removal.version_id);
    return answer;
  }

  const S3Request& request_;
  const HttpRequest& http_;
  ObjectStore& store_;
  const ServiceSettings& settings_;
  const ServiceLies& lies_;
  const BodyReader& read_body_;
};

}  // namespace

Answer answer_request(const S3Request& request, ObjectStore& store, const ServiceSettings& settings,
                      const ServiceLies& lies, const BodyReader& read_body) {
  return Service(request, store, settings, lies, read_body).answer();
}

}  // namespace fake_s3
