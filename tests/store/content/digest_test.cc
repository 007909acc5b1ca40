#include "store/content/digest.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "store/content/crc.h"
#include "store/disk/posix_disk.h"
#include "tests/support/catch.h"
#include "tests/support/temp_dir.h"

using nlohmann::json;
using store::Algorithm;
using store::DigestRequest;
using store::DigestSet;
using store::RawDigest;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

RawDigest digest_of(std::string_view text, const DigestRequest& request) {
  DigestSet set({request});
  set.update(bytes_of(text));
  return set.finish().front();
}

std::string hex_of(std::string_view text, Algorithm algorithm) {
  return store::to_hex(digest_of(text, {algorithm, {}}));
}

std::string as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const std::map<std::string, Algorithm>& algorithms() {
  static const std::map<std::string, Algorithm> kAlgorithms = {
      {"MD5", Algorithm::kMd5},       {"SHA1", Algorithm::kSha1},
      {"SHA256", Algorithm::kSha256}, {"CRC32", Algorithm::kCrc32},
      {"CRC32C", Algorithm::kCrc32c}, {"CRC64NVME", Algorithm::kCrc64Nvme}};
  return kAlgorithms;
}

// null where the vectors are not at hand.
json vectors() {
  std::ifstream file(std::string(HOLDFAST_VECTORS) + "/checksums/checksums.json");
  if (!file) {
    WARN("SKIPPED: the checksum vectors are not here");
    return nullptr;
  }
  return json::parse(file);
}

// "-3" says how many parts there are; what is before it is base64.
std::string without_part_count(const std::string& value) {
  return value.substr(0, value.rfind('-'));
}

void check_composite(std::string_view content, const std::vector<std::uint64_t>& part_sizes,
                     Algorithm algorithm, const std::string& base64) {
  CHECK(store::to_base64(digest_of(content, {algorithm, part_sizes})) == base64);
}

}  // namespace

