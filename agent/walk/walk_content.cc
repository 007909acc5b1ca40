#include "agent/walk/walk_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "agent/base/byte_order.h"
#include "agent/walk/walk_codecs.h"
#include "agent/walk/walk_container.h"
#include "agent/walk/walk_members.h"
#include "agent/walk/walk_pgdump.h"
#include "agent/walk/walk_sql.h"

namespace agent {
namespace {

bool has_members(ContentForm form) {
  return form == ContentForm::kTar || form == ContentForm::kCpio || form == ContentForm::kZip ||
         form == ContentForm::kSevenZip;
}

bool is_dump(ContentForm form) {
  return form == ContentForm::kPostgresDump || form == ContentForm::kMysqlDump ||
         form == ContentForm::kSqliteDump;
}

// Whose end the look at it finds, or of which the container itself tells.
bool is_walked(ContentForm form) {
  switch (form) {
    case ContentForm::kEmpty:
    case ContentForm::kZeroes:
    case ContentForm::kText:
    case ContentForm::kWebPage:
    case ContentForm::kErrorPage:
    case ContentForm::kJpa:
    case ContentForm::kVma:
    case ContentForm::kUnknown:
      return false;
    default:
      return true;
  }
}

// The last one of several parts has the number of its disk in the end record: APPNOTE.TXT, 4.3.16.
bool is_split_zip(std::string_view tail) {
  const auto end = tail.rfind(std::string_view("PK\5\6", 4));
  if (end == std::string_view::npos) return false;
  const auto disk = little_endian(tail, end + 4, 2);
  return disk != 0 && disk != 0xFFFF;
}

class ContentWalk {
 public:
  ContentWalk(WalkedContent& content, const WalkLimits& limits)
      : content_(content), limits_(limits) {
    const auto size = content.size_bytes();
    const auto most = std::numeric_limits<std::uint64_t>::max();
    const auto by_size = size > most / limits.expansion ? most : size * limits.expansion;
    unpacked_limit_ = std::max(limits.unpacked_bytes, by_size);
  }

  WalkAnswer run() {
    if (auto walked = walk(); !walked) {
      answer_.verdict = walked.error().verdict;
      answer_.cause = walked.error().cause;
      answer_.why = walked.error().why;
      return answer_;
    }
    answer_.verdict = WalkAnswer::Verdict::kSound;
    return answer_;
  }

 private:
  Walked<bool> walk() {
    auto look = look_at_ends();
    if (!look) return look.error();
    answer_.form = look->form;
    answer_.unpacked_bytes = content_.size_bytes();
    if (!is_walked(look->form)) {
      return not_known(
          fmt::format("it is {}, which has no end to be walked to", name_of(look->form)));
    }
    if (look->is_cut) {
      return broken(fmt::format("it is {}, but its end is missing", name_of(look->form)));
    }
    if (auto unpacker = unpack(look->form, content_, memory_for_window())) {
      return walk_packed(*unpacker);
    }
    if (look->form == ContentForm::kZip) {
      const auto is_empty = is_empty_zip();
      if (!is_empty) return is_empty.error();
      if (*is_empty) {
        answer_.members = 0;
        return true;
      }
    }
    if (has_members(look->form)) return walk_archive(look->form, content_, &content_);
    if (is_dump(look->form)) return scan_tables(content_);
    if (look->form == ContentForm::kPostgresArchive) {
      const auto with_data = walk_pgdump(content_);
      if (!with_data) return with_data.error();
      answer_.members = *with_data;
      return true;
    }
    auto proved = walk_container(look->form, content_);
    if (!proved) return proved.error();
    answer_.proved = *proved;
    return true;
  }

  // What the rest of the walk takes is left free.
  std::uint64_t memory_for_window() const { return limits_.memory_bytes / 8 * 7; }

  Walked<ContentLook> look_at_ends() {
    const auto size = content_.size_bytes();
    const auto at_most = [&](std::size_t bytes) {
      return std::string(static_cast<std::size_t>(std::min<std::uint64_t>(size, bytes)), '\0');
    };
    auto head = at_most(ContentEnds::kHeadBytes);
    auto tail = at_most(ContentEnds::kTailBytes);
    if (auto got = content_.read_at(0, head); !got) return got.error();
    if (auto got = content_.read_at(size - tail.size(), tail); !got) return got.error();
    const auto look = look_at({head, tail, size});
    if (look.form == ContentForm::kZip && is_split_zip(tail)) {
      answer_.form = look.form;
      return not_known("it is one of several parts");
    }
    return look;
  }

  Walked<bool> walk_packed(Unpacker& unpacker) {
    Watched inner(unpacker, unpacked_limit_);
    auto walked = walk_inner(inner);
    // What is packed may be broken in itself, while all around it is right.
    auto drained = inner.drain();
    answer_.unpacked_bytes = inner.size_bytes();
    if (!drained) return drained;
    answer_.proved = unpacker.proved();
    if (!walked) {
      answer_.is_inner = walked.error().verdict == WalkAnswer::Verdict::kUnsound;
      return walked;
    }
    // What stands behind the end of an archive, as pixz puts its index there, does no harm.
    const bool has_end = end_of_members_ && *end_of_members_ < inner.size_bytes();
    if (look_at(inner.ends()).is_cut && !has_end) {
      answer_.is_inner = true;
      return broken(fmt::format("what is packed in it is {}, but its end is missing",
                                name_of(answer_.inner)));
    }
    return true;
  }

  Walked<bool> walk_inner(Watched& inner) {
    if (auto begun = inner.begin(); !begun) return begun;
    const auto first = inner.ends();
    answer_.inner = look_at({first.head, first.head, first.head.size()}).form;
    if (has_members(answer_.inner) && answer_.inner != ContentForm::kSevenZip) {
      return walk_archive(answer_.inner, inner, nullptr);
    }
    return is_dump(answer_.inner) ? scan_tables(inner) : true;
  }

  // libarchive looks for the end record behind the first byte only.
  Walked<bool> is_empty_zip() {
    constexpr std::string_view kEndRecord = "PK\5\6";
    std::string head(kEndRecord.size(), '\0');
    if (content_.size_bytes() < head.size()) return false;
    if (auto got = content_.read_at(0, head); !got) return got.error();
    return head == kEndRecord;
  }

  Walked<bool> walk_archive(ContentForm form, ByteSource& bytes, WalkedContent* seekable) {
    const auto members = walk_members(form, bytes, seekable, unpacked_limit_, limits_.memory_bytes);
    if (!members) return members.error();
    answer_.members = members->members;
    end_of_members_ = members->end_bytes;
    answer_.unpacked_bytes = members->size_bytes;
    if (members->proved) answer_.proved = fmt::format("{}'s CRC-32", name_of(form));
    return true;
  }

  Walked<bool> scan_tables(ByteSource& bytes) {
    SqlScan scan;
    while (true) {
      const auto some = bytes.next();
      if (!some) return some.error();
      if (some->empty()) break;
      scan.read(*some);
    }
    answer_.tables = scan.tables();
    return true;
  }

  WalkedContent& content_;
  const WalkLimits& limits_;
  std::uint64_t unpacked_limit_ = 0;
  std::optional<std::uint64_t> end_of_members_;
  WalkAnswer answer_;
};

}  // namespace

WalkAnswer walk_content(WalkedContent& content, const WalkLimits& limits) {
  return ContentWalk(content, limits).run();
}

}  // namespace agent
