#include "s3client/error.h"

#include <fmt/format.h>

namespace s3 {

std::string describe(const Error& error) {
  std::string text;
  if (error.http_status != 0) text = std::to_string(error.http_status);
  if (!error.code.empty()) text += text.empty() ? error.code : " " + error.code;
  if (!error.message.empty()) text += text.empty() ? error.message : ": " + error.message;
  if (text.empty()) text = "unknown error";
  if (!error.request_id.empty()) text += fmt::format(" (request {})", error.request_id);
  return text;
}

}  // namespace s3
