#include "agent/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>

#include "agent/base/printable.h"
#include "agent/report/disk_rotation.h"
#include "agent/report/drill_words.h"
#include "agent/report/page_parts.h"
#include "agent/report/success_age.h"
#include "store/content/digest.h"

namespace agent {
namespace {

using page::escaped;
using std::chrono::days;
using std::chrono::floor;

// Thirteen columns, of which the last ends today.
constexpr std::size_t kWholeWeeks = 12;

// Only this very script runs, whatever the texts of the page are.
const std::string& policy() {
  static const std::string text = [] {
    store::DigestSet digest({{store::Algorithm::kSha256, {}}});
    digest.update(std::as_bytes(std::span(page::kScript)));
    const auto sha256 = digest.finish();
    return fmt::format(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; "
        "form-action 'none'",
        sha256.empty() ? "" : store::to_base64(sha256.front()));
  }();
  return text;
}

std::string class_of(Severity severity) {
  std::string name(word_of(severity));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  return name;
}

class Page {
 public:
  Page(const StatusReport& status, const Present& present, const AssessmentOptions& options)
      : status_(status),
        present_(present),
        options_(options),
        assessment_(assess(status, present, options)) {}

  std::string run() {
    head();
    out_ += "<main>\n";
    findings();
    disk();
    for (const auto& source : status_.sources) {
      if (options_.source.empty() || options_.source == source.name) this->source(source);
    }
    drills();
    problems();
    foot();
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void put(fmt::format_string<Args...> text, Args&&... args) {
    out_ += fmt::format(text, std::forward<Args>(args)...);
  }
  void fact(std::string_view label, const std::string& html) {
    put("<dt>{}</dt><dd>{}</dd>\n", label, html);
  }

  void head() {
    const auto word = word_of(assessment_.severity);
    const auto limit = options_.max_age.value_or(usual_age(status_.runs)).count();
    put("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
        "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
        "http-equiv=\"Content-Security-Policy\" content=\"{}\">\n<title>{}: holdfast on "
        "{}</title>\n<style>{}</style>\n</head>\n",
        policy(), word, escaped(status_.host), page::kStyle);
    put("<body class=\"{}\" data-success=\"{}\" data-limit=\"{}\" "
        "data-written=\"{}\">\n<header>\n<h1 "
        "id=\"word\">{}</h1>\n",
        class_of(assessment_.severity),
        status_.last_success_at ? status_.last_success_at->time_since_epoch().count() : 0, limit,
        present_.now.time_since_epoch().count(), word);
    put("<p id=\"old\" hidden>No pull has succeeded for <span id=\"old-age\"></span>, or nobody "
        "has "
        "written this page since: see whether its timer or cron still runs.</p>\n");
    put("<p>holdfast on {}: {}</p>\n", escaped(status_.host), escaped(assessment_.summary));
    put("<p class=\"small\">Last success {}; last run {}; this page was written "
        "{}</p>\n</header>\n",
        page::ago(status_.last_success_at, present_.now),
        page::ago(status_.finished_at ? status_.finished_at : status_.started_at, present_.now),
        page::ago(present_.now, present_.now));
  }

  void findings() {
    if (std::all_of(assessment_.findings.begin(), assessment_.findings.end(),
                    [](const Concern& finding) { return finding.remedy.empty(); })) {
      return;
    }
    put("<section><h2>What to do</h2>\n<ul>\n");
    for (const auto& finding : assessment_.findings) {
      if (finding.remedy.empty()) continue;
      put("<li><b>{}</b>: {}</li>\n", escaped(finding.fact), escaped(finding.remedy));
    }
    put("</ul></section>\n");
  }

  void disk() {
    const auto& disk = status_.disk;
    put("<section><h2>Disk</h2>\n<dl>\n");
    fact("where", fmt::format("<code>{}</code>{}", escaped(disk.path),
                              disk.filesystem.empty() ? "" : ", " + escaped(disk.filesystem)));
    if (!disk.present) {
      fact("state", "absent, or not the right one");
    } else if (disk.total_bytes > 0) {
      fact("free",
           fmt::format("{} of {}", format_size(disk.free_bytes), format_size(disk.total_bytes)));
    }
    const auto full = day_full(disk);
    fact("full on", full ? fmt::format("about {}, if it goes on as in the last thirty days",
                                       format_time(*full).substr(0, 10))
                         : std::string("not in sight"));
    for (const auto& one : status_.disks) {
      fact("takes turns", fmt::format("<code>{}</code> {}", escaped(one.id),
                                      escaped(words_of(one, status_, present_.now))));
    }
    for (const auto& weakness : disk.weaker) fact("weaker", escaped(weakness));
    put("</dl>\n");
    if (disk.present && disk.total_bytes > 0) {
      const auto used = disk.total_bytes - std::min(disk.free_bytes, disk.total_bytes);
      put("<meter min=\"0\" max=\"{}\" high=\"{}\" value=\"{}\" title=\"used\"></meter>\n",
          disk.total_bytes, disk.total_bytes / 10 * 9, used);
    }
    put("{}</section>\n", page::free_space(disk));
  }

  Severity severity_of(const SourceStatus& source) const {
    auto severity = Severity::kOk;
    for (const auto& finding : assessment_.findings) {
      if (finding.source == source.name) severity = std::max(severity, finding.severity);
    }
    return severity;
  }

  void source(const SourceStatus& source) {
    const auto severity = severity_of(source);
    put("<section><h2>{}<b class=\"{}\">{}</b></h2>\n", escaped(source.name), class_of(severity),
        source.hold ? "ON HOLD" : word_of(severity));
    put("<dl>\n");
    facts(source);
    put("</dl>\n");
    for (const auto& alarm : source.alarms) out_ += page::alarm(alarm, source.name);
    if (source.alarm_count > source.alarms.size()) {
      put("<p class=\"note\">and {}</p>\n",
          counted(source.alarm_count - source.alarms.size(), "more alarm", "more alarms"));
    }
    if (source.nights) nights(*source.nights);
    put("</section>\n");
  }

  void facts(const SourceStatus& source) {
    if (!source.configured) {
      fact("left", "It is not in the configuration any more. What it holds is still scrubbed.");
    } else if (!source.enabled) {
      fact("paused", "<code>enabled = no</code>: nothing is asked of the bucket.");
    }
    fact("holds", fmt::format("{}, {}", counted(source.archives, "archive", "archives"),
                              format_size(source.size_bytes)));
    if (source.newest) {
      fact("newest",
           fmt::format("<code>{}</code>, {}, made {}", escaped(printable_name(source.newest->key)),
                       format_size(source.newest->size_bytes),
                       page::ago(at_its_word(source.newest->last_modified), present_.now)));
    }
    fact("last success", page::ago(source.last_success_at, present_.now));
    std::string levels;
    for (const auto& [level, count] : source.verified_by) {
      levels += fmt::format("{}{} by {}", levels.empty() ? "" : ", ", count, escaped(level));
    }
    if (!levels.empty()) fact("verified", levels);
    if (source.archives > 0) fact("oldest read", page::ago(source.oldest_read_at, present_.now));
    if (source.corrupt + source.missing > 0) {
      fact("damaged", fmt::format("{} corrupt, {} missing", source.corrupt, source.missing));
    }
    if (source.superseded + source.quarantined > 0) {
      fact("beside",
           fmt::format("{} superseded, {} in quarantine", source.superseded, source.quarantined));
    }
    if (source.run.vanished > 0) {
      fact("gone upstream", fmt::format("{}, kept here", source.run.vanished));
    }
  }

  void nights(const std::vector<SourceNight>& nights) {
    const auto today = floor<days>(present_.now);
    const auto count = kWholeWeeks * 7 + std::chrono::weekday(today).iso_encoding();
    const auto calendar = calendar_of(nights, today, count);
    put("<div class=\"pair\"><div><h3>Nights</h3>\n{}</div>\n<div>{}</div></div>\n",
        page::calendar(calendar), page::sizes(calendar));
  }

  void drills() {
    const bool any = std::any_of(status_.drills.begin(), status_.drills.end(),
                                 [&](const DrillStatus& drill) { return is_shown(drill); });
    if (!any) return;
    put("<section><h2>Restore drills</h2>\n<dl>\n");
    for (const auto& drill : status_.drills) {
      if (!is_shown(drill)) continue;
      fact(escaped(drill.name), escaped(words_of(drill, present_.now)));
    }
    put("</dl></section>\n");
  }
  bool is_shown(const DrillStatus& drill) const {
    return options_.source.empty() || options_.source == drill.source;
  }

  void problems() {
    if (status_.errors.empty()) return;
    put("<section><h2>Problems of the last run</h2>\n<ul>\n");
    for (const auto& error : status_.errors) {
      put("<li>{}{}{}</li>\n", error.source.empty() ? "" : escaped(error.source) + ": ",
          error.key.empty() ? ""
                            : fmt::format("<code>{}</code>: ", escaped(printable_name(error.key))),
          escaped(error.message));
    }
    put("</ul></section>\n");
  }

  void foot() {
    put("</main>\n<footer>Written by holdfast {}. Times are UTC.</footer>\n<script>{}</script>\n"
        "</body>\n</html>\n",
        HOLDFAST_VERSION, page::kScript);
  }

  const StatusReport& status_;
  const Present& present_;
  const AssessmentOptions& options_;
  const Assessment assessment_;
  std::string out_;
};

}  // namespace

std::string to_page(const StatusReport& status, const Present& present,
                    const AssessmentOptions& options) {
  return Page(status, present, options).run();
}

}  // namespace agent
