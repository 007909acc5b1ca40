#include <fmt/format.h>

#include "agent/base/printable.h"
#include "agent/commands/commands.h"
#include "agent/commands/doctor.h"
#include "agent/run/sources.h"
#include "store/json.h"

namespace agent {
namespace {

ExitStatus worst_of(const Checks& checks) {
  auto worst = ExitStatus::kOk;
  for (const auto& check : checks) worst = graver(worst, check.status);
  return worst;
}

void print_text(const Checks& checks, const Print& print) {
  for (const auto& check : checks) {
    const auto name =
        check.source.empty() ? check.name : fmt::format("{} {}", check.source, check.name);
    print(fmt::format("{:<5} {:<18} {}", name_of(check.level), name, one_line(check.text)));
  }
}

void print_json(const Checks& checks, const Print& print) {
  using store::Json;
  Json::Array all;
  for (const auto& check : checks) {
    all.emplace_back(Json::Object{{"name", check.name},
                                  {"source", check.source},
                                  {"level", name_of(check.level)},
                                  {"text", check.text}});
  }
  print(Json(Json::Object{{"checks", std::move(all)},
                          {"exit_status", static_cast<int>(worst_of(checks))}})
            .line(Json::Charset::kAscii));
}

}  // namespace

ExitStatus doctor_command(const std::string& config_file, const DoctorOptions& options,
                          const Environment& environment, const DoctorSystem& system,
                          const Print& print) {
  Checks checks;
  const auto config = load_config(config_file, Purpose::kNetwork);
  if (!config) {
    checks.push_back(fail("configuration", ExitStatus::kConfig, config.error().message));
  } else {
    const auto selected = select_sources(*config, options.sources, environment.log);
    if (!selected) return ExitStatus::kUsage;
    checks = diagnose(*config, config_file, *selected, environment, system);
  }
  if (options.json) {
    print_json(checks, print);
  } else {
    print_text(checks, print);
  }
  return worst_of(checks);
}

Checks diagnose(const Config& config, const std::string& config_file,
                const std::vector<const SourceConfig*>& sources, const Environment& environment,
                const DoctorSystem& system) {
  const auto count = config.sources.size();
  Checks checks = {well("configuration",
                        fmt::format("{}: {}", config_file, counted(count, "source", "sources")))};
  const auto add = [&](Checks more) {
    for (auto& check : more) checks.push_back(std::move(check));
  };
  add(check_machine(config, config_file, environment, system));
  add(check_schedule(config, environment, system));
  add(check_sources(sources, environment, system));
  return checks;
}

}  // namespace agent
