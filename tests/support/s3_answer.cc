#include "tests/support/s3_answer.h"

#include <algorithm>

#include "tests/support/listing.h"
#include "tests/support/s3_xml.h"

namespace fake_s3 {

bool S3Request::is_listing() const {
  return http.method == "GET" && key.empty() && !bucket.empty() &&
         (has_parameter(query, "list-type") || has_parameter(query, "versions"));
}

S3Request parse_s3_request(const HttpRequest& http) {
  constexpr std::string_view kVirtual = ".localhost";
  S3Request request{http, {}, {}, parse_query(http.query())};
  std::string_view path = http.path();
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view host = http.value_or_empty("host");
  const std::string_view name = host.substr(0, host.rfind(':'));
  if (name.ends_with(kVirtual)) {
    request.bucket = name.substr(0, name.size() - kVirtual.size());
    request.key = percent_decode(path, false);
    return request;
  }
  const auto slash = std::min(path.find('/'), path.size());
  request.bucket = percent_decode(path.substr(0, slash), false);
  request.key = percent_decode(path.substr(std::min(slash + 1, path.size())), false);
  return request;
}

std::string* Answer::find(std::string_view header) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const Header& candidate) {
    return lower(candidate.first) == lower(header);
  });
  return found == headers.end() ? nullptr : &found->second;
}

void Answer::set(std::string_view header, std::string value) {
  if (std::string* present = find(header)) {
    *present = std::move(value);
  } else {
    headers.emplace_back(header, std::move(value));
  }
}

void Answer::remove(std::string_view header) {
  std::erase_if(headers,
                [&](const Header& candidate) { return lower(candidate.first) == lower(header); });
}

Answer xml_answer(std::string xml) {
  Answer answer;
  answer.headers.emplace_back("Content-Type", "application/xml");
  answer.text = std::move(xml);
  return answer;
}

Answer refusal_answer(const Refusal& refusal, const S3Request& request, std::string_view region) {
  Answer answer;
  answer.status = refusal.status;
  if (refusal.status == 301 || refusal.status == 400 || refusal.status == 403) {
    answer.set("x-amz-bucket-region", std::string(region));
  }
  const bool no_body = request.http.method == "HEAD" || refusal.status == 304;
  if (no_body) return answer;
  answer.set("Content-Type", "application/xml");
  answer.text = error_xml(refusal, request.http.path(), "4442587FB7D0A2F9");
  return answer;
}

}  // namespace fake_s3
