#include "tests/support/journal.h"

#include "store/json.h"

namespace fake_s3 {
namespace {

JournalEntry entry_of(const S3Request& request) {
  JournalEntry entry;
  entry.method = request.http.method;
  entry.bucket = request.bucket;
  entry.key = request.key;
  entry.target = request.http.target;
  entry.listing = request.is_listing();
  entry.range = request.http.value_or_empty("range");
  entry.if_match = request.http.value_or_empty("if-match");
  entry.headers = request.http.headers;
  std::erase_if(entry.headers,
                [](const Header& header) { return header.first == "authorization"; });
  entry.connection = request.http.connection;
  return entry;
}

std::string json_line(const JournalEntry& entry) {
  using store::Json;
  const Json line = Json::Object{
      {"method", entry.method},        {"bucket", entry.bucket},   {"key", entry.key},
      {"target", entry.target},        {"listing", entry.listing}, {"range", entry.range},
      {"if_match", entry.if_match},    {"status", entry.status},   {"bytes", entry.promised_bytes},
      {"connection", entry.connection}};
  return line.line(Json::Charset::kUtf8) + "\n";
}

}  // namespace

bool Journal::write_to(const std::string& path) {
  const std::lock_guard lock(mutex_);
  file_.open(path, std::ios::app);
  return file_.is_open();
}

void Journal::count_connection() {
  const std::lock_guard lock(mutex_);
  ++counters_.connections;
  changed_.notify_all();
}

Journal::EntryId Journal::begin(const S3Request& request) {
  const std::lock_guard lock(mutex_);
  entries_.push_back(entry_of(request));
  const JournalEntry& entry = entries_.back();
  if (entry.listing) {
    ++counters_.listings;
  } else if (entry.method == "GET" && !entry.key.empty()) {
    ++counters_.gets;
  } else if (entry.method == "HEAD") {
    ++counters_.heads;
  } else {
    ++counters_.others;
  }
  changed_.notify_all();
  return first_id_ + entries_.size() - 1;
}

void Journal::answered(EntryId id, int status, std::uint64_t promised_bytes) {
  const std::lock_guard lock(mutex_);
  JournalEntry* entry = find(id);
  if (entry == nullptr) return;
  entry->status = status;
  entry->promised_bytes = promised_bytes;
  if (file_.is_open()) file_ << json_line(*entry) << std::flush;
}

void Journal::sending(EntryId id, std::uint64_t bytes, bool of_object) {
  const std::lock_guard lock(mutex_);
  if (JournalEntry* entry = find(id)) entry->sent_bytes += bytes;
  if (of_object) counters_.object_bytes_sent += bytes;
  changed_.notify_all();
}

std::vector<JournalEntry> Journal::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

Counters Journal::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void Journal::reset() {
  const std::lock_guard lock(mutex_);
  first_id_ += entries_.size();
  entries_.clear();
  counters_ = Counters{};
}

bool Journal::wait_until(const Predicate& predicate, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return predicate(counters_); });
}

JournalEntry* Journal::find(EntryId id) {
  if (id < first_id_ || id - first_id_ >= entries_.size()) return nullptr;
  return &entries_[id - first_id_];
}

}  // namespace fake_s3
