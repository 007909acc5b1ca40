#include "agent/proof/strongest_promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "agent/proof/judge.h"
#include "agent/proof/likely_part_sizes.h"
#include "agent/proof/sidecar.h"
#include "agent/proof/verifier.h"
#include "tests/support/catch.h"
#include "tests/support/fake_s3.h"
#include "tests/support/fault_disk.h"
#include "tests/support/text.h"

using agent::EtagTrust;
using agent::Promise;
using agent::SourceTrust;
using test::kMiB;
using Outcome = agent::Verification::Outcome;
using What = agent::Decision::What;
using Names = std::vector<std::string>;
using Sizes = std::vector<std::uint64_t>;

namespace {

const std::string kHex = "0123456789abcdef0123456789abcdef";

s3::Checksum checksum(s3::ChecksumAlgorithm algorithm, bool composite = false) {
  return {algorithm, {std::byte{1}}, composite};
}

s3::ObjectHead head_with(std::string etag, std::vector<s3::Checksum> checksums = {}) {
  s3::ObjectHead head;
  head.size_bytes = 20 * kMiB;
  head.etag = std::move(etag);
  head.checksums = std::move(checksums);
  return head;
}

// "etag-md5", and with a '?' where it is not firm.
Names levels(const s3::ObjectHead& head, const SourceTrust& trust = {},
             const agent::PartSizes& parts = {}) {
  Names found;
  for (const auto& promise : agent::promises_of(head, trust, parts)) {
    found.push_back(std::string(store::name_of(promise.level)) + (promise.firm ? "" : "?"));
  }
  return found;
}

}  // namespace

TEST_CASE("the strongest promise comes first, and none behind a firm one", "[promise]") {
  using enum s3::ChecksumAlgorithm;
  const SourceTrust known{EtagTrust::kProven, EtagTrust::kProven};
  const auto strongest = [&](std::vector<s3::Checksum> checksums) {
    return levels(head_with(kHex, std::move(checksums)), known);
  };
  CHECK(strongest({checksum(kCrc32), checksum(kSha256), checksum(kSha512)}) == Names{"sha512"});
  CHECK(strongest({checksum(kCrc32), checksum(kSha1), checksum(kSha256)}) == Names{"sha256"});
  CHECK(strongest({checksum(kMd5), checksum(kSha1)}) == Names{"sha1"});
  CHECK(strongest({checksum(kCrc32c), checksum(kMd5)}) == Names{"md5"});
  CHECK(strongest({checksum(kCrc32c), checksum(kCrc64Nvme)}) == Names{"crc64nvme"});
  CHECK(strongest({checksum(kCrc64Nvme), checksum(kXxHash128)}) == Names{"xxhash128"});
  CHECK(strongest({checksum(kXxHash64), checksum(kXxHash3)}) == Names{"xxhash3"});
  CHECK(strongest({checksum(kCrc32c), checksum(kXxHash64)}) == Names{"xxhash64"});
  CHECK(strongest({checksum(kXxHash128), checksum(kMd5)}) == Names{"md5"});
  CHECK(strongest({checksum(kCrc32), checksum(kCrc32c)}) == Names{"crc32c"});
  CHECK(strongest({checksum(kCrc32)}) == Names{"crc32"});
  auto head = head_with(kHex);
  head.metadata_md5 = kHex;
  CHECK(levels(head) == Names{"etag-md5?", "metadata-md5"});
  CHECK(levels(head, {EtagTrust::kProven, EtagTrust::kUnknown}) == Names{"etag-md5"});
  CHECK(levels(head, {EtagTrust::kOpaque, EtagTrust::kUnknown}) ==
        Names{"etag-md5?", "metadata-md5"});
  head.etag_is_opaque = true;
  CHECK(levels(head, {EtagTrust::kProven, EtagTrust::kProven}) == Names{"metadata-md5"});
  head.metadata_md5.clear();
  head.s3cmd_md5 = kHex;
  CHECK(levels(head) == Names{"metadata-md5"});
  head.s3cmd_md5.clear();
  CHECK(levels(head).empty());
}

