#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <bit>

#include "agent/base/byte_order.h"
#include "agent/base/units.h"
#include "agent/walk/walk_codecs.h"

namespace agent {
namespace {

constexpr unsigned kChecksumFlag = 0x04;

// RFC 8878, 3.1.1.1.2: the window of a frame; 0 where it is as large as its content.
std::uint64_t window_of(std::string_view frame) {
  constexpr unsigned kSingleSegment = 0x20;
  if (frame.size() < 6 || (static_cast<unsigned char>(frame[4]) & kSingleSegment) != 0) return 0;
  const auto descriptor = static_cast<unsigned char>(frame[5]);
  const auto base = std::uint64_t{1} << (10U + (descriptor >> 3U));
  return base + base / 8 * (descriptor & 7U);
}

class Zstd final : public Unpacker {
 public:
  Zstd(ByteSource& packed, std::uint64_t memory_bytes)
      : packed_(packed), memory_bytes_(memory_bytes), stream_(::ZSTD_createDStream()) {
    // It keeps the window and a little more.
    const auto log = std::bit_width(memory_bytes / 4 * 3) - 1;
    ready_ = stream_ != nullptr && ::ZSTD_isError(::ZSTD_initDStream(stream_)) == 0 &&
             ::ZSTD_isError(::ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax,
                                                     static_cast<int>(log))) == 0;
  }
  ~Zstd() override { ::ZSTD_freeDStream(stream_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  Walked<std::string_view> next() override {
    if (!ready_) return too_much("there is no memory left to unpack zstd");
    while (true) {
      if (in_.pos == in_.size && !ended_) {
        const auto bytes = packed_.next();
        if (!bytes) return bytes.error();
        ended_ = bytes->empty();
        in_ = {bytes->data(), bytes->size(), 0};
      }
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      if (ended_ && is_at_end_of_frame_) return std::string_view{};
      look_at_frame();
      const auto left = ::ZSTD_decompressStream(stream_, &out, &in_);
      if (::ZSTD_isError(left) != 0) return failure(::ZSTD_getErrorCode(left));
      is_at_end_of_frame_ = left == 0;
      if (out.pos > 0) return std::string_view(out_.data(), out.pos);
      if (ended_ && !is_at_end_of_frame_) return broken("its zstd ends before its end");
    }
  }

  std::string proved() const override { return has_sum_ ? "zstd's checksum" : ""; }

 private:
  // As far as its header is in one piece.
  void look_at_frame() {
    constexpr std::uint64_t kMagic = 0xFD2FB528;
    if (!is_at_end_of_frame_) return;
    const std::string_view frame(static_cast<const char*>(in_.src) + in_.pos, in_.size - in_.pos);
    if (frame.size() < 6 || little_endian(frame, 0, 4) != kMagic) return;
    window_ = window_of(frame);
    const bool has_sum = (static_cast<unsigned char>(frame[4]) & kChecksumFlag) != 0;
    has_sum_ = any_ ? has_sum_ && has_sum : has_sum;
    any_ = true;
  }

  Obstacle failure(ZSTD_ErrorCode code) const {
    switch (code) {
      case ZSTD_error_frameParameter_windowTooLarge:
        return window_ > 0 ? too_much(fmt::format("its dictionary needs {}", format_size(window_)))
                           : too_large("its dictionary", memory_bytes_);
      case ZSTD_error_memory_allocation:
        return too_large("its zstd", memory_bytes_);
      case ZSTD_error_dictionary_wrong:
        return not_known("it was made with a dictionary that is not in it");
      case ZSTD_error_version_unsupported:
      case ZSTD_error_frameParameter_unsupported:
        return not_known("its zstd is of a kind that is not known here");
      default:
        return broken("its zstd is damaged");
    }
  }

  ByteSource& packed_;
  const std::uint64_t memory_bytes_;
  ZSTD_DStream* stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  std::uint64_t window_ = 0;
  bool ready_ = false;
  bool ended_ = false;
  bool is_at_end_of_frame_ = true;
  bool any_ = false;
  bool has_sum_ = false;
  std::array<char, std::size_t{128} * 1024> out_{};
};

}  // namespace

std::unique_ptr<Unpacker> unpack_zstd(ByteSource& packed, std::uint64_t memory_bytes) {
  return std::make_unique<Zstd>(packed, memory_bytes);
}

}  // namespace agent