TEST_CASE("each digest gives its published check value") {
  CHECK(hex_of("123456789", Algorithm::kCrc32) == "cbf43926");
  CHECK(hex_of("123456789", Algorithm::kCrc32c) == "e3069283");
  CHECK(hex_of("123456789", Algorithm::kCrc64Nvme) == "ae8b14860a799888");
  CHECK(hex_of("abc", Algorithm::kMd5) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(hex_of("abc", Algorithm::kSha1) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex_of("abc", Algorithm::kSha256) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_of("abc", Algorithm::kSha512) ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST_CASE("each xxHash gives what xxhsum prints, however the bytes come") {
  CHECK(hex_of("", Algorithm::kXxHash64) == "ef46db3751d8e999");
  CHECK(hex_of("", Algorithm::kXxHash3) == "2d06800538d394c2");
  CHECK(hex_of("", Algorithm::kXxHash128) == "99aa06d3014798d86001c324468d497f");
  CHECK(hex_of("abc", Algorithm::kXxHash64) == "44bc2cf5ad770999");
  CHECK(hex_of("abc", Algorithm::kXxHash3) == "78af5f94892f3950");
  CHECK(hex_of("abc", Algorithm::kXxHash128) == "06b05ab6733a618578af5f94892f3950");
  const std::string text(300'000, 'x');
  for (const auto algorithm : {Algorithm::kXxHash64, Algorithm::kXxHash3, Algorithm::kXxHash128}) {
    store::DigestSet pieces({{algorithm, {}}});
    for (std::size_t at = 0; at < text.size(); at += 777) {
      pieces.update(
          std::as_bytes(std::span(text).subspan(at, std::min<std::size_t>(777, text.size() - at))));
    }
    CHECK(store::to_hex(pieces.finish().front()) == hex_of(text, algorithm));
    // Of parts, as of every other checksum.
    const auto first = digest_of(text.substr(0, 200'000), {algorithm, {}});
    const auto second = digest_of(text.substr(200'000), {algorithm, {}});
    CHECK(digest_of(text, {algorithm, {200'000}}) ==
          digest_of(as_text(first) + as_text(second), {algorithm, {}}));
  }
}

TEST_CASE("the CRC vectors of another implementation hold") {
  const json all = vectors();
  if (all.is_null()) return;
  REQUIRE(all["crc"].size() >= 9);
  for (const json& vector : all["crc"]) {
    CAPTURE(vector.dump());
    const std::string input = as_text(store::from_hex(vector["input_hex"].get<std::string>()));
    const RawDigest digest = digest_of(input, {algorithms().at(vector["algorithm"]), {}});
    CHECK(store::to_hex(digest) == vector["value_hex"]);
    CHECK(store::to_base64(digest) == vector["base64_big_endian"]);
  }
}

TEST_CASE("the header values of single objects hold") {
  const json all = vectors();
  if (all.is_null()) return;
  const std::map<std::string, std::string> inputs = {{"1024 x 'A'", std::string(1024, 'A')},
                                                     {"\"test-123\"", "test-123"}};
  for (const json& vector : all["single"]) {
    CAPTURE(vector.dump());
    const std::string& input = inputs.at(vector["input"]);
    CHECK(store::to_base64(digest_of(input, {algorithms().at(vector["algorithm"]), {}})) ==
          vector["base64"]);
    if (vector.contains("etag")) {
      CHECK("\"" + hex_of(input, Algorithm::kMd5) + "\"" == vector["etag"]);
    }
  }
}

TEST_CASE("multipart ETags, composites and whole-object checksums hold") {
  const json all = vectors();
  if (all.is_null()) return;
  const std::size_t n = 5242880;
  const std::map<std::string, std::string> inputs = {
      {"3 parts of 5242880 bytes: 'A'*n, 'B'*n, 'C'*n",
       std::string(n, 'A') + std::string(n, 'B') + std::string(n, 'C')},
      {"1 part: 1024 x 'A' (composite of ONE part is not the object's own SHA-256)",
       std::string(1024, 'A')}};
  for (const json& vector : all["multipart"]) {
    CAPTURE(vector.dump());
    const std::string& input = inputs.at(vector["input"]);
    const auto sizes = vector["part_sizes"].get<std::vector<std::uint64_t>>();
    if (vector.contains("object")) {  // an ETag
      const auto digest = digest_of(input, {Algorithm::kMd5, sizes});
      CHECK(store::to_hex(digest) == without_part_count(vector["object"]));
      continue;
    }
    const Algorithm algorithm = algorithms().at(vector["algorithm"]);
    if (vector["type"] == "COMPOSITE") {
      check_composite(input, sizes, algorithm, without_part_count(vector["object_base64"]));
    } else {
      CHECK(store::to_base64(digest_of(input, {algorithm, {}})) == vector["object_base64"]);
    }
  }
}

TEST_CASE("what AWS answered for uploads in parts holds") {
  const json all = vectors();
  if (all.is_null()) return;
  const std::map<std::string, std::string> inputs = {
      {"part1 = part2 = 5242881 x 'a', part3 = 10 x 'a'", std::string(2 * 5242881 + 10, 'a')},
      {"1 part: \"test content 123\"", "test content 123"}};
  for (const json& vector : all["aws_captured_multipart"]) {
    CAPTURE(vector["algorithm"].dump(), vector["type"].dump());
    const std::string& input = inputs.at(vector["input"]);
    const auto sizes = vector["part_sizes"].get<std::vector<std::uint64_t>>();
    const Algorithm algorithm = algorithms().at(vector["algorithm"]);
    const std::string value = vector["object_header_value"];
    if (vector["type"] == "COMPOSITE") {
      check_composite(input, sizes, algorithm, without_part_count(value));
    } else {
      CHECK(store::to_base64(digest_of(input, {algorithm, {}})) == value);
    }
    const std::string etag = vector["etag_header"];
    CHECK("\"" + store::to_hex(digest_of(input, {Algorithm::kMd5, sizes})) ==
          without_part_count(etag));
    // One entry stands for parts of one size with a shorter last one.
    CHECK(digest_of(input, {algorithm, {sizes.front()}}) == digest_of(input, {algorithm, sizes}));
  }
}

TEST_CASE("empty objects, short last parts and composite CRCs hold") {
  const json all = vectors();
  if (all.is_null()) return;
  const std::size_t n = 5242880;
  const std::string parted = std::string(n, 'a') + std::string(n, 'b') + std::string(1000, 'c');
  const std::map<std::string, std::string> inputs = {{"empty", ""},
                                                     {"ASCII 123456789", "123456789"},
                                                     {"1048577 x 'a'", std::string(1048577, 'a')}};
  for (const json& vector : all["derived_here"]["items"]) {
    CAPTURE(vector.dump());
    const bool in_parts = vector.contains("composite");
    const std::string& input = in_parts ? parted : inputs.at(vector["input"]);
    const json& whole = in_parts ? vector["full_object"] : vector;
    for (const auto& [name, algorithm] : algorithms()) {
      if (whole.contains(name)) {
        CHECK(store::to_base64(digest_of(input, {algorithm, {}})) == whole[name]);
      }
      if (in_parts && vector["composite"].contains(name)) {
        check_composite(input, {n}, algorithm, without_part_count(vector["composite"][name]));
      }
    }
    if (in_parts) {
      CHECK(store::to_hex(digest_of(input, {Algorithm::kMd5, {n, n, 1000}})) ==
            without_part_count(vector["etag"]).substr(1));
    }
  }
}

TEST_CASE("parts are taken as they are listed, and the last size repeats") {
  const auto composite = [](std::vector<std::string> parts) {
    std::string digests;
    for (const std::string& part : parts) {
      digests += as_text(digest_of(part, {Algorithm::kMd5, {}}));
    }
    return digest_of(digests, {Algorithm::kMd5, {}});
  };
  const auto in_parts = [](std::string_view text, std::vector<std::uint64_t> sizes) {
    return digest_of(text, {Algorithm::kMd5, std::move(sizes)});
  };
  CHECK(in_parts("abcdefg", {3}) == composite({"abc", "def", "g"}));
  CHECK(in_parts("abcdef", {3}) == composite({"abc", "def"}));
  CHECK(in_parts("abcdefgh", {1, 3}) == composite({"a", "bcd", "efg", "h"}));
  CHECK(in_parts("abcdef", {4, 2}) == composite({"abcd", "ef"}));
  CHECK(in_parts("ab", {100, 7}) == composite({"ab"}));
  CHECK(in_parts("", {5}) == composite({""}));
  CHECK(in_parts("abc", {3, 0}) == composite({"abc", ""}));
  CHECK(in_parts("abc", {0, 3}) == composite({"", "abc"}));
  CHECK(in_parts("abcdef", {3, 0}) == composite({"abc", "", "def"}));
  CHECK(in_parts("abc", {0, 0, 2}) == composite({"", "", "ab", "c"}));
  CHECK(in_parts("", {0}) == composite({""}));
}

TEST_CASE("the digest does not depend on how the bytes come in") {
  std::mt19937 random(7);
  std::string content(400000, '\0');
  std::generate(content.begin(), content.end(), [&] { return static_cast<char>(random()); });
  std::vector<DigestRequest> requests;
  for (const auto& [name, algorithm] : algorithms()) {
    requests.push_back({algorithm, {}});
    requests.push_back({algorithm, {70001}});
  }
  DigestSet at_once(requests);
  at_once.update(bytes_of(content));
  const auto expected = at_once.finish();

  DigestSet piecemeal(requests);
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t size = std::min<std::size_t>(random() % 3000, content.size() - at);
    piecemeal.update(bytes_of(content).subspan(at, size));
    at += size;
  }
  CHECK(piecemeal.finish() == expected);
}

TEST_CASE("CRC-32C is the same with and without the processor's help") {
  std::mt19937 random(11);
  std::vector<std::byte> content(5000);
  std::generate(content.begin(), content.end(), [&] { return static_cast<std::byte>(random()); });
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t from = 0; from < 9; ++from) {
      const auto bytes = std::span<const std::byte>(content).subspan(from, size);
      CHECK(store::crc32c(17, bytes) == store::crc32c_portable(17, bytes));
    }
  }
  CHECK(store::crc32c(0, content) == store::crc32c_portable(0, content));
}

TEST_CASE("no more bytes leave a CRC as it is") {
  CHECK(store::crc32_ieee(17, {}) == 17);
  CHECK(store::crc32c(17, {}) == 17);
  CHECK(store::crc64_nvme(17, {}) == 17);
}

TEST_CASE("hex and base64 are read strictly") {
  CHECK(store::to_hex(store::from_hex("00ffA1b2")) == "00ffa1b2");
  for (const std::string_view bad : {"0", "0g", "zz", "0x", " 00"}) {
    CHECK(store::from_hex(bad).empty());
  }
  const std::vector<std::pair<std::string, std::string>> pairs = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"},
                                                                  {"\xfb\xff", "+/8="}};
  for (const auto& [raw, text] : pairs) {
    CHECK(store::to_base64(bytes_of(raw)) == text);
  }
}

namespace {

// A file in memory that tells how it was read.
class ObservedFile : public store::File {
 public:
  explicit ObservedFile(std::uint64_t size_bytes) : size_bytes_(size_bytes) {}
  store::Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    largest_read = std::max(largest_read, into.size());
    if (fail_at && offset >= *fail_at) {
      return tl::unexpected(store::error_from_errno(EIO, "read", "file"));
    }
    const std::uint64_t end = truncated_to.value_or(size_bytes_);
    const std::uint64_t left = offset < end ? end - offset : 0;
    const auto got = static_cast<std::size_t>(std::min<std::uint64_t>(left, into.size()));
    bytes_read += got;
    if (events.empty() || events.back() != "read") events.push_back("read");
    return got;
  }
  store::Status write_at(std::uint64_t, std::span<const std::byte>) override { return {}; }
  store::Status truncate(std::uint64_t) override { return {}; }
  store::Result<std::uint64_t> size() override { return size_bytes_; }
  store::Status sync() override { return {}; }
  store::Status finish() override { return {}; }
  void drop_cache() override { events.push_back("drop"); }

  std::vector<std::string> events;
  std::uint64_t bytes_read = 0;
  std::size_t largest_read = 0;
  std::optional<std::uint64_t> fail_at;
  std::optional<std::uint64_t> truncated_to;

 private:
  std::uint64_t size_bytes_;
};

constexpr std::uint64_t kMebibyte = 1024 * 1024;
const std::vector<DigestRequest> kSha256 = {{Algorithm::kSha256, {}}};

}  // namespace

TEST_CASE("a file is digested as its bytes are, whatever its size") {
  const test::TempDir dir;
  const auto disk = store::open_posix_disk(dir.path());
  REQUIRE(disk);
  const std::uint64_t size =
      GENERATE(0ULL, 1ULL, 4096ULL, kMebibyte - 1, kMebibyte, kMebibyte + 1, 2 * kMebibyte + 12345);
  CAPTURE(size);
  std::mt19937 random(static_cast<unsigned>(size));
  std::string content(size, '\0');
  std::generate(content.begin(), content.end(), [&] { return static_cast<char>(random()); });
  test::write_file(dir / "file", content);
  auto file = (*disk)->open("file", store::OpenMode::kRead);
  REQUIRE(file);
  const auto digests =
      store::digest_file(**file, {{Algorithm::kMd5, {}}, {Algorithm::kSha256, {kMebibyte}}}, {});
  REQUIRE(digests);
  CHECK(digests->size_bytes == size);
  REQUIRE(digests->digests.size() == 2);
  CHECK(digests->digests[0] == digest_of(content, {Algorithm::kMd5, {}}));
  CHECK(digests->digests[1] == digest_of(content, {Algorithm::kSha256, {kMebibyte}}));
}

TEST_CASE("a file is read once, in chunks of at most a mebibyte, past the cache") {
  ObservedFile file(100 * kMebibyte);
  REQUIRE(store::digest_file(file, {{Algorithm::kCrc32c, {}}, {Algorithm::kCrc32c, {}}}, {}));
  CHECK(file.bytes_read == 100 * kMebibyte);
  CHECK(file.largest_read <= kMebibyte);
  // Dropped before, at times while it reads so that the cache does not fill, and after.
  REQUIRE(file.events.size() > 5);
  CHECK(file.events.front() == "drop");
  CHECK(file.events.back() == "drop");
}

TEST_CASE("a small file gets a small buffer") {
  ObservedFile file(4096);
  REQUIRE(store::digest_file(file, kSha256, {}));
  CHECK(file.largest_read == 4096);
}

TEST_CASE("digesting stops between two chunks when it is told to") {
  ObservedFile file(10 * kMebibyte);
  int asked = 0;
  const auto digests = store::digest_file(file, kSha256, [&] { return ++asked <= 3; });
  REQUIRE_FALSE(digests);
  CHECK(digests.error().kind == store::ErrorKind::kBusy);
  CHECK(digests.error().detail == "interrupted");
  CHECK(file.bytes_read == 3 * kMebibyte);
}

TEST_CASE("a read error is an error, and a file that shrank has the size that was read") {
  ObservedFile broken(3 * kMebibyte);
  broken.fail_at = kMebibyte;
  CHECK(store::digest_file(broken, kSha256, {}).error().kind == store::ErrorKind::kIo);

  ObservedFile shrunk(3 * kMebibyte);
  shrunk.truncated_to = kMebibyte + 5;
  const auto digests = store::digest_file(shrunk, kSha256, {});
  REQUIRE(digests);
  CHECK(digests->size_bytes == kMebibyte + 5);
  CHECK(digests->digests.size() == 1);
}
