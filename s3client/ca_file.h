#pragma once

#include <string>

#include "s3client/error.h"

namespace s3 {

/// Whether a private CA can be had from this file: it is there, may be read, and has a certificate
/// in it. kInvalid, with the remedy, where not; libcurl would say so at each request.
Result<void> check_ca_file(const std::string& path);

/// True where the certificates in this file (`ca_file`) are trusted in the place of the system's,
/// all of them: else any CA of the system would do as well.
inline bool replaces_system_cas(const std::string& ca_file) { return !ca_file.empty(); }

}  // namespace s3
