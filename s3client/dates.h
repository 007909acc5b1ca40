#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "s3client/server_clock.h"

namespace s3 {

/// "20130524T000000Z", as x-amz-date wants it.
std::string amz_timestamp(std::chrono::sys_seconds time);

/// "Fri, 24 May 2013 00:00:00 GMT" (RFC 9110, IMF-fixdate).
std::optional<ServerDate> parse_http_date(std::string_view text);
/// The form that HTTP wants: "Wed, 21 Oct 2015 07:28:00 GMT".
std::string http_date(ServerDate time);

/// "2009-10-12T17:50:30.000Z", with or without the fraction, which is dropped.
std::optional<ServerDate> parse_iso8601(std::string_view text);

}  // namespace s3
