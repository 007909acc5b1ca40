#include "store/ledger/ledger.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "store/ledger/ledger_impl.h"
#include "store/ledger/ledger_writer.h"
#include "store/ledger/schema.h"

namespace store {

namespace {

constexpr std::string_view kUnfinishedPath = ".holdfast/ledger.db.new";

// Looked at before SQLite is let near it, which would bring its journal mode into line.
Status refuse_foreign(Disk& disk, std::string_view path) {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kHeaderBytes = 100;
  constexpr std::size_t kIdAt = 68;
  const auto info = disk.stat(path);
  if (!info) return info.error();
  if (!*info || (*info)->kind != FileKind::kFile) return {};  // which opening it tells
  const auto file = disk.open(path, OpenMode::kRead);
  if (!file) return file.error();
  std::array<std::byte, kHeaderBytes> header{};
  const auto got = (*file)->read_at(0, header);
  if (!got) return got.error();
  const std::string_view text(reinterpret_cast<const char*>(header.data()), *got);
  if (text.size() < kHeaderBytes || !text.starts_with(kMagic)) return {};
  std::int64_t id = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    id = id << 8 | std::to_integer<std::int64_t>(header[kIdAt + i]);
  }
  if (id == kApplicationId) return {};
  return Error{
      ErrorKind::kCorrupt, 0, std::string(path),
      "this file is not a holdfast ledger; 'holdfast rebuild' makes one from what the disk "
      "holds"};
}

Status make_empty_ledger(Disk& disk) {
  const Result<std::unique_ptr<File>> file = disk.open(kUnfinishedPath, OpenMode::kCreateNew);
  if (!file) return file.error();
  Result<Database> database = Database::open(disk, kUnfinishedPath, DatabaseMode::kScratch);
  if (!database) return database.error();
  return create_schema(*database);
}

}  // namespace

// ---- opening ------------------------------------------------------------------------------------

Result<Ledger> Ledger::open(Disk& disk, Access access, std::string_view path) {
  const bool may_write = access == Access::kReadWrite;
  if (auto ours = refuse_foreign(disk, path); !ours) return ours.error();
  Result<Database> database =
      Database::open(disk, path, may_write ? DatabaseMode::kReadWrite : DatabaseMode::kReadOnly);
  if (!database) return database.error();
  const Status current = update_schema(*database, migrations(), may_write);
  if (!current) return current.error();
  return Ledger(std::make_unique<OpenLedger>(*std::move(database)));
}

Status Ledger::create(Disk& disk, std::string_view path) {
  Status done = disk.make_directory(kStateDirectory);
  if (!done) return done;
  done = disk.sync_directory("");
  if (!done) return done;
  const Result<std::optional<FileInfo>> existing = disk.stat(path);
  if (!existing) return existing.error();
  // Whoever made it may have been cut off before its name was durable.
  if (existing->has_value()) return disk.sync_directory(kStateDirectory);

  done = disk.remove_file(kUnfinishedPath);
  if (!done) return done;
  // The journal of a ledger that is gone would be played into the new one. That it is gone must be
  // durable before there is a new one.
  done = disk.remove_file(fmt::format("{}-journal", path));
  if (!done) return done;
  done = disk.sync_directory(kStateDirectory);
  if (!done) return done;

  done = make_empty_ledger(disk);
  if (!done) return done;
  done = disk.rename_no_replace(kUnfinishedPath, path);
  if (!done) return done;
  return disk.sync_directory(kStateDirectory);
}

Result<std::optional<std::string>> Ledger::check() {
  auto answer = impl_->database.select("PRAGMA quick_check(1)").one([](const Query& row) {
    return std::string(row.bytes(0));
  });
  if (!answer) return answer.error();
  if (!*answer) return "no answer";
  if (**answer == "ok") return std::nullopt;
  return answer;
}

Ledger::Ledger(std::unique_ptr<OpenLedger> impl)
    : PlanView(impl.get()),
      RefusalView(impl.get()),
      ClockView(impl.get()),
      AlarmView(impl.get()),
      HoldingView(impl.get()),
      ReadingView(impl.get()),
      ReviewView(impl.get()),
      ExpectationView(impl.get()),
      FormView(impl.get()),
      WalkView(impl.get()),
      EndpointView(impl.get()),
      CarriedView(impl.get()),
      DrillView(impl.get()),
      impl_(std::move(impl)) {}
Ledger::~Ledger() = default;
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;

LedgerWriter::LedgerWriter(Ledger& ledger) : impl_(ledger.impl_.get()) {}

// ---- sources ------------------------------------------------------------------------------------

Result<SourceId> Ledger::register_source(std::string_view name) {
  const Result<std::optional<SourceId>> known = find_source(name);
  if (!known) return known.error();
  if (known->has_value()) return **known;
  // The insertion is only committed when the statement has run to its end, which each() sees to.
  SourceId id = 0;
  const Status inserted =
      impl_->database.select("INSERT INTO source (name) VALUES (?1) RETURNING source_id", name)
          .each([&](const Query& row) { id = row.integer(0); });
  if (!inserted) return inserted.error();
  return id;
}

Result<std::optional<SourceId>> Ledger::find_source(std::string_view name) {
  return impl_->database.select("SELECT source_id FROM source WHERE name=?1", name)
      .one([](const Query& row) { return row.integer(0); });
}

Result<std::string> Ledger::source_name(SourceId source) {
  const auto name = impl_->database.select("SELECT name FROM source WHERE source_id=?1", source)
                        .one([](const Query& row) { return std::string(row.bytes(0)); });
  if (!name) return name.error();
  return name->value_or("");
}

Status Ledger::at_once(const std::function<Status()>& work) {
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return transaction.error();
  if (Status done = work(); !done) return done;
  return transaction->commit();
}

Result<std::vector<std::pair<SourceId, std::string>>> Ledger::sources() {
  return impl_->database.select("SELECT source_id, name FROM source ORDER BY source_id")
      .all([](const Query& row) {
        return std::pair<SourceId, std::string>(row.integer(0), std::string(row.bytes(1)));
      });
}

}  // namespace store
