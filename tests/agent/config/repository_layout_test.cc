#include "agent/config/repository_layout.h"

#include <string>
#include <utility>

#include "tests/support/catch.h"

namespace {

const std::string kHex(62, 'a');

}  // namespace

TEST_CASE("a repository is known by its layout", "[chains]") {
  const auto [key, tool] = GENERATE(
      std::pair<std::string, std::string>{"r/data/aa/aa" + kHex, "restic"},
      std::pair<std::string, std::string>{"r/snapshots/aa" + kHex, "restic"},
      std::pair<std::string, std::string>{"b/data/0/17", "borg"},
      std::pair<std::string, std::string>{"b/hints.17", "borg"},
      std::pair<std::string, std::string>{"k/kopia.repository.f", "kopia"},
      std::pair<std::string, std::string>{"d/chunks/0f/" + kHex, "duplicacy"},
      std::pair<std::string, std::string>{"duplicity-full.20260101T020000Z.vol1.difftar.gpg",
                                          "duplicity"},
      std::pair<std::string, std::string>{"duplicity-inc.20260101T020000Z.to.20260102T020000Z."
                                          "vol1.difftar.gpg",
                                          "duplicity"},
      std::pair<std::string, std::string>{"duplicati-b0f1.dblock.zip.aes", "duplicati"},
      std::pair<std::string, std::string>{"pg/archive/main/archive.info", "pgbackrest"},
      std::pair<std::string, std::string>{"pg/backup/main/20260101-020000F/backup.manifest",
                                          "pgbackrest"},
      std::pair<std::string, std::string>{"w/wal_005/000000010000000000000001.lz4", "wal-g"},
      std::pair<std::string, std::string>{"main/wals/0000000100000000/000000010000000000000001.gz",
                                          "barman"},
      std::pair<std::string, std::string>{"main/base/20260101T020000/backup.info", "barman"},
      std::pair<std::string, std::string>{"vm/100/2026-01-01T02:00:00Z/drive-scsi0.img.fidx",
                                          "proxmox-backup-server"},
      std::pair<std::string, std::string>{".chunks/0000/aa" + kHex, "proxmox-backup-server"},
      std::pair<std::string, std::string>{"Job/Job2026-01-01T020000.vib", "veeam"},
      std::pair<std::string, std::string>{"nas_1.hbk/Pool/0/17.bucket", "hyper-backup"},
      std::pair<std::string, std::string>{"SQL1/Shop/LOG/Shop_LOG_20260101_021500.trn",
                                          "sql-server"},
      std::pair<std::string, std::string>{"SQL1/Shop/DIFF/Shop_DIFF_20260101_020000.bak",
                                          "sql-server"},
      std::pair<std::string, std::string>{"db/incremental-2026-01-02.xbstream", "increments"},
      std::pair<std::string, std::string>{"Incr/2026-01-02.tar", "increments"});
  CAPTURE(key);
  const auto* const found = agent::chain_tool_of(key);
  REQUIRE(found != nullptr);
  CHECK(found->name == tool);
  CHECK(agent::find_chain_tool(tool) == found);
}

TEST_CASE("plain backups are no repository, whatever they are called", "[chains]") {
  const auto* const key = GENERATE(
      "site-www.example.org-20260101-020000.jpa", "backup_2026-01-01-0200_Site_abcdef123456-db.gz",
      "data/db.sql", "data/2026/db.sql", "config", "index.html", "Job/Job2026-01-01T020000.vbk",
      "vzdump-qemu-100-2026_01_01-02_00_00.vma.zst", "restic/notes.txt", "base/backup.tar",
      "acme-inc-20260101.tar", "SQL1/Shop/FULL/Shop_FULL_20260101_020000.bak",
      "incrementals-guide.pdf");
  CAPTURE(key);
  CHECK(agent::chain_tool_of(key) == nullptr);
}
