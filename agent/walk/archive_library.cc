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

  Result<const ArchiveLibrary*> library() const {
    if (!error_.empty()) return tl::unexpected(error_);
    return &library_;
  }

 private:
  void find_all() {
    find<&::archive_version_string>("archive_version_string", library_.version_string);
    find<&::archive_read_new>("archive_read_new", library_.read_new);
    find<&::archive_read_free>("archive_read_free", library_.read_free);
    find<&::archive_read_support_format_tar>("archive_read_support_format_tar",
                                             library_.read_support_format_tar);
    find<&::archive_read_support_format_cpio>("archive_read_support_format_cpio",
                                              library_.read_support_format_cpio);
    find<&::archive_read_support_format_zip_seekable>("archive_read_support_format_zip_seekable",
                                                      library_.read_support_format_zip_seekable);
    find<&::archive_read_support_format_zip_streamable>(
        "archive_read_support_format_zip_streamable", library_.read_support_format_zip_streamable);
    find<&::archive_read_support_format_7zip>("archive_read_support_format_7zip",
                                              library_.read_support_format_7zip);
    find<&::archive_read_set_read_callback>("archive_read_set_read_callback",
                                            library_.read_set_read_callback);
    find<&::archive_read_set_seek_callback>("archive_read_set_seek_callback",
                                            library_.read_set_seek_callback);
    find<&::archive_read_set_callback_data>("archive_read_set_callback_data",
                                            library_.read_set_callback_data);
    find<&::archive_read_open1>("archive_read_open1", library_.read_open1);
    find<&::archive_read_next_header>("archive_read_next_header", library_.read_next_header);
    find<&::archive_read_data_block>("archive_read_data_block", library_.read_data_block);
    find<&::archive_read_has_encrypted_entries>("archive_read_has_encrypted_entries",
                                                library_.read_has_encrypted_entries);
    find<&::archive_filter_bytes>("archive_filter_bytes", library_.filter_bytes);
    find<&::archive_error_string>("archive_error_string", library_.error_string);
    find<&::archive_errno>("archive_errno", library_.error_number);
    find<&::archive_entry_size>("archive_entry_size", library_.entry_size);
    find<&::archive_entry_is_data_encrypted>("archive_entry_is_data_encrypted",
                                             library_.entry_is_data_encrypted);
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
  ArchiveLibrary library_{};
  std::string error_;
};

}  // namespace

Result<const ArchiveLibrary*> archive_library() {
  static const Opened opened;
  return opened.library();
}

}  // namespace agent
