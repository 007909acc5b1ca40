#include "agent/config/series_auto.h"

#include <string>
#include <string_view>

#include "agent/config/backup_set.h"
#include "tests/support/catch.h"

// How names become streams and sets.

namespace {

struct Case {
  std::string key;
  std::string stream;
  std::string set;
};

void check(const Case& given) {
  CAPTURE(given.key);
  const auto name = agent::backup_name(given.key);
  CHECK(name.stream == given.stream);
  CHECK(given.key.substr(0, name.set_bytes) == given.set);
  CHECK(agent::set_of(given.key) == given.set);
}

}  // namespace

TEST_CASE("what is a time in a name is told from what is none", "[names]") {
  const auto given = GENERATE(
      // Every common spelling of a date, and the time of day beside it.
      Case{"db-20260131.sql", "db-{YYYYMMDD}.sql", "db-20260131"},
      Case{"db-2026-01-31.sql", "db-{YYYY-MM-DD}.sql", "db-2026-01-31"},
      Case{"db_2026_01_31.sql", "db_{YYYY_MM_DD}.sql", "db_2026_01_31"},
      Case{"db.2026.01.31.sql", "db.{YYYY.MM.DD}.sql", "db.2026.01.31"},
      Case{"db/2026/01/31/x.sql", "db/{YYYY/MM/DD}/x.sql", "db/2026/01/31"},
      Case{"y/year=2026/month=1/day=31/x", "y/{year/month/day}/x", "y/year=2026/month=1/day=31"},
      Case{"db-31-Jan-2026.sql", "db-{DD-Mon-YYYY}.sql", "db-31-Jan-2026"},
      Case{"db-1-january-2026.sql", "db-{DD-Mon-YYYY}.sql", "db-1-january-2026"},
      Case{"db-31Jan2026.sql", "db-{DDMonYYYY}.sql", "db-31Jan2026"},
      Case{"db-Jan-31-2026.sql", "db-{Mon-DD-YYYY}.sql", "db-Jan-31-2026"},
      Case{"db-31.01.2026.sql", "db-{DD.MM.YYYY}.sql", "db-31.01.2026"},
      Case{"db-01-31-2026.sql", "db-{DD-MM-YYYY}.sql", "db-01-31-2026"},
      Case{"db-2026-W05.sql", "db-{YYYY-Www}.sql", "db-2026-W05"},
      Case{"Mon-20260105.sql", "{ddd-YYYYMMDD}.sql", "Mon-20260105"},
      Case{"db-20260105-Monday.sql", "db-{YYYYMMDD-ddd}.sql", "db-20260105-Monday"},
      Case{"db-20260131-020000.sql", "db-{YYYYMMDD-hhmmss}.sql", "db-20260131-020000"},
      Case{"db-20260131T020000Z.sql", "db-{YYYYMMDDThhmmssZ}.sql", "db-20260131T020000Z"},
      Case{"db-2026-01-31T02:00:00+01:00", "db-{YYYY-MM-DDThh:mm:ssZ}",
           "db-2026-01-31T02:00:00+01:00"},
      Case{"db-202601310200.sql", "db-{YYYYMMDDhhmm}.sql", "db-202601310200"},
      Case{"db-20260131020000.sql", "db-{YYYYMMDDhhmmss}.sql", "db-20260131020000"},
      Case{"vzdump-qemu-100-2026_01_31-02_00_00.vma", "vzdump-qemu-100-{YYYY_MM_DD-hh_mm_ss}.vma",
           "vzdump-qemu-100-2026_01_31-02_00_00"},
      Case{"db_2026-01-31_02h00.sql", "db_{YYYY-MM-DD_hhhmm}.sql", "db_2026-01-31_02h00"},
      Case{"db-2026-01-31-02-00.sql", "db-{YYYY-MM-DD-hh-mm}.sql", "db-2026-01-31-02-00"},
      Case{"db-1769824800.sql", "db-{epoch}.sql", "db-1769824800"},
      Case{"db-1769824800123.sql", "db-{epoch-ms}.sql", "db-1769824800123"},
      // Parts, machines, addresses, versions and hashes stay.
      Case{"site-20260131-0001.zip", "site-{YYYYMMDD}-0001.zip", "site-20260131"},
      Case{"site-20260131-02.zip", "site-{YYYYMMDD}-02.zip", "site-20260131"},
      Case{"site-20260131-020000.001", "site-{YYYYMMDD-hhmmss}.001", "site-20260131-020000"},
      Case{"site-20260131-part3of4.zip", "site-{YYYYMMDD}-part3of4.zip", "site-20260131"},
      Case{"20260131/0100.zip", "{YYYYMMDD}/0100.zip", "20260131"},
      Case{"web1-20260131.tar", "web1-{YYYYMMDD}.tar", "web1-20260131"},
      Case{"20260131-10.0.0.11.tar", "{YYYYMMDD}-10.0.0.11.tar", "20260131"},
      Case{"a-1234567890.tar", "a-1234567890.tar", "a-1234567890.tar"},
      Case{"a-20260231.tar", "a-20260231.tar", "a-20260231.tar"},
      Case{"a-19991231.tar", "a-19991231.tar", "a-19991231.tar"},
      Case{"v2026.1.3/a.tar", "v2026.1.3/a.tar", "v2026.1.3/a.tar"},
      Case{"20260101-e29b-41d4-a716-446655440000.tar", "20260101-e29b-41d4-a716-446655440000.tar",
           "20260101-e29b-41d4-a716-446655440000.tar"},
      Case{"550e8400-e29b-41d4-a716-202601310200.tar", "550e8400-e29b-41d4-a716-202601310200.tar",
           "550e8400-e29b-41d4-a716-202601310200.tar"},
      Case{"deadbeef20260131cafe.bin", "deadbeef20260131cafe.bin", "deadbeef20260131cafe.bin"},
      Case{"latest.tar", "latest.tar", "latest.tar"}, Case{"", "", ""},
      // No key is mistaken for the name of a stream.
      Case{"a-{YYYYMMDD}.tar", "a-{{YYYYMMDD}.tar", "a-{YYYYMMDD}.tar"});
  check(given);
}

