#pragma once

#include <cstdint>
#include <memory>

#include "agent/proof/content_form.h"
#include "agent/walk/walk_source.h"

namespace agent {

/// Each unpacks one form with the library of that form, as its own tool does: frames and members
/// one after the other are one content, and what the tool passes over is passed over.
std::unique_ptr<Unpacker> unpack_gzip(ByteSource& packed);
std::unique_ptr<Unpacker> unpack_bzip2(ByteSource& packed);
std::unique_ptr<Unpacker> unpack_xz(ByteSource& packed, std::uint64_t memory_bytes);
std::unique_ptr<Unpacker> unpack_zstd(ByteSource& packed, std::uint64_t memory_bytes);
std::unique_ptr<Unpacker> unpack_lz4(ByteSource& packed);

/// The one for this form; none where it is no compressed stream.
std::unique_ptr<Unpacker> unpack(ContentForm form, ByteSource& packed, std::uint64_t memory_bytes);

}  // namespace agent
