#include "agent/custody/staging_sweep.h"

#include <set>
#include <string>

#include "store/content/staging.h"

namespace agent {
namespace {

constexpr std::size_t kRows = 512;

// Takes from `staged` what a pending content of this source would resume.
store::Status keep_pending(RunContext& context, const std::string& name,
                           std::set<std::string>& staged) {
  auto& ledger = context.mirror.ledger;
  const auto id = ledger.find_source(name);
  if (!id) return id.error();
  if (!*id) return {};
  std::optional<store::Pending> last;
  while (!staged.empty()) {
    auto rows = ledger.next_pending(**id, last ? &*last : nullptr, kRows);
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
      staged.erase(store::staging_path(name, row.key, row.upstream.version_id, row.upstream.etag,
                                       row.upstream.size_bytes));
    }
    if (rows->size() < kRows) return {};
    last = rows->back();
  }
  return {};
}

}  // namespace

store::Status sweep_unwanted(RunContext& context) {
  // At most a batch and what the workers had in hand was left by any run, so this set stays small.
  std::set<std::string> unwanted;
  auto seen = context.mirror.staging.sweep([&](const std::string& path) {
    unwanted.insert(path);
    return true;
  });
  if (!seen) return seen;
  for (const auto& source : context.config.sources) {
    if (auto kept = keep_pending(context, source.name, unwanted); !kept) return kept;
  }
  if (unwanted.empty()) return {};
  return context.mirror.staging.sweep(
      [&](const std::string& path) { return !unwanted.contains(path); });
}

}  // namespace agent
