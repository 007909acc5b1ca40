#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"

namespace agent {

/// The filters of a source as a person would write them: "prefix = db/, include = *.sql".
std::string filter_text(const SourceConfig& source);

/// Why none of these keys is wanted, and what would be.
struct FilterAdvice {
  std::string dropped_by;  ///< "include = *.sql"
  std::string instead;     ///< "include = **.sql"; empty: none of the spellings tried fits
};
/// `keys` are listed under the prefix, and none of them is wanted.
FilterAdvice advise_on_filter(const SourceConfig& source, std::span<const std::string> keys);

/// Other spellings of a prefix that people mean by this one, the likeliest first: without quotes,
/// without a slash in front, without the bucket's name.
std::vector<std::string> other_prefixes(const SourceConfig& source);
/// The folders that these keys lie in, as prefixes ("db/"), at most `most` of them.
std::vector<std::string> folders_of(std::span<const std::string> keys, std::size_t most);

}  // namespace agent
