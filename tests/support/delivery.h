#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "tests/support/http_server.h"
#include "tests/support/s3_answer.h"

namespace fake_s3 {

/// How an answer travels. The defaults: completely, at once, and the connection stays.
struct Delivery {
  std::optional<std::uint64_t> cut_bytes;  ///< of the body; then the connection ends
  bool by_reset = false;                   ///< and how it ends
  std::optional<std::uint64_t> stall_bytes;
  std::optional<std::uint64_t> flip_bytes;  ///< offset within the body
  std::uint64_t extra_bytes = 0;
  std::int64_t length_error_bytes = 0;
  std::uint64_t bytes_per_second = 0;  ///< 0: no limit
  bool omit_length = false;
  bool close_after = false;
};

/// Called with the bytes of the body that are about to be sent.
using Progress = std::function<void(std::uint64_t)>;

void deliver(Connection& connection, const HttpRequest& request, const Answer& answer,
             const Delivery& delivery, const Progress& progress);

}  // namespace fake_s3
