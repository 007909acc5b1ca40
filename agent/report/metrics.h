#pragma once

#include <string>

#include "agent/status/status.h"

namespace agent {

/// The status in Prometheus's text format, for the node exporter's textfile collector. Times that
/// there were not yet are left out.
std::string to_metrics(const StatusReport& status);

}  // namespace agent
