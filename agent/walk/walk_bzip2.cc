#include <bzlib.h>

#include <array>

#include "agent/walk/walk_codecs.h"

namespace agent {
namespace {

class Bzip2 final : public Unpacker {
 public:
  explicit Bzip2(ByteSource& packed) : packed_(packed) { begin(); }
  ~Bzip2() override { end(); }
  Bzip2(const Bzip2&) = delete;
  Bzip2& operator=(const Bzip2&) = delete;

  Walked<std::string_view> next() override {
    while (!over_) {
      if (!ready_) return too_much("there is no memory left to unpack bzip2");
      if (auto got = refill(); !got) return got.error();
      if (between_ && !begin_stream()) continue;
      if (over_) break;
      const auto given = step();
      if (!given || !given->empty()) return given;
    }
    return std::string_view{};
  }

  std::string proved() const override { return streams_ > 0 ? "bzip2's CRC-32" : ""; }

 private:
  void begin() {
    auto* const in = stream_.next_in;
    const auto left = stream_.avail_in;
    stream_ = {};
    ready_ = ::BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
    stream_.next_in = in;
    stream_.avail_in = left;
  }
  void end() {
    if (ready_) ::BZ2_bzDecompressEnd(&stream_);
    ready_ = false;
  }

  Walked<bool> refill() {
    if (stream_.avail_in > 0 || ended_) return true;
    const auto bytes = packed_.next();
    if (!bytes) return bytes.error();
    ended_ = bytes->empty();
    // The library does not write there.
    stream_.next_in = const_cast<char*>(bytes->data());
    stream_.avail_in = static_cast<unsigned>(bytes->size());
    return true;
  }

  // Another stream begins with a B; whatever else bzip2 ignores.
  bool begin_stream() {
    if (stream_.avail_in == 0 && !ended_) return false;
    over_ = stream_.avail_in == 0 || *stream_.next_in != 'B';
    if (over_) return true;
    end();
    begin();
    made_ = 0;
    between_ = false;
    return ready_;
  }

  Walked<std::string_view> step() {
    stream_.next_out = out_.data();
    stream_.avail_out = static_cast<unsigned>(out_.size());
    const int done = ::BZ2_bzDecompress(&stream_);
    const auto made = out_.size() - stream_.avail_out;
    made_ += made;
    if (done == BZ_STREAM_END) {
      between_ = true;
      ++streams_;
    } else if (done == BZ_MEM_ERROR) {
      return too_much("there is no memory left to unpack bzip2");
    } else if (done != BZ_OK) {
      if (done == BZ_DATA_ERROR_MAGIC && streams_ > 0 && made_ == 0) {
        over_ = true;  // no stream
        return std::string_view{};
      }
      return broken("its bzip2 is damaged");
    } else if (made == 0 && ended_ && stream_.avail_in == 0) {
      return broken("its bzip2 ends before its end");
    }
    return std::string_view(out_.data(), made);
  }

  ByteSource& packed_;
  bz_stream stream_{};
  bool ready_ = false;
  bool ended_ = false;
  bool between_ = false;
  bool over_ = false;
  unsigned streams_ = 0;
  std::uint64_t made_ = 0;
  std::array<char, std::size_t{64} * 1024> out_{};
};

}  // namespace

std::unique_ptr<Unpacker> unpack_bzip2(ByteSource& packed) {
  return std::make_unique<Bzip2>(packed);
}

}  // namespace agent
