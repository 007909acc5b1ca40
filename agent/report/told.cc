#include "agent/report/told.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/json.h"

namespace agent {
namespace {

using store::Json;

Json time_json(const std::optional<Time>& time) {
  return time ? Json(format_time(*time)) : Json(nullptr);
}

std::optional<Time> time_of(const Json* json) {
  const auto* text = json == nullptr ? nullptr : json->text();
  return text == nullptr ? std::nullopt : parse_time(*text);
}

}  // namespace

std::string to_json(const Told& told) {
  Json::Object failing;
  for (const auto& [source, state] : told.failing) failing.emplace_back(source, name_of(state));
  Json::Object reminded;
  for (const auto& [source, time] : told.reminded) {
    reminded.emplace_back(source, format_time(time));
  }
  const Json json = Json::Object{{"failing", std::move(failing)},
                                 {"failing_since", time_json(told.failing_since)},
                                 {"told_at", time_json(told.told_at)},
                                 {"reminded", std::move(reminded)},
                                 {"ping_failed", told.ping_failed}};
  return json.lines(Json::Charset::kAscii) + "\n";
}

Told told_from_json(std::string_view text) {
  Told told;
  const auto json = Json::parse(text);
  if (!json) return told;
  if (const auto* failing = json->find("failing"); failing != nullptr && failing->object()) {
    for (const auto& [source, state] : *failing->object()) {
      if (state.text() != nullptr) told.failing[source] = run_state_of(*state.text());
    }
  }
  told.failing_since = time_of(json->find("failing_since"));
  told.told_at = time_of(json->find("told_at"));
  if (const auto* reminded = json->find("reminded"); reminded != nullptr && reminded->object()) {
    for (const auto& [source, time] : *reminded->object()) {
      if (const auto parsed = time_of(&time)) told.reminded[source] = *parsed;
    }
  }
  const auto* failed = json->find("ping_failed");
  told.ping_failed = failed != nullptr && failed->truth() != nullptr && *failed->truth();
  return told;
}

}  // namespace agent
