#include "agent/run/carried_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "agent/base/json_line.h"
#include "agent/base/printable.h"
#include "agent/base/units.h"
#include "store/content/digest.h"
#include "store/content/key_path.h"
#include "store/json.h"
#include "store/ledger/alarm_kind.h"

namespace agent {
namespace {

using store::Json;
using store::Word;

constexpr std::size_t kLongestLine = 64 * 1024;
constexpr std::array<std::string_view, 5> kNames = {"told", "acknowledged", "hold", "deviation",
                                                    "accepted"};

std::string_view name_of(Word::What what) { return kNames[static_cast<std::size_t>(what)]; }

std::optional<Word::What> what_of(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Word::What>(found - kNames.begin());
}

// Reads members of one line, all of which have to be what we write.
class Line {
 public:
  explicit Line(const Json& json) : json_(json) {}

  std::string text(const char* name) {
    const auto* member = json_.find(name);
    if (member == nullptr) return "";
    if (member->text() != nullptr) return *member->text();
    is_whole_ = false;
    return "";
  }
  std::uint64_t count(const char* name) {
    const auto* member = json_.find(name);
    const auto count = member == nullptr ? std::nullopt : member->count();
    is_whole_ = is_whole_ && count;
    return count.value_or(0);
  }
  Time time(const char* name) {
    const auto parsed = parse_time(text(name));
    is_whole_ = is_whole_ && parsed;
    return parsed.value_or(Time{});
  }
  std::string key() {
    const auto hex = text("key_hex");
    return hex.empty() ? text("key") : key_of_hex(hex);
  }
  bool has(const char* name) const { return json_.find(name) != nullptr; }
  void want(bool condition) { is_whole_ = is_whole_ && condition; }
  bool is_whole() const { return is_whole_; }

 private:
  const Json& json_;
  bool is_whole_ = true;
};

bool is_kind(std::string_view kind) {
  return std::find(store::kAlarmNames.begin(), store::kAlarmNames.end(), kind) !=
         store::kAlarmNames.end();
}

std::optional<Word> word_of(const Json& json) {
  Line line(json);
  const auto what = what_of(line.text("word"));
  if (!what) return std::nullopt;
  Word word{line.text("source"), *what, line.text("kind"), line.key(), line.time("at")};
  word.text = line.text("text");
  if (line.has("etag")) {
    auto& upstream = word.upstream.emplace();
    upstream.etag = line.text("etag");
    upstream.size_bytes = line.count("size");
    upstream.version_id = line.text("version");
    if (line.has("modified")) {
      upstream.modified = store::UpstreamTime{line.time("modified").time_since_epoch()};
    }
  }
  line.want(!word.source.empty() && store::can_have_path(word.key));
  switch (*what) {
    case Word::What::kTold:
    case Word::What::kAcknowledged:
      line.want(is_kind(word.kind));
      break;
    case Word::What::kHold:
      word.kind = store::name_of(store::AlarmKind::kMassChange);
      break;
    case Word::What::kDeviation:
      line.want(!word.key.empty());
      break;
    case Word::What::kAccepted:
      line.want(!word.key.empty() && word.upstream && store::from_hex(word.text).size() == 32);
      break;
  }
  return line.is_whole() ? std::optional(std::move(word)) : std::nullopt;
}

bool is_head_of(const Json& json, const std::string& disk) {
  const auto* schema = json.find("schema");
  const auto* id = json.find("disk");
  return schema != nullptr && schema->count() == 1 && id != nullptr && id->text() != nullptr &&
         *id->text() == disk;
}

}  // namespace

std::string head_of_words(const std::string& disk) {
  return json_line({{"schema", 1}, {"disk", disk}}) + "\n";
}

std::string line_of(const Word& word) {
  std::vector<JsonMember> members = {{"word", name_of(word.what)}, {"source", word.source}};
  if (word.what == Word::What::kTold || word.what == Word::What::kAcknowledged) {
    members.emplace_back("kind", word.kind);
  }
  if (!word.key.empty()) members.emplace_back("key", JsonValue::of_key(word.key));
  members.emplace_back("at", format_time(word.at));
  if (word.upstream) {
    // It is compared, so it has to be the same when it is read.
    if (!is_utf8(word.upstream->etag) || !is_utf8(word.upstream->version_id)) return "";
    members.emplace_back("etag", word.upstream->etag);
    members.emplace_back("size", word.upstream->size_bytes);
    if (!word.upstream->version_id.empty()) {
      members.emplace_back("version", word.upstream->version_id);
    }
    if (word.upstream->modified != store::UpstreamTime{}) {
      members.emplace_back("modified", format_time(word.upstream->modified));
    }
  }
  if (!word.text.empty()) members.emplace_back("text", word.text);
  auto line = json_line(members) + "\n";
  return line.size() <= kLongestLine ? line : std::string();
}

Result<void> read_words(std::string_view text, const std::string& disk,
                        const std::function<bool(const Word&)>& visit) {
  if (text.size() > kMaxCarriedBytes) return tl::unexpected<std::string>("it is too large");
  bool is_first = true;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const auto wrong = [&] {
      return tl::unexpected(fmt::format("line {} is not one of holdfast's", number));
    };
    // The last one is cut off where its end is missing.
    if (end == std::string_view::npos || end > kLongestLine) return wrong();
    const auto json = Json::parse(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!json || json->object() == nullptr) return wrong();
    if (std::exchange(is_first, false)) {
      if (!is_head_of(*json, disk)) return tl::unexpected<std::string>("it is not of that disk");
      continue;
    }
    const auto word = word_of(*json);
    if (!word) return wrong();
    if (!visit(*word)) return {};
  }
  if (is_first) return tl::unexpected<std::string>("it is empty");
  return {};
}

}  // namespace agent
