#include "agent/custody/stale_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "agent/base/failure.h"
#include "store/content/key_path.h"

namespace agent {
namespace {

// What the opening of the mirror has met was told then.
void fail_for(RunContext& context, SourceRun& source, const store::Error& error) {
  context.fail_source(source, ExitStatus::kIncomplete);
  const bool told = std::ranges::any_of(context.mirror.unfinished, [&](const auto& one) {
    return one.source_name == source.config->name && one.key.empty();
  });
  if (!told) context.report(source, "", explain(error));
}

store::Status write_one(RunContext& context, SourceRun& source) {
  const auto& name = source.config->name;
  const auto lost = context.mirror.refresh_sums(source.id, name);
  if (!lost && store::concerns_a_name(lost.error())) {
    fail_for(context, source, lost.error());
    return {};
  }
  if (!lost) return lost.error();
  if (*lost) {
    context.environment.log.warning(
        {name, "",
         fmt::format("{} was missing or had another length, and was written again; find out who "
                     "changed it, and let 'holdfast verify --all' look at the rest",
                     store::sums_path(name))});
  }
  return {};
}

store::Status look_for(RunContext& context, std::string_view path, store::FileKind kind) {
  const auto found = context.mirror.disk().stat(path);
  if (!found) return found.error();
  if (!found->has_value() || (*found)->kind == kind) return {};
  const bool is_directory = (*found)->kind == store::FileKind::kDirectory;
  return store::error_from_errno(is_directory ? EISDIR : EEXIST, "open", path);
}

}  // namespace

store::Status write_stale_sums(RunContext& context) {
  for (auto& source : context.sources) {
    if (source.id == 0) continue;
    if (auto written = write_one(context, source); !written) return written;
  }
  return {};
}

store::Result<bool> is_blocked(RunContext& context, SourceRun& source) {
  const auto& name = source.config->name;
  auto looked = look_for(context, name, store::FileKind::kDirectory);
  if (looked) looked = look_for(context, store::manifest_path(name), store::FileKind::kFile);
  if (looked) return false;
  if (!store::concerns_a_name(looked.error())) return looked.error();
  source.stopped = true;
  source.id = 0;
  fail_for(context, source, looked.error());
  return true;
}

}  // namespace agent
