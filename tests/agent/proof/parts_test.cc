#include <fmt/format.h>

#include <numeric>
#include <random>

#include "store/content/digest.h"
#include "tests/agent/pull/pull_world.h"
#include "tests/support/sanitizer.h"
#include "tests/support/stride.h"

using agent::ExitStatus;
using fake_s3::Lie;
using fake_s3::LieKind;
using pull_test::World;
using Levels = std::map<std::string, std::uint64_t>;
using Names = std::vector<std::string>;
using Sizes = std::vector<std::uint64_t>;

namespace {

struct Layout {
  std::string name;
  Sizes sizes;
  Sizes numbers = {};       // of the parts, where they are not 1, 2, 3
  bool is_uniform = false;  // as far as the first part and the number of parts tell
  bool is_likely = false;   // a size that is guessed
};

// Sizes that no real server takes, so that a table of them costs nothing.
const std::vector<Layout> kLayouts = {
    {"odd parts of one size", {7'000, 7'000, 7'000, 100}, {}, true},
    {"as many bytes in each", {6'001, 6'001, 6'001}, {}, true, true},
    {"a power of two", {4'096, 4'096, 4'096, 5}, {}, true, true},
    {"the last one larger, of three", {5'000, 5'000, 6'000}},
    {"the last one larger, of two", {5'000, 8'000}},
    {"irregular", {5'000, 7'000, 100, 3'000}},
    {"one in the middle smaller", {5'000, 4'000, 6'000, 10}, {}, true},
    {"nothing in the last one", {5'000, 5'000, 0}},
    {"numbered with gaps", {7'000, 7'000, 100}, {3, 7, 100}},
    {"numbered with gaps, as many bytes in each", {7'000, 7'000, 7'000}, {3, 7, 100}, false, true},
};

std::string body_of(std::uint64_t size_bytes, std::uint64_t seed) {
  std::string body(size_bytes, '\0');
  fake_s3::PatternContent(seed, size_bytes).read(0, body);
  return body;
}

std::uint64_t sum_of(const Sizes& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0});
}

std::string composite_of(const std::string& body, const Sizes& sizes, store::Algorithm algorithm) {
  store::DigestSet digests({{algorithm, sizes}});
  digests.update(std::as_bytes(std::span(body)));
  return fmt::format("{}-{}", store::to_base64(digests.finish().front()), sizes.size());
}

// Returns the body.
std::string put_parts(World& world, const std::string& key, const Layout& layout,
                      const std::string& bucket = "b") {
  const auto body = body_of(sum_of(layout.sizes), std::hash<std::string>()(key));
  fake_s3::Object object;
  object.content = std::make_shared<fake_s3::MemoryContent>(body);
  std::string digests;
  std::uint64_t offset = 0;
  for (const auto size : layout.sizes) {
    digests += fake_s3::md5_raw(std::string_view(body).substr(offset, size));
    offset += size;
  }
  object.etag = fmt::format("{}-{}", fake_s3::md5_hex(digests), layout.sizes.size());
  object.part_sizes = layout.sizes;
  object.part_numbers = layout.numbers;
  world.server->put_object(bucket, key, std::move(object));
  return body;
}

struct Manner {
  std::string name;
  std::vector<Lie> lies;
  bool tells = false;
  std::uint64_t more_heads = 0;  // once
};

std::vector<Manner> manners() {
  const auto refuse = [](int status, const std::string& parts = "") {
    return Lie{LieKind::kRefuseParts, "HEAD", "k", status, parts};
  };
  return {
      {"tells all", {}, true},
      {"moto", {{LieKind::kPartEtags, "HEAD", "k"}}, true, 1},
      {"Ceph, rclone", {{LieKind::kIgnoreParts, "HEAD", "k"}}},
      {"S3Proxy", {refuse(501)}},
      {"bad request", {refuse(400)}},
      {"denied", {refuse(403)}},
      {"method not allowed", {refuse(405)}},
      {"precondition failed", {refuse(412)}, false, 1},
  };
}

struct Promised {
  std::string name;
  std::string level;
  bool is_firm = true;
};
const std::vector<Promised> kPromised = {
    {"an ETag", "etag-multipart", false},
    {"a composite SHA-256", "sha256-composite"},
    {"a composite CRC-32", "crc32-composite"},
};

void promise(World& world, const std::string& body, const Layout& layout,
             const Promised& promised) {
  if (promised.level == "sha256-composite") {
    world.server->set_checksum("b", "k", "sha256",
                               composite_of(body, layout.sizes, store::Algorithm::kSha256),
                               "COMPOSITE");
  } else if (promised.level == "crc32-composite") {
    world.server->set_checksum(
        "b", "k", "crc32", composite_of(body, layout.sizes, store::Algorithm::kCrc32), "COMPOSITE");
  }
}

std::uint64_t heads(const World& world) { return world.server->counters().heads; }

}  // namespace

TEST_CASE("what becomes of an upload in parts, whatever the server tells of them", "[parts]") {
  // A sanitizer takes too long over all of them: a third, another one each day.
  constexpr unsigned kShares = test::kSanitized ? 3 : 1;
  unsigned turn = test::turn_of(kShares);
  for (const auto& manner : manners()) {
    for (const auto& layout : kLayouts) {
      if (turn++ % kShares != 0) continue;
      for (const auto& promised : kPromised) {
        for (const bool corrupt : {false, true}) {
          CAPTURE(manner.name, layout.name, promised.name, corrupt);
          World world;
          world.config.agent.parallel = 1;
          const auto body = put_parts(world, "k", layout);
          promise(world, body, layout, promised);
          for (const auto& lie : manner.lies) world.server->lie(lie);
          if (corrupt) world.server->lie({LieKind::kFlip, "GET", "k", 4'500});
          const auto count = layout.sizes.size();
          const bool told = manner.tells && layout.numbers.empty();
          const auto status = world.pull();

          // One question is enough for two parts, and for parts of one size that fit; else each
          // part but the last is asked for.
          const bool by_one = count == 2 || (layout.is_uniform && !corrupt &&
                                             layout.name != "one in the middle smaller");
          const std::uint64_t questions = told && !by_one ? count - 1 : 1;
          const bool again = corrupt && told;
          const auto condition = layout.numbers.empty() || !manner.tells ? manner.more_heads : 0;
          CHECK(heads(world) == questions * (again ? 2 : 1) + condition);
          CHECK(world.gets_of("k") == (again ? 2 : 1));
          if (again) {
            CHECK(status == ExitStatus::kIncomplete);
            CHECK_FALSE(world.archive("k"));
            CHECK(world.alarm_kinds() == Names{"mismatch"});
            continue;
          }
          CHECK(status == ExitStatus::kOk);
          CHECK(world.archive("k").has_value());
          if (!corrupt) CHECK(world.archive("k") == body);
          const bool proven = !corrupt && (told || layout.is_likely);
          CHECK(world.source().verified_by == Levels{{proven ? promised.level : "size", 1}});
          CHECK(world.lines.empty());
        }
      }
    }
  }
}

TEST_CASE("of more parts than are asked for, a last one that is larger breaks no promise",
          "[parts]") {
  World world;
  Layout layout{"very many", Sizes(1'001, 7)};
  layout.sizes.back() = 9;
  const auto body = put_parts(world, "k", layout);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.archive("k") == body);
  CHECK(heads(world) == 1);
}

TEST_CASE("no refusal of a hint refuses a right content, or proves a wrong one", "[parts]") {
  std::mt19937 random(20261125);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  for (int round = 0; round < 150; ++round) {
    Layout layout;
    const auto count = 2 + below(6);
    const auto first = 1 + below(9'000);
    for (std::uint64_t part = 0; part < count; ++part) {
      layout.sizes.push_back(below(3) == 0 ? 1 + below(9'000) : first);
    }
    if (below(4) == 0) {
      for (std::uint64_t part = 0, number = 0; part < count; ++part) {
        number += 1 + below(3);
        layout.numbers.push_back(number);
      }
    }
    const auto& promised = kPromised[below(kPromised.size())];
    const bool corrupt = below(2) == 0;
    World world;
    const auto body = put_parts(world, "k", layout);
    promise(world, body, layout, promised);
    std::string refused;
    for (std::uint64_t part = 1; part <= count; ++part) {
      if (below(3) == 0) refused += fmt::format("{}{}", refused.empty() ? "" : ",", part);
    }
    const int statuses[] = {400, 403, 404, 405, 410, 412, 416, 501};
    const int status = statuses[below(std::size(statuses))];
    if (!refused.empty()) {
      world.server->lie({LieKind::kRefuseParts, "HEAD", "k", status, refused});
    }
    if (below(3) == 0) world.server->lie({LieKind::kPartEtags, "HEAD", "k"});
    if (corrupt) {
      const auto at = static_cast<std::int64_t>(below(body.size()));
      world.server->lie({LieKind::kFlip, "GET", "k", at});
    }
    CAPTURE(round, layout.sizes, layout.numbers, promised.name, corrupt, refused, status);
    const auto exit = world.pull();
    const auto verified_by = world.source().verified_by;
    CAPTURE(verified_by, world.lines);
    if (!corrupt) {
      CHECK(exit == ExitStatus::kOk);
      CHECK(world.archive("k") == body);
      CHECK(world.gets_of("k") == 1);
    } else if (world.archive("k")) {
      CHECK(verified_by == Levels{{"size", 1}});
    } else {
      CHECK(world.alarm_kinds() == Names{"mismatch"});
    }
  }
}

TEST_CASE("that an endpoint tells no part sizes is remembered after two, for a week", "[parts]") {
  World world;
  world.config.agent.parallel = 1;
  const Layout layout{"", {7'000, 7'000, 100}};
  const auto lie =
      GENERATE(Lie{LieKind::kRefuseParts, "HEAD", "", 501}, Lie{LieKind::kIgnoreParts, "HEAD", ""});
  world.server->lie(lie);
  const auto put = [&](int from) {
    for (int i = from; i < from + 5; ++i) put_parts(world, fmt::format("k{}", i), layout);
  };
  put(0);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(heads(world) == 2);
  world.pass(std::chrono::hours(24 * 6));
  put(5);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(heads(world) == 0);
  world.pass(std::chrono::hours(24));
  world.server->clear_lies();
  put(10);
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(heads(world) == 5);
  CHECK(world.source().verified_by == Levels{{"size", 10}, {"etag-multipart", 5}});
}

TEST_CASE("an ETag that is compared with the part's own costs one question more, once", "[parts]") {
  World world;
  world.config.agent.parallel = 1;
  world.server->lie({LieKind::kPartEtags, "HEAD", ""});
  for (int i = 0; i < 5; ++i) {
    put_parts(world, fmt::format("k{}", i), {"", {7'000, 7'000, 100}});
  }
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(heads(world) == 6);
  CHECK(world.source().verified_by == Levels{{"etag-multipart", 5}});
}

TEST_CASE("a refusal of a question for parts is none of the checksums", "[parts]") {
  World world;
  world.config.agent.parallel = 1;
  world.server->lie({LieKind::kRefuseParts, "HEAD", "", 501});
  const Layout layout{"", {7'000, 7'000, 100}};
  const auto body = put_parts(world, "k0", layout);
  put_parts(world, "k1", layout);
  world.server->put("b", "k2", body);
  world.server->set_checksum("b", "k2", "crc64nvme",
                             composite_of(body, {}, store::Algorithm::kCrc64Nvme).substr(0, 12),
                             "FULL_OBJECT");
  CHECK(world.pull() == ExitStatus::kOk);
  CHECK(world.source().run.retries == 0);
  CHECK(world.source().verified_by == Levels{{"size", 2}, {"crc64nvme", 1}});
}
