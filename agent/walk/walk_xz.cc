#include <fmt/format.h>
#include <lzma.h>

#include <array>

#include "agent/base/units.h"
#include "agent/walk/walk_codecs.h"

namespace agent {
namespace {

class Xz final : public Unpacker {
 public:
  Xz(ByteSource& packed, std::uint64_t memory_bytes) : packed_(packed) {
    ready_ = ::lzma_stream_decoder(&stream_, memory_bytes, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~Xz() override { ::lzma_end(&stream_); }
  Xz(const Xz&) = delete;
  Xz& operator=(const Xz&) = delete;

  Walked<std::string_view> next() override {
    if (!ready_) return too_much("there is no memory left to unpack xz");
    while (!over_) {
      if (auto got = refill(); !got) return got.error();
      const auto given = step();
      if (!given || !given->empty()) return given;
    }
    return std::string_view{};
  }

  std::string proved() const override {
    switch (::lzma_get_check(&stream_)) {
      case LZMA_CHECK_CRC32:
        return "xz's CRC-32";
      case LZMA_CHECK_CRC64:
        return "xz's CRC-64";
      case LZMA_CHECK_SHA256:
        return "xz's SHA-256";
      default:
        return "";
    }
  }

 private:
  Walked<bool> refill() {
    if (stream_.avail_in > 0 || ended_) return true;
    const auto bytes = packed_.next();
    if (!bytes) return bytes.error();
    ended_ = bytes->empty();
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes->data());
    stream_.avail_in = bytes->size();
    return true;
  }

  Walked<std::string_view> step() {
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out_.data());
    stream_.avail_out = out_.size();
    const auto done = ::lzma_code(&stream_, ended_ ? LZMA_FINISH : LZMA_RUN);
    const auto made = out_.size() - stream_.avail_out;
    switch (done) {
      case LZMA_STREAM_END:
        over_ = true;
        break;
      case LZMA_OK:
        break;
      case LZMA_MEMLIMIT_ERROR:
        return too_much(
            fmt::format("its dictionary needs {}", format_size(::lzma_memusage(&stream_))));
      case LZMA_MEM_ERROR:
        return too_much("there is no memory left to unpack xz");
      case LZMA_OPTIONS_ERROR:
        return not_known("its xz has options that are not known here");
      case LZMA_BUF_ERROR:
        return broken("its xz ends before its end");
      default:
        return broken("its xz is damaged");
    }
    return std::string_view(out_.data(), made);
  }

  ByteSource& packed_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ready_ = false;
  bool ended_ = false;
  bool over_ = false;
  std::array<char, std::size_t{64} * 1024> out_{};
};

}  // namespace

std::unique_ptr<Unpacker> unpack_xz(ByteSource& packed, std::uint64_t memory_bytes) {
  return std::make_unique<Xz>(packed, memory_bytes);
}

}  // namespace agent
