#include "agent/walk/archive_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace agent {
namespace {

// The name of its interface, not of a version: Debian 12 and 13 have the same.
constexpr const char* kName = "libarchive.so.13";

#ifdef HOLDFAST_STATIC
constexpr bool kIsStatic = true;
#else
constexpr bool kIsStatic = false;
#endif

class Opened {
 public:
  Opened() {
    if constexpr (!kIsStatic) {
      handle_ = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL);
      if (handle_ == nullptr) fail();
    }
    if (error_.empty()) find_all();
  }

  Result<const ArchiveLibrary*> functions() const {
    if (!error_.empty()) return tl::unexpected(error_);
    return &functions_;
  }

 private:
  void find_all() {
    find<&::archive_version_string>("archive_version_string", functions_.version_string);
    find<&::archive_read_new>("archive_read_new", functions_.read_new);
    find<&::archive_read_free>("archive_read_free", functions_.read_free);
    find<&::archive_read_support_format_tar>("archive_read_support_format_tar",
                                             functions_.read_support_format_tar);
    find<&::archive_read_support_format_cpio>("archive_read_support_format_cpio",
                                              functions_.read_support_format_cpio);
    find<&::archive_read_support_format_zip_seekable>("archive_read_support_format_zip_seekable",
                                                      functions_.read_support_format_zip_seekable);
    find<&::archive_read_support_format_zip_streamable>(
        "archive_read_support_format_zip_streamable",
        functions_.read_support_format_zip_streamable);
    find<&::archive_read_support_format_7zip>("archive_read_support_format_7zip",
                                              functions_.read_support_format_7zip);
    find<&::archive_read_set_read_callback>("archive_read_set_read_callback",
                                            functions_.read_set_read_callback);
    find<&::archive_read_set_seek_callback>("archive_read_set_seek_callback",
                                            functions_.read_set_seek_callback);
    find<&::archive_read_set_callback_data>("archive_read_set_callback_data",
                                            functions_.read_set_callback_data);
    find<&::archive_read_open1>("archive_read_open1", functions_.read_open1);
    find<&::archive_read_next_header>("archive_read_next_header", functions_.read_next_header);
    find<&::archive_read_data_block>("archive_read_data_block", functions_.read_data_block);
    find<&::archive_read_has_encrypted_entries>("archive_read_has_encrypted_entries",
                                                functions_.read_has_encrypted_entries);
    find<&::archive_filter_bytes>("archive_filter_bytes", functions_.filter_bytes);
    find<&::archive_error_string>("archive_error_string", functions_.error_string);
    find<&::archive_errno>("archive_errno", functions_.error_number);
    find<&::archive_entry_size>("archive_entry_size", functions_.entry_size);
    find<&::archive_entry_is_data_encrypted>("archive_entry_is_data_encrypted",
                                             functions_.entry_is_data_encrypted);
  }

  // Named as a constant alone it is not linked.
  template <auto kFunction>
  void find(const char* name, decltype(kFunction)& to) {
    if constexpr (kIsStatic) {
      to = kFunction;
    } else {
      to = reinterpret_cast<decltype(kFunction)>(::dlsym(handle_, name));
      if (to == nullptr) fail();
    }
  }

  void fail() {
    const char* const why = ::dlerror();
    error_ = fmt::format("{} cannot be opened: {}; install libarchive13 again", kName,
                         why == nullptr ? "it lacks a function" : why);
  }

  void* handle_ = nullptr;
  ArchiveLibrary functions_{};
  std::string error_;
};

}  // namespace

Result<const ArchiveLibrary*> archive_library() {
  static const Opened opened;
  return opened.functions();
}

}  // namespace agent
