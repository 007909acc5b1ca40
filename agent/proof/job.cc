#include "agent/proof/job.h"

#include "agent/base/key_reading.h"

namespace agent {

std::string requested_key(const Job& job) {
  if (job.other_reading) {
    if (auto other = other_reading(job.wanted.key)) return *std::move(other);
  }
  return job.wanted.key;
}

}  // namespace agent
