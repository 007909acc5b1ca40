#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "store/content/digest.h"
#include "tests/store/ledger/ledger_fixture.h"

namespace ledger_test {

// 2026-01-31T02:00:00Z
inline const store::UpstreamTime kWhen = test::uploaded(at(1'769'824'800));

inline store::Sha256 sha256_of(std::string_view content) {
  store::DigestSet set({{store::Algorithm::kSha256, {}}});
  set.update(std::as_bytes(std::span(content)));
  const auto digest = set.finish().front();
  store::Sha256 sha256{};
  std::copy(digest.begin(), digest.end(), sha256.begin());
  return sha256;
}

inline store::Archive archive_of(std::string_view key, std::string_view content) {
  auto made = archive(key, 100, content.size());
  made.last_modified = kWhen;
  made.sha256 = sha256_of(content);
  return made;
}

inline store::Generation generation_of(const store::Archive& held, store::Place place,
                                       const std::string& path) {
  return {held.key,
          place,
          path,
          held.upstream,
          held.last_modified,
          held.sha256,
          held.verified_by,
          held.held_since,
          held.read_at,
          at(2000)};
}

inline std::string placed(store::Place place, std::string_view key, std::string_view content) {
  return store::generation_paths("site", place, key, store::NameRules::kPosix, kWhen,
                                 sha256_of(content))
      .front();
}

}  // namespace ledger_test