TEST_CASE("an ETag is a promise by its form and by what is known of the endpoint", "[promise]") {
  CHECK(levels(head_with(kHex)) == Names{"etag-md5?"});
  CHECK(levels(head_with("0123456789ABCDEF0123456789ABCDEF")) == Names{"etag-md5?"});
  for (const char* opaque :
       {"", "abc", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0",
        "0123456789abcdef0123456789abcdef-"}) {
    CAPTURE(opaque);
    CHECK(levels(head_with(opaque), {EtagTrust::kProven, EtagTrust::kProven}).empty());
  }
  const agent::PartSizes told{{8 * kMiB}};
  CHECK(levels(head_with(kHex + "-3"), {}, told) == Names{"etag-multipart?"});
  CHECK(levels(head_with(kHex + "-3"), {EtagTrust::kUnknown, EtagTrust::kProven}, told) ==
        Names{"etag-multipart"});
  CHECK(levels(head_with(kHex + "-3"), {EtagTrust::kUnknown, EtagTrust::kOpaque}, told) ==
        Names{"etag-multipart?"});
  const agent::PartSizes assumed{{8 * kMiB}, false};
  CHECK(levels(head_with(kHex + "-3"), {EtagTrust::kUnknown, EtagTrust::kProven}, assumed) ==
        Names{"etag-multipart?"});
}

