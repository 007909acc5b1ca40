#pragma once

#include "agent/proof/promise.h"
#include "agent/proof/source_trust.h"

namespace agent {

/// True when bytes that keep this promise can only be the ones that it was made of: a server's own
/// cryptographic digest. A CRC can be forged, and an uploader's word may be an attacker's.
bool proves_identity(const Promise& promise, const SourceTrust& trust);

/// How much it takes to make bytes that keep a promise of this level and are others: one that is
/// kept outweighs one of a lower weight that is not.
int weight_of(ProofLevel level);

}  // namespace agent
