#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace store {

/// The hashes of xxHash without a seed, in their canonical form: big-endian, as S3 sends them.
class XxHash {
 public:
  enum class Kind { k64, k3Of64, k3Of128 };

  explicit XxHash(Kind kind);
  ~XxHash();
  XxHash(XxHash&&) noexcept;
  XxHash& operator=(XxHash&&) noexcept;

  void update(std::span<const std::byte> bytes);
  std::vector<std::byte> finish() const;
  void restart();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace store
