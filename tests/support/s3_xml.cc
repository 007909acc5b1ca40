#include "tests/support/s3_xml.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace fake_s3 {

std::string xml_escape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else if (byte < 0x20) {
      result += fmt::format("&#x{:x};", byte);
    } else {
      result += c;
    }
  }
  return result;
}

std::string listing_encode(std::string_view text) {
  const std::string encoded = percent_encode(text, true);
  std::string result;
  result.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded.compare(i, 3, "%20") == 0) {
      result += '+';
      i += 2;
    } else if (encoded[i] == '~') {
      result += "%7E";  // Java's URLEncoder, which S3 uses, keeps no '~'
    } else {
      result += encoded[i];
    }
  }
  return result;
}

std::string iso_time(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.000Z", fmt::gmtime(time));
}

std::string http_time(std::chrono::sys_seconds time) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(time));
}

std::string error_xml(const Refusal& refusal, std::string_view resource,
                      std::string_view request_id) {
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>",
      xml_escape(refusal.code), xml_escape(refusal.message));
  for (const auto& [name, value] : refusal.details) {
    xml += fmt::format("<{}>{}</{}>", name, xml_escape(value), name);
  }
  xml += fmt::format("<Resource>{}</Resource><RequestId>{}</RequestId>", xml_escape(resource),
                     request_id);
  return xml + "<HostId>fake-s3</HostId></Error>";
}

}  // namespace fake_s3
