#include <zlib.h>

#include <array>

#include "agent/walk/walk_codecs.h"

namespace agent {
namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;

class Gzip final : public Unpacker {
 public:
  explicit Gzip(ByteSource& packed) : packed_(packed) {
    ready_ = ::inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~Gzip() override {
    if (ready_) ::inflateEnd(&stream_);
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Walked<std::string_view> next() override {
    if (!ready_) return too_much("there is no memory left to unpack gzip");
    while (!over_) {
      if (auto got = refill(); !got) return got.error();
      if (between_ && !begin_member()) continue;
      if (over_) break;
      const auto given = step();
      if (!given || !given->empty()) return given;
    }
    return std::string_view{};
  }

  std::string proved() const override { return members_ > 0 ? "gzip's CRC-32" : ""; }

 private:
  Walked<bool> refill() {
    if (stream_.avail_in > 0 || ended_) return true;
    const auto bytes = packed_.next();
    if (!bytes) return bytes.error();
    ended_ = bytes->empty();
    // zlib does not write there.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes->data()));
    stream_.avail_in = static_cast<uInt>(bytes->size());
    return true;
  }

  // Behind a member comes another one, or padding; and whatever else gzip ignores.
  bool begin_member() {
    while (stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
    }
    constexpr Bytef kFirst = 0x1F;
    if (stream_.avail_in == 0) {
      over_ = ended_;
      return false;
    }
    if (*stream_.next_in != kFirst) {
      over_ = true;
      return true;
    }
    ::inflateReset(&stream_);
    between_ = false;
    return true;
  }

  Walked<std::string_view> step() {
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
    stream_.avail_out = static_cast<uInt>(out_.size());
    const int done = ::inflate(&stream_, Z_NO_FLUSH);
    const auto made = out_.size() - stream_.avail_out;
    if (done == Z_STREAM_END) {
      between_ = true;
      ++members_;
    } else if (done == Z_MEM_ERROR) {
      return too_much("there is no memory left to unpack gzip");
    } else if (done == Z_DATA_ERROR || done == Z_NEED_DICT) {
      constexpr uLong kMagicBytes = 4;
      if (members_ > 0 && stream_.total_in <= kMagicBytes) {
        over_ = true;  // no member
        return std::string_view{};
      }
      return broken("its gzip is damaged");
    } else if (made == 0 && ended_ && stream_.avail_in == 0) {
      return broken("its gzip ends before its end");
    }
    return std::string_view(out_.data(), made);
  }

  ByteSource& packed_;
  z_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
  bool between_ = false;
  bool over_ = false;
  unsigned members_ = 0;
  std::array<char, std::size_t{64} * 1024> out_{};
};

}  // namespace

std::unique_ptr<Unpacker> unpack_gzip(ByteSource& packed) { return std::make_unique<Gzip>(packed); }

}  // namespace agent
