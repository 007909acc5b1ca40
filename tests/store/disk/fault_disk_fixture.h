#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/support/catch.h"
#include "tests/support/fault_disk.h"

namespace fault_disk_test {

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::unique_ptr<store::File> open_or_fail(test::FaultDisk& disk, std::string_view path,
                                                 store::OpenMode mode) {
  auto file = disk.open(path, mode);
  REQUIRE(file);
  return *std::move(file);
}

inline void write_file(test::FaultDisk& disk, std::string_view path, std::string_view content) {
  const auto file = open_or_fail(disk, path, store::OpenMode::kCreate);
  REQUIRE(file->write_at(0, bytes_of(content)));
}

inline void cut_and_restart(test::FaultDisk& disk) {
  disk.power_cut();
  disk.restart();
}

inline std::string read_all(store::File& file) {
  std::string content(1 << 16, '\0');
  const auto count = file.read_at(0, std::as_writable_bytes(std::span(content)));
  REQUIRE(count);
  content.resize(*count);
  return content;
}

}  // namespace fault_disk_test
