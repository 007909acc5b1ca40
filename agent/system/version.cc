#include "agent/system/version.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <nss.h>
#include <sys/types.h>

#include <CLI/Version.hpp>
#include <chrono>
#include <climits>
#include <ctime>
#include <tl/expected.hpp>
#include <tuple>

#include "agent/base/trusted_clock.h"
#ifdef HOLDFAST_WALK
#include "agent/walk/walk_main.h"
#endif
#include "s3client/curl_transport.h"
#include "s3client/xml_reader.h"
#include "store/content/crc.h"
#include "store/content/digest.h"
#include "store/ledger/ledger.h"

namespace agent {
namespace {

static_assert(sizeof(off_t) == 8 && sizeof(std::time_t) == 8,
              "archives outgrow 4 GiB and dates 2038: 64 bits for both, on 32-bit machines too");

#ifdef HOLDFAST_STATIC
constexpr bool kIsStatic = true;
#else
constexpr bool kIsStatic = false;
#endif

std::string built_on() {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(built_at())};
  return fmt::format("{}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

std::string line(std::string_view what, std::string_view version) {
  return fmt::format("\n  {:<15}{}", what, version);
}

std::string number(int major, int minor, int patch) {
  return fmt::format("{}.{}.{}", major, minor, patch);
}

}  // namespace

std::string version_text(bool in_full) {
  std::string text = "holdfast " HOLDFAST_VERSION;
  if (!in_full) return text;
  text += line("built", fmt::format("{} for {}, {} bits", built_on(), HOLDFAST_PROCESSOR,
                                    sizeof(void*) * CHAR_BIT));
  text += line("libraries", kIsStatic ? "static: frozen into this program"
                                      : "shared: this system's, as it updates them");
  text += line("curl", s3::curl_version_text());
  text += line("OpenSSL", store::openssl_version_text());
  text += line("SQLite", store::sqlite_version_text());
  text += line("expat", s3::expat_version_text());
  text += line("zlib", store::zlib_version_text());
#ifdef HOLDFAST_WALK
  for (const auto& [name, version] : walk_libraries()) text += line(name, version);
#else
  text += line("libarchive", "none: `soundness = full` does what `quick` does");
#endif
  text += line("C library", fmt::format("glibc {}", gnu_get_libc_version()));
  text += line("compiled with", HOLDFAST_COMPILER);
  text += line("inih", HOLDFAST_INIH_VERSION);
  text += line("fmt", number(FMT_VERSION / 10'000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  text += line("nlohmann-json", HOLDFAST_JSON_VERSION);
  text += line("CLI11", CLI11_VERSION);
  text += line("tl-expected", number(TL_EXPECTED_VERSION_MAJOR, TL_EXPECTED_VERSION_MINOR,
                                     TL_EXPECTED_VERSION_PATCH));
  return text;
}

void load_nothing_if_static() {
  if (!kIsStatic) return;
  for (const auto* database : {"passwd", "group", "services"}) {
    std::ignore = __nss_configure_lookup(database, "files");
  }
}

}  // namespace agent
