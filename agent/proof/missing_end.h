#pragma once

#include "agent/proof/content_form.h"

namespace agent {

/// True where a content of this form lacks its end: an xz's footer, a bzip2's end mark, a zip's end
/// record, the closing line of a dump, the pages that an SQLite file counts, and so on. False where
/// it is there, and where the ends cannot tell: what is encrypted, a large zstd, a PostgreSQL
/// archive.
bool lacks_its_end(ContentForm form, const ContentEnds& ends);

/// Whether a zip's end record stands in the tail, of the last of several parts too.
bool has_zip_end(const ContentEnds& ends);

}  // namespace agent
