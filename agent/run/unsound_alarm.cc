#include "agent/run/unsound_alarm.h"

#include <fmt/format.h>

#include "agent/base/printable.h"

namespace agent {

std::string words_of_others(std::uint64_t count, std::string_view one, std::string_view many) {
  if (count == 0) return "";
  return count == 1 ? std::string(one) : fmt::format(fmt::runtime(many), count);
}

std::string others_before(const store::StreamForm& form) {
  return words_of_others(form.unsound - 1, ", nor did the one before it",
                         ", nor did the {} before it");
}

std::string unsound_message(std::string_view key, std::string_view others, std::string_view why,
                            std::string_view source) {
  return fmt::format(
      "\"{}\" does not look like a backup{}: {}. It is held all the same; look at the job that "
      "makes "
      "it. If it is meant to be so, 'holdfast ack {}'",
      printable(key), others, why, source);
}

}  // namespace agent