TEST_CASE("what belongs to one backup is one set, and a stream is one of its parts", "[names]") {
  const auto given = GENERATE(
      Case{"site-www.example.org-20260101-020000.jpa", "site-www.example.org-{YYYYMMDD-hhmmss}.jpa",
           "site-www.example.org-20260101-020000"},
      Case{"site-www.example.org-20260101-020000.j01", "site-www.example.org-{YYYYMMDD-hhmmss}.j01",
           "site-www.example.org-20260101-020000"},
      // The random tokens of programs that are known to write them.
      Case{"site-a-20260101-020000utc-x7Gh2kLm9Qw3Er5T.j01", "site-a-{YYYYMMDD-hhmmssZ}-{*}.j01",
           "site-a-20260101-020000utc"},
      Case{"backup_2026-01-01-0200_My_Site_abcdef123456-uploads2.zip",
           "backup_{YYYY-MM-DD-hhmm}_My_Site_{*}-uploads2.zip", "backup_2026-01-01-0200"},
      // Any other token may be the name of a machine.
      Case{"20260101-0200-abcdef123456.tar", "{YYYYMMDD-hhmm}-abcdef123456.tar", "20260101-0200"},
      Case{"2026-01-01T0200/etc/passwd", "{YYYY-MM-DDThhmm}/etc/passwd", "2026-01-01T0200"},
      // Folders of the year and the month go with the date.
      Case{"2026/01/db-20260131.sql", "{YYYY}/{MM}/db-{YYYYMMDD}.sql", "2026/01/db-20260131"},
      Case{"2026-01/db-20260131.sql", "{YYYY-MM}/db-{YYYYMMDD}.sql", "2026-01/db-20260131"},
      // A dump after midnight in the folder of the day before.
      Case{"2026-01-01/db-20260102-0010.sql", "{YYYY-MM-DD}/db-{YYYYMMDD}-0010.sql", "2026-01-01"},
      // A date that is the name of something stays.
      Case{"srv20200101-20260105.tar", "srv20200101-{YYYYMMDD}.tar", "srv20200101-20260105"},
      Case{"Automatic_backup_2026.1.1_2026-01-05_05.12_34567890.tar",
           "Automatic_backup_2026.1.1_{YYYY-MM-DD_hh.mm.f}.tar",
           "Automatic_backup_2026.1.1_2026-01-05_05.12_34567890"},
      Case{"1767225600_2026_01_01_16.10.0_gitlab_backup.tar",
           "{epoch}_{YYYY_MM_DD}_16.10.0_gitlab_backup.tar", "1767225600"});
  check(given);
}

