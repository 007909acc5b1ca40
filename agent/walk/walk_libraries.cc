#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zstd.h>

#include "agent/walk/walk_cage.h"
#include "agent/walk/walk_main.h"
#include "agent/walk/walk_members.h"

namespace agent {

std::vector<std::pair<std::string, std::string>> walk_libraries() {
  const std::string bzip2 = ::BZ2_bzlibVersion();
  return {{"libarchive", libarchive_version_text()},
          {"libseccomp", libseccomp_version_text()},
          {"zstd", ::ZSTD_versionString()},
          {"liblzma", ::lzma_version_string()},
          {"bzip2", bzip2.substr(0, bzip2.find(','))},
          {"lz4", ::LZ4_versionString()}};
}

}  // namespace agent
