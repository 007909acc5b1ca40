#include "agent/lister.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace agent {
namespace {

// A page may be empty and truncated, but a server that goes on like that is broken.
constexpr int kMostEmptyPages = 100;

using Defect = std::optional<std::string>;
using Take = std::function<bool(const s3::ListPage&)>;

// Where a page begins; nothing for the first.
struct Marker {
  std::string token;
  std::string version;
};

// What the versions of one key never do.
class VersionGuard {
 public:
  Defect check(const s3::ListedObject& version) {
    if (version.is_latest && std::exchange(has_latest_, true)) {
      return "calls two versions of a key the latest";
    }
    if (seen_ > 0 && version.version_id == landmark_) return "names a version twice";
    // A key may have any number of versions. One of them, renewed ever more seldom, is enough to
    // find a circle of any length (Brent).
    if (++seen_ == next_landmark_) {
      landmark_ = version.version_id;
      next_landmark_ *= 2;
    }
    return std::nullopt;
  }

 private:
  bool has_latest_ = false;
  std::uint64_t seen_ = 0;
  std::uint64_t next_landmark_ = 1;
  std::string landmark_;
};

// What a well-behaved listing never does. (To give back the marker that it was given is already
// refused by the client.)
class Guard {
 public:
  enum class Keys { kOnce, kWithVersions };

  explicit Guard(Keys keys) : keys_(keys) {}

  Defect check(const s3::ListPage& page) {
    empty_pages_ = page.objects.empty() ? empty_pages_ + 1 : 0;
    if (page.truncated && empty_pages_ > kMostEmptyPages) return "has no keys and no end";
    for (const auto& object : page.objects) {
      if (auto defect = check(object)) return defect;
    }
    return std::nullopt;
  }

 private:
  Defect check(const s3::ListedObject& object) {
    const int order = any_ ? object.key.compare(last_key_) : 1;
    if (order < 0) return "is not in the order of the keys";
    if (order == 0 && keys_ == Keys::kOnce) return "names a key twice";
    if (order > 0) {
      last_key_ = object.key;
      any_ = true;
      versions_ = {};
    }
    return keys_ == Keys::kWithVersions ? versions_.check(object) : std::nullopt;
  }

  const Keys keys_;
  int empty_pages_ = 0;
  bool any_ = false;
  std::string last_key_;
  VersionGuard versions_;
};

s3::Result<void> list_pages(s3::Session& session, Retrier& retrier, const Halt& halt, Guard guard,
                            const Take& take,
                            const std::function<s3::Result<s3::ListPage>(const Marker&)>& ask) {
  Marker marker;
  while (true) {
    const auto page = retrier.run<s3::ListPage>(session, [&] { return ask(marker); });
    if (!page) return page.error();
    if (auto defect = guard.check(*page)) {
      return s3::Error{s3::ErrorKind::kServer, 200, "", "the listing " + *defect, ""};
    }
    if (halt.load() || !take(*page)) {
      return s3::Error{s3::ErrorKind::kAborted, 0, "", "interrupted", ""};
    }
    if (!page->truncated) return {};
    marker = {page->next_token, page->next_version_marker};
  }
}

}  // namespace

s3::Result<void> list_all(s3::Client& client, s3::Session& session, Retrier& retrier,
                          const Halt& halt, const std::string& prefix, const Take& take) {
  return list_pages(session, retrier, halt, Guard(Guard::Keys::kOnce), take,
                    [&](const Marker& marker) {
                      return client.list_page(prefix, marker.token, [&] { return !halt.load(); });
                    });
}

s3::Result<void> list_all_versions(s3::Client& client, s3::Session& session, Retrier& retrier,
                                   const Halt& halt, const std::string& prefix, const Take& take) {
  return list_pages(session, retrier, halt, Guard(Guard::Keys::kWithVersions), take,
                    [&](const Marker& marker) {
                      return client.list_versions_page(prefix, marker.token, marker.version,
                                                       [&] { return !halt.load(); });
                    });
}

}  // namespace agent