TEST_CASE("names that nobody listed are understood, or split", "[names]") {
  const auto given = GENERATE(
      // cPanel, whose months and days have no zero before them.
      Case{"backup-1.5.2026_02-00-01_user1.tar.gz", "backup-{DD.MM.YYYY_hh-mm-ss}_user1.tar.gz",
           "backup-1.5.2026_02-00-01"},
      Case{"backup-12.31.2026_02-00-01_user1.tar.gz", "backup-{DD.MM.YYYY_hh-mm-ss}_user1.tar.gz",
           "backup-12.31.2026_02-00-01"},
      Case{"report-1.5.2026.pdf", "report-1.5.2026.pdf", "report-1.5.2026.pdf"},
      Case{"nextcloud-sqlbkp_20260101.bak", "nextcloud-sqlbkp_{YYYYMMDD}.bak",
           "nextcloud-sqlbkp_20260101"},
      Case{"mysqldump-db01.example.com-2026-01-01_0200.sql.gz",
           "mysqldump-db01.example.com-{YYYY-MM-DD_hhmm}.sql.gz",
           "mysqldump-db01.example.com-2026-01-01_0200"},
      Case{"config-pfSense.localdomain-20260101020000.xml",
           "config-pfSense.localdomain-{YYYYMMDDhhmmss}.xml",
           "config-pfSense.localdomain-20260101020000"},
      Case{"velero/backups/daily-20260101020000/daily-20260101020000.tar.gz",
           "velero/backups/daily-{YYYYMMDDhhmmss}/daily-{YYYYMMDDhhmmss}.tar.gz",
           "velero/backups/daily-20260101020000"},
      Case{"velero/backups/daily-20260101020000/velero-backup.json",
           "velero/backups/daily-{YYYYMMDDhhmmss}/velero-backup.json",
           "velero/backups/daily-20260101020000"},
      Case{"TrueNAS-SCALE-22.12.3.1-20260101020000.db",
           "TrueNAS-SCALE-22.12.3.1-{YYYYMMDDhhmmss}.db", "TrueNAS-SCALE-22.12.3.1-20260101020000"},
      Case{"Backup Job 1/VM1.vm-12D2026-01-01T020000_A1B2.vbk",
           "Backup Job 1/VM1.vm-12D{YYYY-MM-DDThhmmss}_A1B2.vbk",
           "Backup Job 1/VM1.vm-12D2026-01-01T020000"},
      // An epoch that does not fit the date beside it is the number of something.
      Case{"1700000000_2026_01_01_16.7.0_gitlab_backup.tar",
           "1700000000_{YYYY_MM_DD}_16.7.0_gitlab_backup.tar", "1700000000_2026_01_01"},
      // A range of dates: the first one says which.
      Case{"db_20260101_20260131.tar", "db_20260101_{YYYYMMDD}.tar", "db_20260101_20260131"},
      Case{"weekly-2026W05.tar", "weekly-{YYYYWww}.tar", "weekly-2026W05"},
      Case{"db-2026-01-01_02-00-00_CET.sql", "db-{YYYY-MM-DD_hh-mm-ssZ}.sql",
           "db-2026-01-01_02-00-00_CET"},
      Case{"redis-6379-20260101.rdb", "redis-6379-{YYYYMMDD}.rdb", "redis-6379-20260101"},
      Case{"2026.01.01.10.tar", "{YYYY.MM.DD}.10.tar", "2026.01.01"});
  check(given);
}

TEST_CASE("what only looks like a time keeps its digits", "[names]") {
  const auto* const key = GENERATE(
      "backup_2601010200.tar",  // Plesk: two digits of a year could be anything
      "jenkins/job-17/builds/42/archive.tar", "app-2.10.20.tar", "app-2026.1.1.tar",
      "app-1.2026.01.01.tar", "host-20.26.01.01.tar", "weekly-2026-05.tar", "yearly-2026.tar",
      "db-202601.tar", "phone-4915112345678.vcf", "phone-2125550123.vcf", "inv-20260001.pdf",
      "db-1767225600123456.sql", "20260101-0200-4000-8000-202601010200.tar",
      "0190d5a8-7b1c-7000-8000-000020260101.tar", "01ARZ3NDEKTSV4RRFFQ69G5FAV.tar",
      "snapshots/20260101abcdef12.tar", "000000010000000000000001.gz", "photos/2026/01/0001.jpg",
      "report-31.6.2026_02-00-00.pdf");
  CAPTURE(key);
  const auto name = agent::backup_name(key);
  CHECK(name.stream == key);
  CHECK_FALSE(name.has_time);
}

TEST_CASE("a stream never takes in what differs in more than its time", "[names]") {
  const auto of = [](std::string_view key) { return agent::backup_name(key).stream; };
  CHECK(of("web1-20260101.tar") != of("web2-20260101.tar"));
  CHECK(of("vzdump-qemu-100-2026_01_01-02_00_00.vma") !=
        of("vzdump-qemu-101-2026_01_01-02_00_00.vma"));
  CHECK(of("20260101-10.0.0.11.tar") != of("20260101-10.0.0.12.tar"));
  CHECK(of("a-20260101.j01") != of("a-20260101.j02"));
  CHECK(of("a-20260101.tar") != of("a-2026-01-01.tar"));  // as two jobs may write it
  CHECK(of("a-20260101.tar") == of("a-20260102.tar"));
}