TEST_CASE("a number of parts is read from an ETag, or is none", "[promise]") {
  CHECK(agent::part_count_of_etag(kHex + "-1") == 1);
  CHECK(agent::part_count_of_etag(kHex + "-10000") == 10'000);
  for (const std::string& none :
       {kHex, kHex + "-", kHex + "-0", kHex + "-10001", kHex + "-3x", kHex + "--3",
        kHex + "-99999999999", std::string("x-3"), "g" + kHex.substr(1) + "-3"}) {
    CAPTURE(none);
    CHECK(agent::part_count_of_etag(none) == 0);
  }
}

TEST_CASE("unknown part sizes are guessed, and a guess is never firm", "[promise]") {
  using enum s3::ChecksumAlgorithm;
  const SourceTrust proven{EtagTrust::kProven, EtagTrust::kProven};
  const auto guesses = agent::promises_of(head_with(kHex + "-3"), proven, {});
  REQUIRE(guesses.size() >= 2);
  CHECK(guesses.front().digest.part_sizes_bytes == Sizes{8 * kMiB});
  for (const auto& guess : guesses) CHECK_FALSE(guess.firm);

  const auto composite = head_with(kHex + "-3", {checksum(kSha256, true)});
  CHECK(levels(composite, proven, {{8 * kMiB}}) == Names{"sha256-composite"});
  CHECK(levels(composite, proven).front() == "sha256-composite?");
  CHECK(agent::needs_part_sizes(composite, proven));
  CHECK(agent::needs_part_sizes(head_with(kHex + "-3"), {}));
  CHECK_FALSE(agent::needs_part_sizes(head_with(kHex + "-3", {checksum(kSha256)}), {}));
  CHECK_FALSE(agent::needs_part_sizes(head_with(kHex), {}));
  CHECK_FALSE(agent::needs_part_sizes(head_with(kHex + "-3"), {{}, EtagTrust::kOpaque}));
}

TEST_CASE("as long as nothing is known of ETags, each one is a witness", "[promise]") {
  using enum s3::ChecksumAlgorithm;
  CHECK(levels(head_with(kHex, {checksum(kCrc32)})) == Names{"crc32", "etag-md5?"});
  CHECK(levels(head_with(kHex, {checksum(kSha256)})) == Names{"sha256", "etag-md5?"});
  CHECK(levels(head_with(kHex + "-3", {checksum(kCrc32)})) == Names{"crc32"});
  CHECK(levels(head_with("abc", {checksum(kCrc32)})) == Names{"crc32"});
}

TEST_CASE("what did not keep its first promise is held against all of them", "[promise]") {
  using enum s3::ChecksumAlgorithm;
  const SourceTrust proven{EtagTrust::kProven, EtagTrust::kProven};
  auto head = head_with(kHex, {checksum(kCrc32), checksum(kCrc32c)});
  head.metadata_md5 = kHex;
  Names found;
  for (const auto& one : agent::all_promises_of(head, proven, {})) {
    found.emplace_back(store::name_of(one.level));
  }
  CHECK(found == Names{"crc32c", "crc32", "etag-md5", "metadata-md5"});
  const auto guesses = agent::all_promises_of(head_with(kHex + "-3"), proven, {{8 * kMiB}});
  CHECK(guesses.front().firm);
  CHECK(guesses.front().digest.part_sizes_bytes == Sizes{8 * kMiB});
  CHECK(guesses.size() > 3);
  CHECK(std::none_of(guesses.begin() + 1, guesses.end(), [](const Promise& p) { return p.firm; }));
}

TEST_CASE("every guessed part size cuts the object into the right number of parts", "[promise]") {
  const auto first = [](std::uint64_t size_bytes, std::uint32_t count) {
    return agent::likely_part_sizes(size_bytes, count, 8).front();
  };
  CHECK(first(20 * kMiB, 3) == 8 * kMiB);
  CHECK(first(20 * kMiB, 4) == 5 * kMiB);
  CHECK(first(20'000'000, 4) == 5 * kMiB);
  CHECK(agent::likely_part_sizes(7, 1, 8) == Sizes{7});
  CHECK(agent::likely_part_sizes(0, 1, 8).empty());
  CHECK(agent::likely_part_sizes(7, 0, 8).empty());
  for (const std::uint64_t size :
       {std::uint64_t{1}, kMiB, 100 * kMiB + 1, std::uint64_t{5} << 40}) {
    for (const std::uint32_t count : {1U, 2U, 7U, 1000U, 10'000U}) {
      CAPTURE(size, count);
      const auto sizes = agent::likely_part_sizes(size, count, 64);
      CHECK(sizes.size() <= 64);
      CHECK(std::set<std::uint64_t>(sizes.begin(), sizes.end()).size() == sizes.size());
      for (const auto part : sizes) CHECK((size + part - 1) / part == count);
    }
  }
}

TEST_CASE("the part sizes of known uploaders are guessed", "[promise]") {
  struct Upload {
    const char* by;
    std::uint64_t part_bytes;
    std::uint64_t last_bytes;
    std::uint32_t count;
  };
  constexpr std::uint64_t kMB = 1'000'000;
  const Upload uploads[] = {
      {"aws-cli", 8 * kMiB, 1, 2},
      {"aws-cli", 8 * kMiB, 8 * kMiB, 128},
      {"rclone", 5 * kMiB, 123, 3},
      {"s3cmd", 15 * kMiB, 7 * kMiB, 2},
      {"minio", 16 * kMiB, 1, 3},
      {"mc", 64 * kMiB, kMiB, 2},
      {"mc", 128 * kMiB, 77, 4},
      {"mc pipe", 528 * kMiB, 80 * kMiB, 2},
      {"mc pipe", 576 * kMiB, 1, 2},
      {"duplicity", 25 * kMiB, kMiB, 2},
      {"s5cmd", 50 * kMiB, 3, 2},
      {"Cyberduck", 10 * kMiB, 9 * kMiB, 2},
      {"restic", 200 * kMiB, 5, 2},
      {"a program", 37 * kMiB, 37 * kMiB, 2},
      {"a program", 45 * kMiB, 45 * kMiB, 3},
      {"a program", 6 * kMB, 6 * kMB, 3},
      {"a program", 7 * kMiB, 13, 2},
      {"a program", 11 * kMB, 10, 3},
      {"a program", 12'345'678, 12'345'678, 5},
      {"aws-cli", 1024 * kMiB, 7, 2},
  };
  for (const auto& upload : uploads) {
    const auto size = upload.part_bytes * (upload.count - 1) + upload.last_bytes;
    CAPTURE(upload.by, upload.part_bytes, size);
    const auto promises = agent::all_promises_of(
        [&] {
          auto head = head_with(kHex + fmt::format("-{}", upload.count));
          head.size_bytes = size;
          return head;
        }(),
        {}, {});
    CHECK(std::any_of(promises.begin(), promises.end(), [&](const Promise& guess) {
      return guess.digest.part_sizes_bytes == Sizes{upload.part_bytes};
    }));
  }
}

TEST_CASE("a sidecar speaks for the file it stands beside", "[promise]") {
  const auto says = [](const std::string& content) {
    return agent::digest_in_sidecar(content, "db.tar", 32);
  };
  const std::string other(32, 'f');
  CHECK(says(kHex) == kHex);
  CHECK(says(kHex + "\n") == kHex);
  CHECK(says(kHex + "  db.tar\n") == kHex);
  CHECK(says(kHex + " *db.tar\r\n") == kHex);
  CHECK(says(kHex + "\tbuild/out/db.tar") == kHex);
  CHECK(says("# made by a script\n" + kHex + "  db.tar\n") == kHex);
  CHECK(says(other + "  a.tar\n" + kHex + "  db.tar\n") == kHex);
  CHECK(says("").empty());
  CHECK(says(kHex + "  other.tar\n").empty());
  CHECK(says(kHex + "  xdb.tar\n").empty());
  CHECK(says(kHex + "\n" + other + "\n").empty());
  CHECK(says(kHex + "0").empty());
  CHECK(says("g" + kHex.substr(1)).empty());
  CHECK(says(std::string("\0\0\0", 3)).empty());
  CHECK(agent::digest_in_sidecar(kHex, "db.tar", 64).empty());
}

namespace {

Promise promise(std::string_view level, store::Algorithm algorithm, const std::string& hex,
                bool firm) {
  return {store::proof_level_of(level), {algorithm, {}}, store::from_hex(hex), firm};
}

struct Verified {
  agent::Verification result;
  std::uint64_t bytes_read = 0;
};

Verified verify(const std::string& content, std::uint64_t size,
                const std::vector<Promise>& promises) {
  test::FaultDisk disk;
  disk.plant("f", content);
  disk.reset_counts();
  const auto file = disk.open("f", store::OpenMode::kRead).value();
  const auto result = agent::verify_content(*file, size, promises, {}, [] { return true; });
  REQUIRE(result);
  return {*result, disk.bytes_read("f")};
}

}  // namespace

TEST_CASE("a content is compared with what was promised, in one reading", "[verifier]") {
  const std::string content(3'000'000, 'x');
  const std::string md5 = fake_s3::md5_hex(content);
  const auto right = promise("etag-md5", store::Algorithm::kMd5, md5, true);
  const auto wrong = promise("metadata-md5", store::Algorithm::kMd5, kHex, true);
  const auto wrong_guess = promise("etag-multipart", store::Algorithm::kMd5, kHex, false);
  const auto check = [&](const std::vector<Promise>& promises, Outcome outcome,
                         const std::string& level) {
    const auto verified = verify(content, content.size(), promises);
    CHECK(verified.result.outcome == outcome);
    CHECK(store::name_of(verified.result.level) == level);
    CHECK(verified.bytes_read == content.size());
    CHECK(store::to_hex(verified.result.sha256).size() == 64);
    CHECK(verified.result.sha256 != store::Sha256{});
  };
  check({right}, Outcome::kProven, "etag-md5");
  check({wrong}, Outcome::kBroken, "metadata-md5");
  check({}, Outcome::kSizeOnly, "size");
  check({wrong_guess}, Outcome::kDoubtful, "etag-multipart");
  check({wrong_guess, right}, Outcome::kProven, "etag-md5");
  check({wrong_guess, wrong}, Outcome::kBroken, "metadata-md5");
  check({wrong_guess, wrong_guess, right}, Outcome::kProven, "etag-md5");
  CHECK(verify(content, content.size(), {}).result.md5 == md5);
  CHECK(verify(content, content.size(), {wrong_guess}).result.md5 == md5);
}

TEST_CASE("what is kept outweighs what weighs less and is not kept", "[verifier]") {
  using store::Algorithm;
  const std::string content = "content";
  const auto digest = [&](Algorithm algorithm) {
    store::DigestSet set({{algorithm, {}}});
    set.update(std::as_bytes(std::span(content)));
    return store::to_hex(set.finish().front());
  };
  struct Level {
    std::string name;
    Algorithm algorithm;
  };
  // The strongest first; the last two alike.
  const std::vector<Level> levels = {
      {"sha512", Algorithm::kSha512},    {"sha256", Algorithm::kSha256},
      {"sha1", Algorithm::kSha1},        {"md5", Algorithm::kMd5},
      {"metadata-md5", Algorithm::kMd5}, {"crc64nvme", Algorithm::kCrc64Nvme},
      {"crc32", Algorithm::kCrc32}};
  for (std::size_t kept = 0; kept < levels.size(); ++kept) {
    for (std::size_t broken = 0; broken < levels.size(); ++broken) {
      if (kept == broken) continue;
      const auto right =
          promise(levels[kept].name, levels[kept].algorithm, digest(levels[kept].algorithm), true);
      auto wrong = right;
      wrong.level = store::proof_level_of(levels[broken].name);
      wrong.digest.algorithm = levels[broken].algorithm;
      wrong.expected = store::from_hex(digest(levels[broken].algorithm));
      wrong.expected.front() ^= std::byte{1};
      CAPTURE(levels[kept].name, levels[broken].name);
      const bool holds = kept < broken && kept + 2 < levels.size();
      for (const auto& both : {std::vector{right, wrong}, std::vector{wrong, right}}) {
        const auto result = verify(content, content.size(), both).result;
        CHECK(result.outcome == (holds ? Outcome::kProven : Outcome::kBroken));
        CHECK(result.level == (holds ? right.level : wrong.level));
        CHECK(result.overruled == (holds ? std::optional(wrong.level) : std::nullopt));
      }
    }
  }
}

TEST_CASE("a content is read again only where that may settle something", "[verifier]") {
  const std::string content(3'000'000, 'x');
  const auto right = promise("etag-md5", store::Algorithm::kMd5, fake_s3::md5_hex(content), false);
  const auto wrong = promise("crc32", store::Algorithm::kCrc32, "01020304", true);
  test::FaultDisk disk;
  disk.plant("f", content);
  const auto file = disk.open("f", store::OpenMode::kRead).value();
  const auto read = [&](const std::vector<Promise>& first, const std::vector<Promise>& further) {
    disk.reset_counts();
    const auto result =
        agent::verify_content(*file, content.size(), first, further, [] { return true; });
    REQUIRE(result);
    return std::pair(result->outcome, disk.bytes_read("f") / content.size());
  };
  CHECK(read({right}, {right, wrong}) == std::pair(Outcome::kProven, std::size_t{1}));
  CHECK(read({wrong}, {wrong, right}) == std::pair(Outcome::kProven, std::size_t{2}));
  CHECK(read({wrong}, {wrong}) == std::pair(Outcome::kBroken, std::size_t{1}));
  CHECK(read({}, {}) == std::pair(Outcome::kSizeOnly, std::size_t{1}));
}

TEST_CASE("a short or long file is broken, whatever its digest says", "[verifier]") {
  const auto right = promise("etag-md5", store::Algorithm::kMd5, fake_s3::md5_hex("12345"), true);
  for (const std::uint64_t size : {4U, 6U}) {
    const auto verified = verify("12345", size, {right});
    CHECK(verified.result.outcome == Outcome::kBroken);
    CHECK(verified.result.level == store::ProofLevel::kSize);
  }
}

TEST_CASE("a verification can be interrupted, and a disk error is the disk's", "[verifier]") {
  test::FaultDisk disk;
  disk.plant("f", std::string(100, 'x'));
  const auto file = disk.open("f", store::OpenMode::kRead).value();
  CHECK(agent::verify_content(*file, 100, {}, {}, [] { return false; }).error().kind ==
        store::ErrorKind::kBusy);
  disk.fail_at(1, test::Fault::kIoError, test::Lasting::kUntilHealed);
  CHECK(agent::verify_content(*file, 100, {}, {}, [] { return true; }).error().kind ==
        store::ErrorKind::kIo);
}

namespace {

// What judge() is asked about; the rest is as for a first, whole, undisturbed fetch.
struct Question {
  Outcome outcome = Outcome::kProven;
  std::string level = "etag-md5";
  int attempt = 1;
  bool same_as_before = false;
  bool resumed = false;
  bool parts_told = true;
  bool is_witness = true;
  SourceTrust trust = {};
  bool sidecar_listed = false;
  std::optional<agent::SidecarAnswer> sidecar = std::nullopt;
};

agent::Decision decide(const Question& question) {
  agent::Fetched fetched;
  fetched.job.attempt = question.attempt;
  fetched.resumed = question.resumed;
  fetched.parts_told = question.parts_told;
  fetched.is_witness = question.is_witness;
  agent::Verification verification;
  verification.outcome = question.outcome;
  verification.level = store::proof_level_of(question.level);
  verification.sha256.fill(std::byte{1});
  if (question.attempt > 1) {
    fetched.job.earlier_sha256 = verification.sha256;
    if (!question.same_as_before) fetched.job.earlier_sha256->fill(std::byte{2});
  }
  return agent::judge(fetched, verification, question.trust, question.sidecar_listed,
                      question.sidecar);
}

}  // namespace

TEST_CASE("what becomes of a content that was read back", "[judge]") {
  const SourceTrust proven{EtagTrust::kProven, EtagTrust::kProven};
  const SourceTrust opaque{EtagTrust::kOpaque, EtagTrust::kOpaque};
  const agent::SidecarAnswer agrees{store::ProofLevel::kSidecarSha256, true};
  const agent::SidecarAnswer disagrees{store::ProofLevel::kSidecarSha256, false};
  struct Case {
    Question question;
    What what;
    std::string level;
    int next_attempt = 0;
  };
  const std::vector<Case> cases = {
      // A kept promise is the end of it.
      {{Outcome::kProven, "crc32c"}, What::kAccept, "crc32c"},
      {{Outcome::kProven, "etag-md5", 2}, What::kAccept, "etag-md5"},
      // A broken one: once more, and then no more. Bytes of an earlier run do not count.
      {{Outcome::kBroken, "sha256"}, What::kFetchAgain, "sha256", 2},
      {{Outcome::kBroken, "sha256", 2}, What::kMismatch, "sha256"},
      {{Outcome::kBroken, "sha256", 2, true}, What::kMismatch, "sha256"},
      {{Outcome::kBroken, "sha256", 1, false, true}, What::kFetchAgain, "sha256", 1},
      {{Outcome::kBroken, "sha256", 1, false, false, true, true, {}, true, agrees},
       What::kFetchAgain,
       "sha256",
       2},
      // Nothing firm: a sidecar may speak, and else the size must do.
      {{Outcome::kSizeOnly, "size"}, What::kAccept, "size"},
      {{Outcome::kSizeOnly, "size", 1, false, false, true, true, {}, true},
       What::kAskSidecar,
       "size"},
      {{Outcome::kSizeOnly, "size", 1, false, false, true, true, {}, false, agrees},
       What::kAccept,
       "sidecar-sha256"},
      {{Outcome::kSizeOnly, "size", 1, false, false, true, true, {}, false, disagrees},
       What::kFetchAgain,
       "sidecar-sha256",
       2},
      {{Outcome::kSizeOnly, "size", 2, true, false, true, true, {}, false, disagrees},
       What::kMismatch,
       "sidecar-sha256"},
      {{Outcome::kDoubtful, "etag-md5", 1, false, false, true, true, {}, true},
       What::kAskSidecar,
       "size"},
      {{Outcome::kDoubtful, "etag-md5", 1, false, false, true, true, {}, false, agrees},
       What::kAccept,
       "sidecar-sha256"},
      // An ETag that may be no MD5: evidence only when the same bytes came twice.
      {{Outcome::kDoubtful, "etag-md5"}, What::kFetchAgain, "etag-md5", 2},
      {{Outcome::kDoubtful, "etag-md5", 2, true}, What::kDoubtEtag, "etag-md5"},
      {{Outcome::kDoubtful, "etag-multipart", 2, true}, What::kDoubtEtag, "etag-multipart"},
      {{Outcome::kDoubtful, "etag-md5", 2, false}, What::kMismatch, "etag-md5"},
      {{Outcome::kDoubtful, "etag-md5", 2, true, false, true, false}, What::kMismatch, "etag-md5"},
      {{Outcome::kDoubtful, "etag-md5", 2, true, true}, What::kFetchAgain, "etag-md5", 2},
      {{Outcome::kDoubtful, "etag-md5", 1, false, false, true, true, opaque},
       What::kAccept,
       "size"},
      {{Outcome::kDoubtful, "etag-md5", 2, true, false, true, true, proven},
       What::kMismatch,
       "etag-md5"},
      {{Outcome::kDoubtful, "etag-md5", 2, true, false, true, true, {{}, EtagTrust::kProven}},
       What::kDoubtEtag,
       "etag-md5"},
      // No guess fits: that proves nothing, unless guesses do fit at this endpoint.
      {{Outcome::kDoubtful, "etag-multipart", 1, false, false, false}, What::kAccept, "size"},
      {{Outcome::kDoubtful, "etag-multipart", 1, false, false, false, true, proven},
       What::kFetchAgain,
       "etag-multipart",
       2},
      {{Outcome::kDoubtful, "etag-multipart", 2, true, false, false, true, proven},
       What::kAccept,
       "size"},
      {{Outcome::kDoubtful, "etag-multipart", 2, false, false, false, true, proven},
       What::kMismatch,
       "etag-multipart"},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    const auto decision = decide(cases[i].question);
    CHECK(decision.what == cases[i].what);
    CHECK(store::name_of(decision.level) == cases[i].level);
    if (cases[i].what == What::kFetchAgain) CHECK(decision.next_attempt == cases[i].next_attempt);
  }
}
