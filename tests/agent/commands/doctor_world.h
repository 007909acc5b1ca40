#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/commands/doctor.h"
#include "tests/agent/pull/pull_world.h"

namespace doctor_test {

/// A machine on which all is well, as the doctor sees it.
struct Machine {
  agent::DoctorSystem system() {
    agent::DoctorSystem made;
    made.user = user;
    made.service_user = service_user;
    made.user_name = [](unsigned number) {
      return number == 0 ? std::string("root") : "user" + std::to_string(number);
    };
    made.file = [this](const std::string& path) -> std::optional<agent::DoctorSystem::File> {
      const auto found = files.find(path);
      if (found == files.end()) return std::nullopt;
      return found->second;
    };
    made.names_in = [this](const std::string& directory) {
      std::vector<std::string> names;
      for (const auto& [path, text] : texts) {
        if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
      }
      return names;
    };
    made.text_of = [this](const std::string& path) -> std::optional<std::string> {
      const auto found = texts.find(path);
      if (found == texts.end()) return std::nullopt;
      return found->second;
    };
    made.device = [this](const std::string&) { return device; };
    made.probe = [this](const std::string& url, const std::string&) {
      probed.push_back(url);
      return way;
    };
    return made;
  }

  unsigned user = 0;
  std::optional<unsigned> service_user = 990;
  std::map<std::string, agent::DoctorSystem::File> files = {{"/disk/.holdfast", {0750, 0}},
                                                            {"/usr/sbin/sendmail", {0755, 0}}};
  std::map<std::string, std::string> texts = {
      {"/etc/cron.d/holdfast", "17 * * * * holdfast holdfast pull\n"}};
  std::string device = "sda1";
  s3::EndpointReport way = [] {
    s3::EndpointReport report;
    report.address = "127.0.0.1";
    return report;
  }();
  std::vector<std::string> probed;
};

struct DoctorWorld : pull_test::World {
  /// All checks, of the configuration as it is in memory.
  agent::Checks doctor() {
    agent::Checks checks;
    command([&](const agent::Environment& environment, const agent::Print&) {
      std::vector<const agent::SourceConfig*> sources;
      for (const auto& source : config.sources) sources.push_back(&source);
      auto outside = environment;
      if (make_transport) outside.make_transport = make_transport;
      if (is_mount_point) outside.is_mount_point = is_mount_point;
      checks = agent::diagnose(config, "/etc/holdfast/holdfast.conf", sources, outside,
                               machine.system());
      return agent::ExitStatus::kOk;
    });
    return checks;
  }
  /// As pull(), with what is outside of the world as it is here.
  agent::ExitStatus pull_here() {
    return command([&](const agent::Environment& environment, const agent::Print& print) {
      auto outside = environment;
      if (make_transport) outside.make_transport = make_transport;
      if (is_mount_point) outside.is_mount_point = is_mount_point;
      return agent::pull(config, {}, outside, print);
    });
  }

  Machine machine;
  std::function<std::unique_ptr<s3::Transport>(const s3::TransportOptions&)> make_transport;
  std::function<store::Result<bool>(const std::string&)> is_mount_point;
};

inline const agent::Check* find(const agent::Checks& checks, std::string_view name) {
  for (const auto& check : checks) {
    if (check.name == name) return &check;
  }
  return nullptr;
}

}  // namespace doctor_test
