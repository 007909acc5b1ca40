#include <fmt/format.h>

#include "agent/base/json_line.h"
#include "agent/base/key_pattern.h"
#include "agent/base/units.h"
#include "agent/commands/commands.h"
#include "agent/run/source_command.h"
#include "store/content/digest.h"

namespace agent {
namespace {

std::string text_line(const store::Archive& archive) {
  return fmt::format("{:>12}  {}  {:<16}  {}", archive.upstream.size_bytes,
                     format_time(archive.held_since), store::name_of(archive.verified_by),
                     printable_name(archive.key));
}

std::string json_of(const std::string& source, const store::Archive& archive,
                    store::NameRules rules) {
  return json_line({{"key", JsonValue::of_key(archive.key)},
                    {"path", store::archive_path(source, archive.key, rules, archive.variant)},
                    {"state", "held"},
                    {"size", archive.upstream.size_bytes},
                    {"sha256", store::to_hex(archive.sha256)},
                    {"etag", printable(archive.upstream.etag)},
                    {"last_modified", format_time(archive.last_modified)},
                    {"held_since", format_time(archive.held_since)},
                    {"verified_by", store::name_of(archive.verified_by)}});
}

std::string text_line(const std::string& source, const store::Generation& generation) {
  return fmt::format("{:>12}  {}  {:<16}  {}  [{}: {}]", generation.upstream.size_bytes,
                     format_time(generation.held_since), store::name_of(generation.verified_by),
                     printable_name(generation.key), store::name_of(generation.place),
                     printable(generation.path.substr(source.size() + 1)));
}

std::string json_of(const store::Generation& generation) {
  return json_line(
      {{"key", JsonValue::of_key(generation.key)},
       {"path", generation.path},
       {"state", generation.place == store::Place::kSuperseded ? "superseded" : "quarantined"},
       {"size", generation.upstream.size_bytes},
       {"sha256", store::to_hex(generation.sha256)},
       {"etag", printable(generation.upstream.etag)},
       {"version_id", printable(generation.upstream.version_id)},
       {"last_modified", format_time(generation.last_modified)},
       {"held_since", format_time(generation.held_since)},
       {"verified_by", store::name_of(generation.verified_by)}});
}

// An array of one element a line, streamed: a million archives need no memory.
class Listing {
 public:
  Listing(const ListOptions& options, const Environment& environment, store::NameRules rules,
          const Print& print)
      : options_(options), environment_(environment), rules_(rules), print_(print) {}

  store::Status run(store::Ledger& ledger, store::SourceId source) {
    if (options_.json) print_("[");
    if (!options_.json && environment_.reads_stdout) {
      print_(fmt::format("{:>12}  {:<20}  {:<16}  KEY", "BYTES", "HELD SINCE", "VERIFIED BY"));
    }
    auto visited = ledger.visit_archives(source, [&](const store::Archive& archive) {
      return show(archive.key, archive.upstream.size_bytes, [&] {
        return options_.json ? json_of(options_.source, archive, rules_) : text_line(archive);
      });
    });
    if (visited && options_.all) {
      visited = ledger.visit_generations(source, [&](const store::Generation& generation) {
        return show(generation.key, generation.upstream.size_bytes, [&] {
          return options_.json ? json_of(generation) : text_line(options_.source, generation);
        });
      });
    }
    if (options_.json) print_("]");
    if (!options_.json && environment_.reads_stdout && visited) {
      print_(fmt::format("{} {}, {}", count_, count_ == 1 ? "copy" : "copies",
                         format_size(size_bytes_)));
    }
    return visited;
  }

 private:
  template <typename Line>
  bool show(const std::string& key, std::uint64_t size_bytes, const Line& line) {
    if (options_.glob.empty() || pattern_.matches(key)) {
      print_(options_.json ? (count_ == 0 ? "  " : ", ") + line() : line());
      ++count_;
      size_bytes_ += size_bytes;
    }
    return !environment_.stop.load();
  }

  const ListOptions& options_;
  const Environment& environment_;
  const store::NameRules rules_;
  const Print& print_;
  const KeyPattern pattern_{options_.glob};
  std::uint64_t count_ = 0;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace

ExitStatus list_command(const Config& config, const ListOptions& options,
                        const Environment& environment, const Print& print) {
  const auto list = [&](SourceMirror& source) -> store::Result<ExitStatus> {
    Listing listing(options, environment, source.mirror.rules, print);
    const auto listed = listing.run(source.mirror.ledger, source.id);
    if (!listed) return listed.error();
    return ExitStatus::kOk;
  };
  return on_source(config, options.source, environment, store::Access::kReadOnly, list);
}

}  // namespace agent
