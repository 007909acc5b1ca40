#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <string>

#include "agent/base/result.h"

namespace agent {

/// libarchive's functions, as far as they are used, under its own names.
/// https://github.com/libarchive/libarchive/wiki/ManPageArchiveRead3
struct ArchiveLibrary {
  decltype(&::archive_version_string) version_string;
  decltype(&::archive_read_new) read_new;
  decltype(&::archive_read_free) read_free;
  decltype(&::archive_read_support_format_tar) read_support_format_tar;
  decltype(&::archive_read_support_format_cpio) read_support_format_cpio;
  decltype(&::archive_read_support_format_zip_seekable) read_support_format_zip_seekable;
  decltype(&::archive_read_support_format_zip_streamable) read_support_format_zip_streamable;
  decltype(&::archive_read_support_format_7zip) read_support_format_7zip;
  decltype(&::archive_read_set_read_callback) read_set_read_callback;
  decltype(&::archive_read_set_seek_callback) read_set_seek_callback;
  decltype(&::archive_read_set_callback_data) read_set_callback_data;
  decltype(&::archive_read_open1) read_open1;
  decltype(&::archive_read_next_header) read_next_header;
  decltype(&::archive_read_data_block) read_data_block;
  decltype(&::archive_read_has_encrypted_entries) read_has_encrypted_entries;
  decltype(&::archive_filter_bytes) filter_bytes;
  decltype(&::archive_error_string) error_string;
  decltype(&::archive_errno) error_number;
  decltype(&::archive_entry_size) entry_size;
  decltype(&::archive_entry_is_data_encrypted) entry_is_data_encrypted;
};

/// Opens libarchive at the first call, and gives the same at each later one; thread-safe. The error
/// is a sentence. Until then a dynamic program has not loaded it: with all that it is linked with
/// itself it takes 3 MiB, and only the process that walks an archive needs it. In a static program
/// it is there. To be called before the cage is shut, in which no file can be opened.
Result<const ArchiveLibrary*> archive_library();

}  // namespace agent
