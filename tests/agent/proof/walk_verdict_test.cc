#include "agent/proof/walk_verdict.h"

#include "agent/proof/walk_answer.h"
#include "tests/support/catch.h"

// What a walk means, and what of its answer is believed.

using agent::ContentForm;
using agent::WalkAnswer;
using Verdict = WalkAnswer::Verdict;
using Cause = WalkAnswer::Cause;

namespace {

WalkAnswer sound() {
  WalkAnswer answer;
  answer.verdict = Verdict::kSound;
  answer.form = ContentForm::kGzip;
  answer.proved = "gzip's CRC-32";
  return answer;
}

WalkAnswer unsound(const std::string& why = "its gzip is damaged") {
  auto answer = sound();
  answer.verdict = Verdict::kUnsound;
  answer.proved = "";
  answer.why = why;
  return answer;
}

WalkAnswer with_tables(std::uint64_t tables) {
  auto answer = sound();
  answer.inner = ContentForm::kMysqlDump;
  answer.tables = tables;
  return answer;
}

store::WalkRecord past(std::uint64_t members) {
  auto record = agent::record_of(sound());
  record.members = members;
  return record;
}

}  // namespace

TEST_CASE("what is broken is unsound only where something says that it should be whole") {
  using agent::weigh;
  CHECK(weigh("a.tar.gz", unsound(), {}).unsound == store::Unsound::kBroken);
  CHECK(weigh("a.gz.001", unsound(), {}).unsound == store::Unsound::kNo);
  CHECK(weigh("a.gz.001", unsound(), {}).answer.cause == Cause::kUnknown);
  CHECK(weigh("backup", unsound(), {past(1)}).unsound == store::Unsound::kBroken);
  auto inner = unsound("what is packed in it is tar, but its end is missing");
  inner.is_inner = true;
  inner.inner = ContentForm::kTar;
  CHECK(weigh("block.gz", inner, {}).unsound == store::Unsound::kNo);
  CHECK(weigh("site.d/block.gz", inner, {}).unsound == store::Unsound::kNo);
  for (const auto* const key : {"a.tar.gz", "a.TGZ", "a.sql.gz", "d/a.tar.GZ"}) {
    CAPTURE(key);
    CHECK(weigh(key, inner, {}).unsound == store::Unsound::kBroken);
  }
}

TEST_CASE("a fall is one below a quarter of every one of three sets or more") {
  const auto verdict = [](std::uint64_t now, const std::vector<std::uint64_t>& before) {
    auto answer = sound();
    answer.members = now;
    std::vector<store::WalkRecord> all;
    for (const auto members : before) all.push_back(past(members));
    return agent::weigh("a.gz", answer, all).unsound;
  };
  using store::Unsound;
  CHECK(verdict(3, {41, 41, 41}) == Unsound::kOtherForm);
  CHECK(verdict(3, {41, 41}) == Unsound::kNo);
  CHECK(verdict(11, {41, 41, 41}) == Unsound::kNo);
  CHECK(verdict(10, {41, 41, 41}) == Unsound::kOtherForm);
  CHECK(verdict(3, {41, 3, 41, 41}) == Unsound::kNo);
  CHECK(verdict(0, {1, 1, 1}) == Unsound::kOtherForm);
  CHECK(verdict(0, {0, 1, 1, 1}) == Unsound::kNo);
  CHECK(verdict(200, {41, 41, 41}) == Unsound::kNo);
}

TEST_CASE("an answer is read back as it was written, and nothing else is an answer") {
  auto answer = with_tables(41);
  answer.members = 7;
  answer.unpacked_bytes = 123'456;
  const auto text = agent::text_of(answer);
  REQUIRE(agent::parse_answer(text) == answer);
  auto inner = unsound("its tar is damaged");
  inner.is_inner = true;
  CHECK(agent::parse_answer(agent::text_of(inner)) == inner);
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    CHECK_FALSE(agent::parse_answer(text.substr(0, cut)));
  }
  CHECK_FALSE(agent::parse_answer(text + "\n"));
  CHECK_FALSE(agent::parse_answer(text + text));
  const auto with = [&](const std::string& from, const std::string& to) {
    auto other = text;
    const auto at = other.find(from);
    REQUIRE(at != std::string::npos);
    other.replace(at, from.size(), to);
    return agent::parse_answer(other);
  };
  CHECK_FALSE(with("verdict 0", "verdict 3"));
  CHECK_FALSE(with("verdict 0", "verdict 1"));
  CHECK_FALSE(with("verdict 0", "verdict 2"));
  CHECK_FALSE(with("cause 0", "cause 1"));
  CHECK_FALSE(with("form 10", "form 9"));
  CHECK_FALSE(with("form 10", "form 266"));
  CHECK_FALSE(with("members 7", "members -7"));
  CHECK_FALSE(with("members 7", "members 99999999999999999999"));
  CHECK_FALSE(with("members 7", "members 7\nmembers 7"));
  CHECK_FALSE(with("proved gzip", "proved \x1b[2J"));
  CHECK_FALSE(with("proved gzip", "proved " + std::string(300, 'x')));
  CHECK_FALSE(with("tables 41", "tables"));
  CHECK_FALSE(agent::parse_answer(std::string(100'000, 'x')));
  // What a hostile archive says of itself gets no further than that.
  CHECK(agent::parse_answer(agent::text_of(unsound("a\nverdict 0\x1b[2J")))->why ==
        "a?verdict 0?[2J");
}
