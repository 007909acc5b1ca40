#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "store/content/digest.h"
#include "store/content/path_check.h"
#include "store/custody/manifest.h"
#include "store/json.h"

// One line of a manifest: what an entry is as text, and what a text is as an entry.
namespace store {
namespace {

using Kind = ManifestEntry::Kind;

constexpr std::string_view kPlaceOfTrusted = "archives/";

constexpr std::array<std::pair<Kind, std::string_view>, 8> kNames = {
    {{Kind::kHeld, "held"},
     {Kind::kGeneration, "beside"},
     {Kind::kSame, "same"},
     {Kind::kGone, "gone"},
     {Kind::kPruned, "pruned"},
     {Kind::kLost, "lost"},
     {Kind::kReign, "trusted"},
     {Kind::kSoundness, "judged"}}};

// Nothing is said of what it was.
bool ends_holding(Kind kind) {
  return kind == Kind::kGone || kind == Kind::kPruned || kind == Kind::kLost;
}

// Of the others the SHA-256 is enough.
bool says_what_it_is(Kind kind) {
  return !ends_holding(kind) && kind != Kind::kReign && kind != Kind::kSoundness;
}

std::string_view name_of(Kind kind) {
  return std::find_if(kNames.begin(), kNames.end(),
                      [&](const auto& one) { return one.first == kind; })
      ->second;
}

std::optional<Kind> kind_of(std::string_view name) {
  const auto* const found = std::find_if(kNames.begin(), kNames.end(),
                                         [&](const auto& one) { return one.second == name; });
  return found == kNames.end() ? std::nullopt : std::optional(found->first);
}

template <class AnyTime>
std::int64_t seconds(AnyTime time) {
  return time.time_since_epoch().count();
}

std::optional<std::string> text_in(const Json& json, std::string_view name) {
  const auto* member = json.find(name);
  const auto* text = member != nullptr ? member->text() : nullptr;
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

template <class AnyTime = Time>
AnyTime time_in(const Json& json, std::string_view name) {
  const auto* member = json.find(name);
  return AnyTime(std::chrono::seconds(member != nullptr ? member->integer().value_or(0) : 0));
}

bool read_sha256(const Json& json, ManifestEntry& entry) {
  const auto digest = from_hex(text_in(json, "sha256").value_or(""));
  if (digest.size() != entry.sha256.size()) return false;
  std::ranges::copy(digest, entry.sha256.begin());
  return true;
}

bool read_identity(const Json& json, ManifestEntry& entry) {
  const auto* size = json.find("size");
  const auto size_bytes = size != nullptr ? size->count() : std::nullopt;
  if (!size_bytes || !read_sha256(json, entry)) return false;
  entry.upstream = {text_in(json, "etag").value_or(""), *size_bytes,
                    text_in(json, "version").value_or(""), time_in<UpstreamTime>(json, "modified")};
  return true;
}

// The key is what its path says: there it can be any bytes.
bool read_path(const Json& json, ManifestEntry& entry) {
  entry.path = text_in(json, "path").value_or("");
  const auto slash = entry.path.find('/');
  if (slash == std::string::npos) return false;
  const auto below_tree = entry.path.substr(slash + 1);
  const bool trusted = entry.path.starts_with(kPlaceOfTrusted);
  auto named = key_of_path(trusted ? below_tree : parent_of(below_tree));
  if (!named) return false;
  entry.key = std::move(named->key);
  entry.variant = named->variant;
  if (!is_content_path("a/" + entry.path) || entry.path.starts_with("damaged/")) return false;
  return entry.kind == Kind::kPruned || entry.kind == Kind::kLost ||
         trusted == (entry.kind != Kind::kGeneration && entry.kind != Kind::kGone);
}

}  // namespace

std::string line_of(const ManifestEntry& entry) {
  Json::Object json = {{"what", name_of(entry.kind)}, {"path", entry.path}};
  if (!ends_holding(entry.kind)) json.emplace_back("sha256", to_hex(entry.sha256));
  if (says_what_it_is(entry.kind)) {
    json.emplace_back("size", entry.upstream.size_bytes);
    json.emplace_back("etag", entry.upstream.etag);
    json.emplace_back("version", entry.upstream.version_id);
    const bool by_date = entry.upstream.etag.empty() && entry.upstream.modified != UpstreamTime{};
    if (by_date) json.emplace_back("modified", seconds(entry.upstream.modified));
  }
  if (entry.kind == Kind::kHeld || entry.kind == Kind::kGeneration) {
    json.emplace_back("last_modified", seconds(entry.last_modified));
    json.emplace_back("verified_by", name_of(entry.verified_by));
    json.emplace_back("held_since", seconds(entry.held_since));
  }
  if (entry.unsound != Unsound::kNo || entry.kind == Kind::kSoundness) {
    json.emplace_back("unsound", static_cast<std::uint64_t>(entry.unsound));
  }
  const bool says_when = entry.kind == Kind::kGeneration || entry.kind == Kind::kReign;
  if (says_when || entry.placed_at != Time{}) {
    json.emplace_back("placed_at", seconds(entry.placed_at));
  }
  // What no UTF-8 is in an ETag is lost: then it is looked at once more.
  return Json(std::move(json)).line(Json::Charset::kUtf8) + "\n";
}

std::optional<ManifestEntry> entry_of(std::string_view line) {
  const auto parsed = Json::parse(line);
  if (!parsed || parsed->object() == nullptr) return std::nullopt;
  const auto& json = *parsed;
  const auto kind = kind_of(text_in(json, "what").value_or(""));
  if (!kind) return std::nullopt;
  ManifestEntry entry;
  entry.kind = *kind;
  if (!read_path(json, entry)) return std::nullopt;
  if (ends_holding(*kind)) return entry;
  entry.placed_at = time_in(json, "placed_at");
  const auto* unsound = json.find("unsound");
  entry.unsound = unsound_of(unsound != nullptr ? unsound->integer().value_or(0) : 0);
  if (!says_what_it_is(*kind)) {
    return read_sha256(json, entry) ? std::optional(std::move(entry)) : std::nullopt;
  }
  if (!read_identity(json, entry)) return std::nullopt;
  entry.last_modified = time_in<UpstreamTime>(json, "last_modified");
  auto& upstream = entry.upstream;
  if (upstream.etag.empty() && upstream.modified == UpstreamTime{})
    upstream.modified = entry.last_modified;
  entry.verified_by = proof_level_of(text_in(json, "verified_by").value_or(""));
  entry.held_since = time_in(json, "held_since");
  return entry;
}

}  // namespace store
