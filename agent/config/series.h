#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "store/ledger/records.h"

namespace agent {

class SeriesExpression;

/// With every run of ASCII digits replaced by '#'.
std::string without_digits(std::string_view key);

/// Which archives are backups of one thing, a stream. Cheap to copy; one may be used by several
/// threads.
class Series {
 public:
  /// "auto".
  Series() = default;

  /// "auto", "source", or a POSIX extended regular expression with a group. The error says what is
  /// wrong with the value.
  static Result<Series> parse(const std::string& value);

  /// The name of the stream of a whole key, prefix included, whatever bytes are in it.
  ///   auto: the key with what is a time in it replaced; see agent/config/series_auto.h
  ///   source: empty
  ///   a regular expression: the groups of the leftmost longest match, joined by '/'. A key that
  ///   does not match, or whose match leaves all groups out, has no stream of its own: empty.
  std::string of(std::string_view key) const;

  /// Likewise, with the set, which no setting changes.
  store::Belonging place(std::string_view key) const;

  /// For what has nothing to do with retention: keys that one program may well have written alike.
  ///   auto: the key with every run of ASCII digits replaced by '#'; else as of()
  std::string shape_of(std::string_view key) const;

  /// What was configured.
  const std::string& spec() const { return spec_; }

 private:
  std::string spec_ = "auto";
  std::shared_ptr<SeriesExpression> expression_;  ///< null for auto and source
};

}  // namespace agent
