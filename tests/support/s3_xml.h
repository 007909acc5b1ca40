#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "tests/support/signature_check.h"

namespace fake_s3 {

/// Text content, with control characters as references, as AWS sends them.
std::string xml_escape(std::string_view text);

/// As S3 encodes names under encoding-type=url: a space is '+', '/' stays.
std::string listing_encode(std::string_view text);

/// "2026-01-31T02:00:00.000Z"
std::string iso_time(std::chrono::sys_seconds time);
/// "Sat, 31 Jan 2026 02:00:00 GMT"
std::string http_time(std::chrono::sys_seconds time);

std::string error_xml(const Refusal& refusal, std::string_view resource,
                      std::string_view request_id);

}  // namespace fake_s3
