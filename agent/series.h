#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/result.h"

namespace agent {

class SeriesExpression;

/// Which archives belong together. Cheap to copy; one may be used by several threads.
class Series {
 public:
  /// "auto".
  Series() = default;

  /// "auto", "source", or a POSIX extended regular expression with a group. The error says what is
  /// wrong with the value.
  static Result<Series> parse(const std::string& value);

  /// The name of the series of a whole key, prefix included, whatever bytes are in it.
  ///   auto: the key with every run of ASCII digits replaced by '#'
  ///   source: empty
  ///   a regular expression: the first group of the leftmost longest match. A key that does not
  ///   match, or whose match leaves the group out, has no series of its own: empty.
  std::string of(std::string_view key) const;

  /// What was configured.
  const std::string& spec() const { return spec_; }

 private:
  std::string spec_ = "auto";
  std::shared_ptr<SeriesExpression> expression_;  ///< null for auto and source
};

}  // namespace agent
