#include "store/ledger/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <unordered_map>
#include <utility>

#include "store/content/key_path.h"
#include "store/ledger/database_error.h"
#include "store/ledger/database_vfs.h"

namespace store {

namespace {

// A reader only ever waits for one commit, which may take a slow disk long. The writer waits for
// readers, which hold their lock for milliseconds at a time; but it has hours of downloads to lose.
constexpr int kReaderTimeoutMs = 60'000;
constexpr int kWriterTimeoutMs = 60'000;

// For every connection. The file comes from a disk that may have been anywhere, so its schema is
// not trusted to call functions. mmap is off because an I/O error on a mapped page is a SIGBUS, and
// USB disks do get pulled out. Temporary tables go to a file beside the contents, so that memory
// does not grow with the number of keys.
constexpr const char* kCommonSettings =
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA mmap_size=0;"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA temp_store=FILE;"
    "PRAGMA cache_size=-2048;";

// A rollback journal, not WAL: WAL needs shared memory beside the file, so it could neither be read
// on a read-only mount nor be trusted on every filesystem that USB disks come with. PERSIST ends a
// transaction by overwriting and syncing the journal's header in place: durable with synchronous=
// FULL, while DELETE would need a directory sync for each commit (EXTRA), which FAT cannot promise,
// and TRUNCATE frees and allocates blocks each time. The limit keeps one huge plan from leaving its
// journal behind.
//
// Locking stays NORMAL: our own lock file keeps a second writer away, and `status` and `list` must
// be able to read between the transactions of a pull.
constexpr const char* kReadWriteSettings =
    "PRAGMA locking_mode=NORMAL;"
    "PRAGMA journal_mode=PERSIST;"
    "PRAGMA journal_size_limit=4194304;"
    "PRAGMA synchronous=FULL;";

constexpr const char* kScratchSettings =
    "PRAGMA journal_mode=MEMORY;"
    "PRAGMA synchronous=FULL;";

constexpr const char* kTemporaryInMemory = "PRAGMA temp_store=MEMORY;";

// Debian's SQLite overwrites with zeros what is deleted, and so writes each page of a temporary
// table once more to drop it. The ledger holds no secret. The temporary one is named for itself,
// because it is opened only by its first use, or by its name.
constexpr const char* kFreePagesAsTheyAre =
    "PRAGMA secure_delete=OFF;"
    "PRAGMA temp.secure_delete=OFF;";

// Reads the file's header and schema, which finds a hot journal and gross damage.
constexpr const char* kProbe = "SELECT count(*) FROM sqlite_schema";

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace

// ---- connection ---------------------------------------------------------------------------------

struct Query::Home {
  sqlite3* handle = nullptr;
  Disk* disk = nullptr;
  std::string path;
  std::string bounded_directory;  // of temporary files; empty: they are not bounded
  std::unordered_map<std::string, std::vector<sqlite3_stmt*>, Hash, std::equal_to<>> idle;

  Home() = default;
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() {
    if (!bounded_directory.empty()) bound_temporary_files(bounded_directory, {});
    for (const auto& [sql, statements] : idle) {
      for (sqlite3_stmt* const statement : statements) sqlite3_finalize(statement);
    }
    sqlite3_close_v2(handle);
  }

  Error error(int code) const {
    if ((code & 0xff) == SQLITE_CANTOPEN && has_no_files_left()) {
      return {ErrorKind::kNoSpace, ENOSPC, std::string(kStagingDirectory),
              "what the ledger sorts for a moment needs a file, and the disk has room for no more "
              "of them"};
    }
    const bool kept_free = (code & 0xff) == SQLITE_FULL && !bounded_directory.empty() &&
                           had_no_room(bounded_directory);
    if (!kept_free) return database_error(handle, code, path);
    return {ErrorKind::kKeptFree, 0, std::string(kStagingDirectory),
            "what the ledger sorts for a moment lies on the mirror's disk, and would leave less "
            "than half of \"min_free\" of it"};
  }

  // SQLite tries once more without making the file, and so forgets why it could not.
  bool has_no_files_left() const {
    if (disk == nullptr) return false;
    const auto space = disk->space();
    return space && space->total_files > 0 && space->free_files == 0;
  }

  // Whatever it is that writes: to make a ledger anew sorts as well as a plan does.
  void keep_free() {
    const auto kept_bytes = disk->kept_free_bytes();
    if (!kept_bytes || disk->database_vfs() != nullptr) return;
    bounded_directory = disk->database_path(kStagingDirectory);
    bound_temporary_files(bounded_directory, [on = disk, kept = *kept_bytes](std::uint64_t more) {
      const auto space = on->space();
      // Some drivers cannot tell; and what is wrong with the disk is seen by what is written.
      return !space || space->total_bytes == 0 || space->free_bytes >= kept + more;
    });
  }

