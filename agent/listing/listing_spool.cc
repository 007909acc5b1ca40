#include "agent/listing/listing_spool.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "agent/base/min_free.h"
#include "store/content/staging.h"

namespace agent {
namespace {

// So much of each listing stays in memory.
constexpr std::size_t kMemoryBytes = std::size_t{1} << 20;

void put(std::string& out, std::uint64_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}
void put(std::string& out, std::string_view text) {
  put(out, text.size());
  out.append(text);
}

// Our own bytes of the same run; but disks are known that give others back.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (bytes_.size() < sizeof value) {
      broken_ = true;
      return 0;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(number(), bytes_.size()));
    std::string value(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return value;
  }
  bool is_whole() const { return !broken_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool broken_ = false;
};

// The bindings name every member, so that a new one cannot be forgotten here.
std::string packed(const s3::ListPage& page) {
  const auto& [objects, truncated, next_token, next_version_marker, unclean, odd_entries,
               first_odd] = page;
  std::string out;
  put(out, objects.size());
  for (const auto& object : objects) {
    const auto& [key, etag, size_bytes, last_modified, storage_class, version_id, is_latest,
                 is_delete_marker] = object;
    put(out, key);
    put(out, etag);
    put(out, size_bytes);
    put(out, static_cast<std::uint64_t>(last_modified.time_since_epoch().count()));
    put(out, storage_class);
    put(out, version_id);
    put(out, (is_latest ? 1U : 0U) | (is_delete_marker ? 2U : 0U));
  }
  put(out, truncated ? 1U : 0U);
  put(out, next_token);
  put(out, next_version_marker);
  put(out, unclean);
  put(out, odd_entries);
  put(out, first_odd);
  return out;
}

std::optional<s3::ListPage> unpacked(std::string_view bytes) {
  Reader in(bytes);
  s3::ListPage page;
  page.objects.resize(static_cast<std::size_t>(std::min<std::uint64_t>(in.number(), bytes.size())));
  for (auto& object : page.objects) {
    object.key = in.text();
    object.etag = in.text();
    object.size_bytes = in.number();
    object.last_modified =
        s3::ServerDate(std::chrono::seconds(static_cast<std::int64_t>(in.number())));
    object.storage_class = in.text();
    object.version_id = in.text();
    const auto flags = in.number();
    object.is_latest = (flags & 1U) != 0;
    object.is_delete_marker = (flags & 2U) != 0;
  }
  page.truncated = in.number() != 0;
  page.next_token = in.text();
  page.next_version_marker = in.text();
  page.unclean = in.text();
  page.odd_entries = in.number();
  page.first_odd = in.text();
  if (!in.is_whole()) return std::nullopt;
  return page;
}

}  // namespace

ListingSpool::~ListingSpool() {
  if (!file_) return;
  file_.reset();
  // The next run's sweep finds it else.
  static_cast<void>(place_.staging.remove(place_.path));
}

store::Result<ListingSpool::Added> ListingSpool::flush() {
  const auto space = place_.disk.space();
  if (!space) return space.error();
  const Room room{*space, place_.min_free_bytes};
  if (!room.has_bytes(recent_.size() + kMemoryBytes) || !room.has_files(1)) return Added::kNoRoom;
  if (!file_) {
    auto staged = place_.staging.open(place_.path, 0);
    if (!staged) return staged.error();
    file_ = std::move(staged->file);
  }
  if (auto written = file_->write_at(file_bytes_, std::as_bytes(std::span(recent_))); !written) {
    return written.error();
  }
  file_bytes_ += recent_.size();
  recent_.clear();
  return Added::kYes;
}

store::Result<ListingSpool::Added> ListingSpool::add(const s3::ListPage& page) {
  put(recent_, packed(page));
  return recent_.size() < kMemoryBytes ? Added::kYes : flush();
}

store::Status ListingSpool::replay(const std::function<bool(const s3::ListPage&)>& visit) {
  const auto other_bytes = [&] {
    return store::Error{store::ErrorKind::kIo, 0, place_.path, "other bytes come back"};
  };
  const auto read = [&](std::uint64_t offset, std::span<char> into) -> store::Status {
    const auto got = file_->read_at(offset, std::as_writable_bytes(into));
    if (!got) return got.error();
    if (*got == into.size()) return {};
    return store::Error{store::ErrorKind::kIo, 0, place_.path, "what was written is not there"};
  };
  for (std::uint64_t offset = 0; offset < file_bytes_;) {
    std::uint64_t size = 0;
    if (auto begun = read(offset, {static_cast<char*>(static_cast<void*>(&size)), sizeof size});
        !begun) {
      return begun;
    }
    if (size > file_bytes_ - offset) return other_bytes();
    std::string bytes(static_cast<std::size_t>(size), '\0');
    if (auto whole = read(offset + sizeof size, bytes); !whole) return whole;
    const auto page = unpacked(bytes);
    if (!page) return other_bytes();
    if (!visit(*page)) return {};
    offset += sizeof size + size;
  }
  std::string_view rest = recent_;
  while (!rest.empty()) {
    std::uint64_t size = 0;
    std::memcpy(&size, rest.data(), sizeof size);
    rest.remove_prefix(sizeof size);
    const auto page_bytes = static_cast<std::size_t>(size);
    const auto page = unpacked(rest.substr(0, page_bytes));
    if (!page) return other_bytes();
    if (!visit(*page)) return {};
    rest.remove_prefix(page_bytes);
  }
  return {};
}

}  // namespace agent
