#include "agent/run/carry.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "agent/run/carried_file.h"
#include "store/content/digest.h"

namespace agent {
namespace {

// By id, so that each disk has a file of its own, and none is ever merged into another.
std::string words_path(const Config& config, const std::string& disk) {
  return fmt::format("{}.{}", config.agent.status_file, disk);
}

// The id becomes part of a name. Every id that 'holdfast init' draws can.
bool can_name_a_file(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string other_disk(const Config& config, const std::string& here) {
  if (!config.disk.rotates()) return "";
  const auto& ids = config.disk.ids;
  return ids.front() == here ? ids.back() : ids.front();
}

std::string digest_of(std::string_view text) {
  store::DigestSet digest({{store::Algorithm::kSha256, {}}});
  digest.update(std::as_bytes(std::span(text)));
  const auto sha256 = digest.finish();
  return sha256.empty() ? std::string() : store::to_hex(sha256.front());
}

bool is_configured(const Config& config, const std::string& source) {
  return std::any_of(config.sources.begin(), config.sources.end(),
                     [&](const SourceConfig& one) { return one.name == source; });
}

void warn_of(const Environment& environment, const std::string& path, const std::string& why) {
  environment.log.warning(
      {"", "",
       fmt::format("{} is left alone, as it is not what holdfast wrote there: {}. What was "
                   "acknowledged while the other disk was here may be asked once more",
                   path, why)});
}

}  // namespace

store::Status carry_in(const Config& config, const Environment& environment, Mirror& mirror) {
  const auto other = other_disk(config, mirror.marker.id);
  if (!can_name_a_file(other)) return {};
  const auto path = words_path(config, other);
  const auto text = environment.read_file(path);
  if (!text) {
    warn_of(environment, path, text.error());
    return {};
  }
  if (!*text) return {};
  const auto digest = digest_of(**text);
  const auto taken = mirror.ledger.has_words(other, digest);
  if (!taken) return taken.error();
  if (*taken) return {};
  // Once to see that all of it can be understood, and once to take it.
  const auto understood = read_words(**text, other, [](const store::Word&) { return true; });
  if (!understood) {
    warn_of(environment, path, understood.error());
    return {};
  }
  const auto ended = mirror.ledger.replace_words(
      other, digest, [&](const std::string& source) { return is_configured(config, source); },
      [&](const store::CarriedView::VisitWord& replace_with) {
        store::Status done;
        (void)read_words(**text, other, [&](const store::Word& word) {
          done = replace_with(word);
          return done.has_value();
        });
        return done;
      },
      environment.clock.now_s());
  if (!ended) return ended.error();
  if (*ended > 0) {
    environment.log.info(
        {"", "",
         fmt::format("{} acknowledged while the disk {} was here",
                     *ended == 1 ? "1 alarm was" : fmt::format("{} alarms were", *ended), other)});
  }
  return {};
}

store::Status carry_out(const Config& config, const Environment& environment, Mirror& mirror) {
  const auto& here = mirror.marker.id;
  if (!config.disk.rotates() || !can_name_a_file(here)) return {};
  const auto path = words_path(config, here);
  auto text = head_of_words(here);
  // What does not fit is asked once more.
  const auto visited =
      mirror.ledger.visit_words(config.agent.on_alarm.empty(), [&](const store::Word& word) {
        const auto line = line_of(word);
        if (text.size() + line.size() > kMaxCarriedBytes) return false;
        text += line;
        return true;
      });
  if (!visited) return visited;
  const auto before = environment.read_file(path);
  if (before && *before && **before == text) return {};
  const auto written = environment.replace_file(path, text);
  if (written) return {};
  environment.log.warning(
      {"", "",
       fmt::format(
           "{} cannot be written: {}. What is acknowledged here may be asked once more when "
           "the other disk is here",
           path, written.error())});
  return {};
}

}  // namespace agent
