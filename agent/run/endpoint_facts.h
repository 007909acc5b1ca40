#pragma once

#include <string_view>

namespace agent {

/// A fact of an endpoint that more than one file asks for; see EndpointView::endpoint_fact(). The
/// value "other" says that it lists keys in another encoding than it tells.
inline constexpr std::string_view kReadingFact = "key-reading";

}  // namespace agent
