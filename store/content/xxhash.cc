#include "store/content/xxhash.h"

// Compiled in, so that no library is needed where holdfast runs.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace store {
namespace {

template <typename Canonical>
std::vector<std::byte> bytes_of(const Canonical& canonical) {
  const auto bytes = std::as_bytes(std::span(canonical.digest));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

struct XxHash::State {
  Kind kind;
  XXH64_state_t old{};
  XXH3_state_t third{};
};

XxHash::XxHash(Kind kind) : state_(std::make_unique<State>(State{kind})) { restart(); }
XxHash::~XxHash() = default;
XxHash::XxHash(XxHash&&) noexcept = default;
XxHash& XxHash::operator=(XxHash&&) noexcept = default;

// Neither can fail: the states are there, and so are the bytes.
void XxHash::restart() {
  switch (state_->kind) {
    case Kind::k64:
      (void)XXH64_reset(&state_->old, 0);
      return;
    case Kind::k3Of64:
      (void)XXH3_64bits_reset(&state_->third);
      return;
    case Kind::k3Of128:
      (void)XXH3_128bits_reset(&state_->third);
      return;
  }
}

void XxHash::update(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  switch (state_->kind) {
    case Kind::k64:
      (void)XXH64_update(&state_->old, bytes.data(), bytes.size());
      return;
    case Kind::k3Of64:
      (void)XXH3_64bits_update(&state_->third, bytes.data(), bytes.size());
      return;
    case Kind::k3Of128:
      (void)XXH3_128bits_update(&state_->third, bytes.data(), bytes.size());
      return;
  }
}

std::vector<std::byte> XxHash::finish() const {
  if (state_->kind == Kind::k3Of128) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state_->third));
    return bytes_of(canonical);
  }
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, state_->kind == Kind::k64
                                          ? XXH64_digest(&state_->old)
                                          : XXH3_64bits_digest(&state_->third));
  return bytes_of(canonical);
}

}  // namespace store
