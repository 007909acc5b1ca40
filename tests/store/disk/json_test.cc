#include "store/json.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/catch.h"

namespace store {
namespace {

using Charset = Json::Charset;

// Every kind of value, some of them in one another, with texts that are hard to carry.
class Values {
 public:
  explicit Values(unsigned seed) : random_(seed) {}

  Json any(int depth) {
    switch (below(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return std::numeric_limits<std::int64_t>::min() + static_cast<std::int64_t>(below(3));
      case 3:
        return std::numeric_limits<std::uint64_t>::max() - below(3);
      case 4:
        return static_cast<double>(below(1000)) / 8 + 0.5;
      case 5:
        return text();
      case 6: {
        Json::Array elements;
        for (auto left = below(4); left > 0; --left) elements.push_back(any(depth - 1));
        return elements;
      }
      default: {
        Json::Object members;
        for (auto left = below(4); left > 0; --left) members.emplace_back(text(), any(depth - 1));
        return members;
      }
    }
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::string text() {
    static const std::vector<std::string> kPieces = {"a",
                                                     "\"",
                                                     "\\",
                                                     "\n",
                                                     "\x01",
                                                     "\x7f",
                                                     "ü",
                                                     "\u202e",
                                                     "\U0001F600",
                                                     "/",
                                                     std::string(1, '\0')};
    std::string text;
    for (auto left = below(5); left > 0; --left) text += kPieces[below(kPieces.size())];
    return text;
  }

  std::mt19937_64 random_;
};

Json nested(int depth) {
  Json value = Json::Array();
  for (int level = 1; level < depth; ++level) value = Json::Array{std::move(value)};
  return value;
}

}  // namespace

TEST_CASE("JSON that was written is read as the same value, and as another library reads it") {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const auto value = Values(seed).any(4);
    for (const auto charset : {Charset::kUtf8, Charset::kAscii}) {
      for (const auto& written : {value.line(charset), value.lines(charset)}) {
        const auto read = Json::parse(written);
        REQUIRE(read.has_value());
        REQUIRE(read->line(charset) == value.line(charset));
        const auto theirs = nlohmann::ordered_json::parse(written);
        REQUIRE(nlohmann::ordered_json::parse(read->line(charset)) == theirs);
      }
    }
  }
}

TEST_CASE("JSON is laid out as the other library does it") {
  const auto text = R"({"a":[],"b":{},"c":[1,-2,0.5,null,true],"d":{"e":"x\ty"}})";
  const auto ours = Json::parse(text);
  const auto theirs = nlohmann::ordered_json::parse(text);
  REQUIRE(ours.has_value());
  CHECK(ours->line(Charset::kUtf8) == theirs.dump());
  CHECK(ours->lines(Charset::kUtf8) == theirs.dump(2));
}

TEST_CASE("JSON in ASCII holds nothing that could steer a terminal, and bad UTF-8 is replaced") {
  CHECK(Json("\x1b[2J\u202e\x7f").line(Charset::kAscii) == R"("\u001b[2J\u202e\u007f")");
  CHECK(Json("a\xff").line(Charset::kAscii) == R"("a\ufffd")");
  CHECK(Json("a\xff").line(Charset::kUtf8) == "\"a\uFFFD\"");
}

TEST_CASE("What is not one JSON value from its beginning to its end is refused with the reason") {
  for (const auto* text : {"", " ", "{", "[1,]", "{\"a\"}", "nul", "1 2", "{} x", "\"\x01\"",
                           "\"\xff\"", "[1", "'a'", "{\"a\":1,}", "01", "1e999"}) {
    const auto read = Json::parse(text);
    CAPTURE(text);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error() == "it is not valid JSON");
  }
}

TEST_CASE("JSON is read to its limit of depth and no deeper") {
  CHECK(Json::parse(nested(Json::kDeepest).line(Charset::kUtf8)).has_value());
  const auto deeper = Json::parse(nested(Json::kDeepest + 1).line(Charset::kUtf8));
  REQUIRE_FALSE(deeper.has_value());
  CHECK(deeper.error() == "it is nested too deeply");
  CHECK_FALSE(Json::parse(std::string(1'000'000, '[')).has_value());
}

TEST_CASE("A number is given only as what holds it") {
  struct Row {
    const char* text;
    std::optional<std::int64_t> integer;
    std::optional<std::uint64_t> count;
    std::optional<double> number;
  };
  constexpr auto kMaxNumber = std::numeric_limits<std::uint64_t>::max();
  const auto row =
      GENERATE_COPY(values<Row>({{"0", 0, 0, 0.0},
                                 {"-1", -1, std::nullopt, -1.0},
                                 {"9223372036854775807", INT64_MAX, INT64_MAX, 0x1p63},
                                 {"9223372036854775808", std::nullopt, 1ULL << 63, 0x1p63},
                                 {"18446744073709551615", std::nullopt, kMaxNumber, 0x1p64},
                                 {"1.0", std::nullopt, std::nullopt, 1.0},
                                 {"\"1\"", std::nullopt, std::nullopt, std::nullopt},
                                 {"true", std::nullopt, std::nullopt, std::nullopt}}));
  const auto value = Json::parse(row.text);
  REQUIRE(value.has_value());
  CAPTURE(row.text);
  CHECK(value->integer() == row.integer);
  CHECK(value->count() == row.count);
  CHECK(value->number() == row.number);
}

TEST_CASE("Of several members of one name the last is found, and in what is no object none") {
  const auto value = Json::parse(R"({"a":1,"b":2,"a":3})");
  REQUIRE(value.has_value());
  REQUIRE(value->find("a") != nullptr);
  CHECK(value->find("a")->integer() == 3);
  CHECK(value->find("c") == nullptr);
  CHECK(Json("a").find("a") == nullptr);
}

}  // namespace store
