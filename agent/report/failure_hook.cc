#include "agent/report/failure_hook.h"

#include <fmt/format.h>

#include <chrono>

#include "agent/base/printable.h"
#include "agent/base/units.h"

namespace agent {
namespace {

constexpr std::chrono::seconds kHookTimeout{60};

const char* name_of(News news) {
  switch (news) {
    case News::kFailure:
      return "failure";
    case News::kReminder:
      return "reminder";
    case News::kOver:
      return "over";
    case News::kNothing:
      break;
  }
  return "nothing";
}

std::string names_in(const Told& told) {
  std::string names;
  for (const auto& [source, state] : told.failing) {
    if (source.empty()) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ",", source);
  }
  return names;
}

}  // namespace

void run_failure_hook(const Environment& environment, const std::string& on_failure,
                      const Told& told, const FailureCall& call) {
  if (on_failure.empty() || call.news == News::kNothing) return;
  const bool over = call.news == News::kOver;
  const auto done = environment.run_command(
      on_failure,
      {{"HOLDFAST_EVENT", name_of(call.news)},
       {"HOLDFAST_EXIT_STATUS", std::to_string(static_cast<int>(call.exit))},
       {"HOLDFAST_STATE", std::string(name_of(call.state))},
       {"HOLDFAST_SOURCES", names_in(told)},
       {"HOLDFAST_SINCE", told.failing_since ? format_time(*told.failing_since) : ""},
       {"HOLDFAST_MESSAGE", over ? std::string("nothing fails any more") : one_line(call.message)},
       {"HOLDFAST_HOST", one_line(environment.host_name)}},
      kHookTimeout);
  if (done) return;
  environment.log.warning(
      {"", "", fmt::format("on_failure: {}; the backup is not affected", done.error())});
}

}  // namespace agent
