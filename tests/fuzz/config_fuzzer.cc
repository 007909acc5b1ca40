#include <set>

#include "agent/config/config.h"
#include "agent/config/config_file.h"
#include "store/content/path_check.h"
#include "tests/fuzz/fuzz.h"

// A configuration file.

namespace {

using fuzz::demand;

void check_source(const agent::SourceConfig& source) {
  const auto is_share = [](std::optional<double> share) {
    return !share || (*share > 0 && *share <= 1);
  };
  demand(store::is_source_name(source.name), "a source's name can be a directory's", source.name);
  demand(!source.bucket.empty(), "a source has a bucket", source.name);
  demand(is_share(source.tripwire_share), "the tripwire's share is one", source.name);
  demand(is_share(source.shrink_alarm_share), "the share of small ones is one", source.name);
  demand(source.tripwire_min >= 1, "the tripwire counts at least one key", source.name);
  demand(source.scrub_every.count() >= 0, "a time is not negative", source.name);
  demand(!source.expect_every || source.expect_every->count() > 0, "what is expected has a time",
         source.name);
  demand(!source.keep.within || source.keep.within->count() >= 0, "a time is not negative");
  static_cast<void>(source.wants("db/2026-01-31.tar"));
  demand(source.series.of("db/1") == source.series.of("db/1"), "a key has one series");
}

void check_config(const agent::Config& config) {
  std::set<std::string> names;
  for (const auto& source : config.sources) {
    check_source(source);
    demand(names.insert(source.name).second, "every source has a name of its own", source.name);
  }
  demand(config.agent.parallel >= 1, "somebody works");
  demand(config.agent.max_runtime.count() >= 0, "a time is not negative");
  demand(config.disk.path.starts_with('/'), "the disk's path is absolute", config.disk.path);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  const auto text = fuzz::text_of(data, size_bytes);
  const fuzz::MemoryFile file(text);
  const auto ini = agent::read_ini(file.path());
  const auto config = agent::load_config(file.path(), agent::Purpose::kDiskOnly);
  if (config) {
    demand(ini.has_value(), "what is no INI file is no configuration");
    check_config(*config);
  } else {
    const auto& message = config.error().message;
    demand(message.starts_with(file.path() + ":"), "a mistake is in the file", message);
    demand(message.find('\n') == std::string::npos, "a mistake is one line", message);
  }
  return 0;
}
