#pragma once

#include <string_view>

#include "agent/listing/lister.h"
#include "agent/run/run_context.h"

namespace agent {

/// Whether a listing that says that it is complete, after `last_key`, is asked for more: servers
/// are known that cut a listing short and say nothing. It is done with the first listing of a
/// source, with one now and then, with a server that was caught at it, and where a key that was
/// expected lies behind.
bool is_end_in_doubt(const ListingMemory& was, bool in_order, std::string_view last_key);

/// Whether the end is to be doubted again, as once a day, when a server was last asked for more at
/// `asked`.
bool is_doubt_due(store::Time asked, store::Time now);

/// Whether what was found behind the end was there before the listing began, by the server's clock:
/// the server cuts listings short, and is not believed again.
bool is_proof_of_cutting(const ListEnd& end, Time begun);

}  // namespace agent
