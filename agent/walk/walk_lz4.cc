#include <lz4frame.h>

#include <array>

#include "agent/walk/walk_codecs.h"

namespace agent {
namespace {

constexpr unsigned kBlockSums = 0x10;
constexpr unsigned kContentSum = 0x04;

class Lz4 final : public Unpacker {
 public:
  explicit Lz4(ByteSource& packed) : packed_(packed) {
    ready_ = ::LZ4F_isError(::LZ4F_createDecompressionContext(&stream_, LZ4F_VERSION)) == 0;
  }
  ~Lz4() override { ::LZ4F_freeDecompressionContext(stream_); }
  Lz4(const Lz4&) = delete;
  Lz4& operator=(const Lz4&) = delete;

  Walked<std::string_view> next() override {
    if (!ready_) return too_much("there is no memory left to unpack lz4");
    while (true) {
      if (in_.empty() && !ended_) {
        const auto bytes = packed_.next();
        if (!bytes) return bytes.error();
        ended_ = bytes->empty();
        in_ = *bytes;
      }
      if (ended_ && in_.empty() && !wants_more_) return std::string_view{};
      if (auto known = look_at_frame(); !known) return known.error();
      std::size_t made = out_.size();
      std::size_t taken = in_.size();
      const auto hint = ::LZ4F_decompress(stream_, out_.data(), &made, in_.data(), &taken, nullptr);
      if (::LZ4F_isError(hint) != 0) return broken("its lz4 is damaged");
      in_.remove_prefix(taken);
      wants_more_ = hint != 0;
      if (made > 0) return std::string_view(out_.data(), made);
      if (ended_ && in_.empty() && wants_more_) return broken("its lz4 ends before its end");
    }
  }

  std::string proved() const override { return has_sums_ ? "lz4's xxHash" : ""; }

 private:
  Walked<bool> look_at_frame() {
    using namespace std::string_view_literals;
    if (wants_more_ || in_.size() < 5) return true;
    if (in_.starts_with("\x02\x21\x4C\x18"sv)) {
      return not_known("its lz4 is of the oldest kind, which is not walked");
    }
    if (!in_.starts_with("\x04\x22\x4D\x18"sv)) return true;
    const bool has = (static_cast<unsigned char>(in_[4]) & (kBlockSums | kContentSum)) != 0;
    has_sums_ = any_ ? has_sums_ && has : has;
    any_ = true;
    return true;
  }

  ByteSource& packed_;
  LZ4F_dctx* stream_ = nullptr;
  std::string_view in_;
  bool ready_ = false;
  bool ended_ = false;
  bool wants_more_ = false;
  bool any_ = false;
  bool has_sums_ = false;
  std::array<char, std::size_t{64} * 1024> out_{};
};

}  // namespace

std::unique_ptr<Unpacker> unpack_lz4(ByteSource& packed) { return std::make_unique<Lz4>(packed); }

std::unique_ptr<Unpacker> unpack(ContentForm form, ByteSource& packed, std::uint64_t memory_bytes) {
  switch (form) {
    case ContentForm::kGzip:
      return unpack_gzip(packed);
    case ContentForm::kBzip2:
      return unpack_bzip2(packed);
    case ContentForm::kXz:
      return unpack_xz(packed, memory_bytes);
    case ContentForm::kZstd:
      return unpack_zstd(packed, memory_bytes);
    case ContentForm::kLz4:
      return unpack_lz4(packed);
    default:
      return nullptr;
  }
}

}  // namespace agent
