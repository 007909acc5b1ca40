#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "store/disk/disk.h"

namespace store {

struct AlignedDelete {
  void operator()(std::byte* bytes) const {
    ::operator delete[](bytes, std::align_val_t{kDirectBytes});
  }
};

/// Memory into which a File can read past the page cache; see File::drop_cache().
using AlignedBuffer = std::unique_ptr<std::byte[], AlignedDelete>;

inline AlignedBuffer make_aligned_buffer(std::size_t size_bytes) {
  return AlignedBuffer(new (std::align_val_t{kDirectBytes}) std::byte[size_bytes]);
}

}  // namespace store