  int execute(const char* sql) const {
    return sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  }
};

namespace {

// A symbolic link, a pipe or a device in the place of one of its files is nobody's ledger.
Status require_plain_files(Disk& disk, std::string_view path) {
  for (const std::string_view suffix : {"", "-journal", "-wal", "-shm"}) {
    const auto name = fmt::format("{}{}", path, suffix);
    const auto info = disk.stat(name);
    if (!info) return info.error();
    if (!*info || (*info)->kind == FileKind::kFile) continue;
    return Error{ErrorKind::kCorrupt, 0, name,
                 fmt::format("{} is not a plain file; find out who put it there, move it away, and "
                             "run 'holdfast rebuild'",
                             name)};
  }
  return {};
}

int flags_of(DatabaseMode mode) {
  const int access = mode == DatabaseMode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  return access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE |
         SQLITE_OPEN_NOFOLLOW;
}

int open_handle(const Disk& disk, std::string_view path, DatabaseMode mode, sqlite3** handle) {
  const char* vfs = disk.database_vfs();
  if (vfs == nullptr) vfs = verbatim_vfs(disk.database_path(kStagingDirectory));
  const int code = sqlite3_open_v2(disk.database_path(path).c_str(), handle, flags_of(mode), vfs);
  if (code != SQLITE_OK) return code;
  sqlite3_busy_timeout(*handle,
                       mode == DatabaseMode::kReadOnly ? kReaderTimeoutMs : kWriterTimeoutMs);
  // We have neither, so whoever put one there is not our friend.
  sqlite3_db_config(*handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(*handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(*handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return SQLITE_OK;
}

// Where what SQLite sorts goes is on the disk itself. On one that is read-only it stays in memory,
// which only a `prune --dry-run` of very many keys would fill.
Result<bool> has_temporary_files(Disk& disk, DatabaseMode mode) {
  if (disk.database_vfs() != nullptr) return true;
  if (mode == DatabaseMode::kReadOnly) return can_write_to(disk.database_path(kStagingDirectory));
  if (auto made = disk.make_directory(kStagingDirectory); !made) return made.error();
  return true;
}

// A run that was cut off leaves its journal, and who may only read cannot roll it back. Where we
// may write after all, SQLite does it, under its own locks, and creates no file for it.
bool roll_back_interrupted(const Disk& disk, std::string_view path) {
  sqlite3* handle = nullptr;
  int code = open_handle(disk, path, DatabaseMode::kReadWrite, &handle);
  if (code == SQLITE_OK) code = sqlite3_exec(handle, kProbe, nullptr, nullptr, nullptr);
  sqlite3_close_v2(handle);
  return code == SQLITE_OK;
}

}  // namespace

Result<Database> Database::open(Disk& disk, std::string_view path, DatabaseMode mode) {
  const Result<std::optional<FileInfo>> info = disk.stat(path);
  if (!info) return info.error();
  const std::string name(path);
  if (!info->has_value()) {
    return Error{ErrorKind::kNotFound, 0, name,
                 "the disk has no ledger; 'holdfast rebuild' makes one from what the disk holds"};
  }
  if (auto plain = require_plain_files(disk, path); !plain) return plain.error();
  auto home = std::make_unique<Query::Home>();
  home->path = name;
  home->disk = &disk;
  int code = open_handle(disk, path, mode, &home->handle);
  if (code != SQLITE_OK) return home->error(code);
  if (mode != DatabaseMode::kReadOnly && sqlite3_db_readonly(home->handle, "main") == 1) {
    return Error{ErrorKind::kReadOnly, 0, name, "the ledger cannot be written to here"};
  }

  if (mode != DatabaseMode::kReadOnly) home->keep_free();
  const auto has_files = has_temporary_files(disk, mode);
  if (!has_files) return has_files.error();
  code = home->execute(kCommonSettings);
  if (code == SQLITE_OK && !*has_files) code = home->execute(kTemporaryInMemory);
  if (code == SQLITE_OK) code = home->execute(kFreePagesAsTheyAre);
  if (code == SQLITE_OK && mode == DatabaseMode::kReadWrite) {
    code = home->execute(kReadWriteSettings);
  }
  if (code == SQLITE_OK && mode == DatabaseMode::kScratch) code = home->execute(kScratchSettings);
  if (code == SQLITE_OK) code = home->execute(kProbe);
  if (code == SQLITE_READONLY_ROLLBACK) {
    if (!roll_back_interrupted(disk, path)) {
      return Error{ErrorKind::kReadOnly, 0, name,
                   "a run was cut off while it wrote to the ledger, and this disk "
                   "is read-only: mount it writable once, so that the unfinished "
                   "transaction can be taken back"};
    }
    code = home->execute(kProbe);
  }
  if (code != SQLITE_OK) return home->error(code);
  return Database(std::move(home));
}

Database::Database(std::unique_ptr<Query::Home> home) : home_(std::move(home)) {}
Database::~Database() = default;
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;

Result<Query> Database::query(std::string_view sql) {
  auto found = home_->idle.find(sql);
  if (found == home_->idle.end()) found = home_->idle.try_emplace(std::string(sql)).first;
  std::vector<sqlite3_stmt*>& idle = found->second;
  if (!idle.empty()) {
    sqlite3_stmt* const statement = idle.back();
    idle.pop_back();
    return Query(*home_, idle, statement);
  }
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(home_->handle, found->first.c_str(), static_cast<int>(sql.size() + 1),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return home_->error(code);
  return Query(*home_, idle, statement);
}

Status Database::run_script(const std::string& sql) {
  const int code = home_->execute(sql.c_str());
  if (code != SQLITE_OK) return home_->error(code);
  return {};
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(home_->handle) == 0; }

const std::string& Database::path() const { return home_->path; }

Result<std::uint64_t> Database::finish(Query& statement) {
  while (true) {
    const Result<bool> row = statement.step();
    if (!row) return row.error();
    if (!*row) return static_cast<std::uint64_t>(sqlite3_changes64(home_->handle));
  }
}

Result<std::int64_t> Database::first_integer(Query& statement) {
  const Result<bool> row = statement.step();
  if (!row) return row.error();
  return *row ? statement.integer(0) : 0;
}

// ---- statements ---------------------------------------------------------------------------------

Query::Query(Home& home, std::vector<sqlite3_stmt*>& idle, sqlite3_stmt* statement)
    : home_(&home), idle_(&idle), statement_(statement) {}

Query::Query(Query&& other) noexcept
    : home_(other.home_),
      idle_(other.idle_),
      statement_(std::exchange(other.statement_, nullptr)),
      bind_code_(other.bind_code_) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  idle_->push_back(statement_);
}

Result<bool> Query::step() {
  if (bind_code_ != SQLITE_OK) return home_->error(bind_code_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return home_->error(code);
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::bytes(int column) const {
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Query::bind_one(int index, std::int64_t value) {
  note(sqlite3_bind_int64(statement_, index, value));
}

void Query::bind_one(int index, std::string_view text) {
  // An empty view may have no address, and SQLite would take that for NULL.
  const char* const data = text.empty() ? "" : text.data();
  note(sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::bind_one(int index, Bytes blob) {
  const char* const data = blob.bytes.empty() ? "" : blob.bytes.data();
  note(sqlite3_bind_blob64(statement_, index, data, blob.bytes.size(), SQLITE_TRANSIENT));
}

void Query::note(int code) {
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

// ---- transactions -------------------------------------------------------------------------------

Result<Transaction> Transaction::begin(Database& database) {
  const bool nested = database.in_transaction();
  const Result<std::uint64_t> begun = database.run(nested ? "SAVEPOINT part" : "BEGIN");
  if (!begun) return begun.error();
  return Transaction(database, nested);
}

Transaction::Transaction(Database& database, bool nested) : database_(&database), nested_(nested) {}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), nested_(other.nested_) {}

Transaction::~Transaction() { roll_back(); }

Status Transaction::commit() {
  const Result<std::uint64_t> done = database_->run(nested_ ? "RELEASE part" : "COMMIT");
  if (!done) {
    roll_back();
    return done.error();
  }
  database_ = nullptr;
  return {};
}

void Transaction::roll_back() {
  // After some errors (disk full, I/O) SQLite has rolled back on its own. A rollback that fails
  // leaves the journal, and whoever reads the file next rolls back with it.
  if (database_ != nullptr && database_->in_transaction()) {
    if (nested_) {
      static_cast<void>(database_->run("ROLLBACK TO part"));
      static_cast<void>(database_->run("RELEASE part"));
    } else {
      static_cast<void>(database_->run("ROLLBACK"));
    }
  }
  database_ = nullptr;
}

std::string sqlite_version_text() { return sqlite3_libversion(); }

}  // namespace store
