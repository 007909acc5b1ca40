#pragma once

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

// How programs name their backups: what one night puts into the bucket.
namespace naming {

struct Night {
  std::chrono::sys_days day;
  int hour = 2;
  int minute = 0;

  int year() const { return static_cast<int>(std::chrono::year_month_day{day}.year()); }
  unsigned month() const { return static_cast<unsigned>(std::chrono::year_month_day{day}.month()); }
  unsigned date() const { return static_cast<unsigned>(std::chrono::year_month_day{day}.day()); }
  std::string compact() const { return dashed(""); }
  std::string dashed(const std::string& between) const {
    return fmt::format("{:04}{}{:02}{}{:02}", year(), between, month(), between, date());
  }
  std::string clock(const std::string& between, bool seconds = true) const {
    auto text = fmt::format("{:02}{}{:02}", hour, between, minute);
    return seconds ? text + between + "00" : text;
  }
  long long epoch() const {
    return std::chrono::duration_cast<std::chrono::seconds>(day.time_since_epoch()).count() +
           hour * 3600 + minute * 60;
  }
  const char* month_name() const {
    static constexpr const char* kNames[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return kNames[month() - 1];
  }
};

using Keys = std::vector<std::string>;

struct Scheme {
  std::string name;
  std::function<Keys(const Night&, std::mt19937&)> keys;
  bool has_time = true;  ///< its sets are told by their names
};

inline std::string token(std::mt19937& random, int length, const char* alphabet) {
  const std::string letters = alphabet;
  std::string made;
  for (int i = 0; i < length; ++i) made += letters[random() % letters.size()];
  return made;
}

inline Keys with(const std::string& before, const Keys& endings) {
  Keys keys;
  for (const auto& ending : endings) keys.push_back(before + ending);
  return keys;
}

inline std::vector<Scheme> schemes() {
  const Keys akeeba = {".jpa", ".j01", ".j02", ".j03"};
  const Keys updraft = {"db.gz",        "plugins.zip", "themes.zip",     "uploads.zip",
                        "uploads2.zip", "others.zip",  "mu-plugins.zip", "wpcore.zip"};
  const char* const hex = "0123456789abcdef";
  const char* const alnum = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::vector<Scheme> all;
  const auto add = [&](const std::string& name, auto keys, bool has_time = true) {
    all.push_back({name, keys, has_time});
  };
  add("akeeba", [=](const Night& n, std::mt19937&) {
    return with("site-www.example.org-" + n.compact() + "-" + n.clock(""), akeeba);
  });
  add("akeeba, random", [=](const Night& n, std::mt19937& random) {
    return with(
        "site-www.example.org-" + n.compact() + "-" + n.clock("") + "-" + token(random, 16, alnum),
        akeeba);
  });
  add("updraft", [=](const Night& n, std::mt19937& random) {
    return with("backup_" + n.dashed("-") + "-" + n.clock("", false) + "_My_Site_" +
                    token(random, 12, hex) + "-",
                updraft);
  });
  add("vzdump", [](const Night& n, std::mt19937&) {
    Keys keys;
    for (const int vm : {100, 101}) {
      const auto name = fmt::format("dump/vzdump-qemu-{}-{}-{}", vm, n.dashed("_"), n.clock("_"));
      keys.push_back(name + ".vma.zst");
      keys.push_back(name + ".log");
    }
    return keys;
  });
  for (const auto& between : {"", "-", "_", "."}) {
    add(fmt::format("dated with '{}'", between),
        [=](const Night& n, std::mt19937&) { return Keys{"db-" + n.dashed(between) + ".sql.gz"}; });
    add(fmt::format("two hosts, before '{}'", between), [=](const Night& n, std::mt19937&) {
      return Keys{"web1-" + n.dashed(between) + ".tar", "web2-" + n.dashed(between) + ".tar"};
    });
    add(fmt::format("two hosts, after '{}'", between), [=](const Night& n, std::mt19937&) {
      return Keys{n.dashed(between) + "-web1.tar", n.dashed(between) + "-web2.tar"};
    });
  }
  add("addresses", [](const Night& n, std::mt19937&) {
    return Keys{"10.0.0.11/" + n.compact() + ".tar", "10.0.0.12/" + n.compact() + ".tar"};
  });
  add("a folder each night", [](const Night& n, std::mt19937&) {
    return with(n.dashed("-") + "T" + n.clock("", false) + "/",
                {"db.sql", "etc/passwd", "www.tar"});
  });
  add("folders of date parts", [](const Night& n, std::mt19937&) {
    return with("site/" + n.dashed("/") + "/", {"db.sql", "www.tar"});
  });
  add("year and month in folders", [](const Night& n, std::mt19937&) {
    return Keys{fmt::format("{:04}/{:02}/db-{}.sql", n.year(), n.month(), n.compact())};
  });
  add("partitions", [](const Night& n, std::mt19937&) {
    return with(fmt::format("t/year={}/month={:02}/day={:02}/", n.year(), n.month(), n.date()),
                {"a.parquet", "b.parquet"});
  });
  add("names of months", [](const Night& n, std::mt19937&) {
    return Keys{fmt::format("db-{:02}-{}-{}.sql", n.date(), n.month_name(), n.year())};
  });
  add("the day first", [](const Night& n, std::mt19937&) {
    return Keys{fmt::format("db-{:02}.{:02}.{}.sql", n.date(), n.month(), n.year())};
  });
  add("in one run of digits", [](const Night& n, std::mt19937&) {
    return Keys{"db" + n.compact() + n.clock("") + ".sql"};
  });
  add("iso", [](const Night& n, std::mt19937&) {
    return Keys{"db-" + n.dashed("-") + "T" + n.clock(":") + "Z.sql"};
  });
  add("an epoch", [](const Night& n, std::mt19937&) {
    return with(fmt::format("db-{}", n.epoch()), {".sql", ".sql.sha"});
  });
  add("an epoch in milliseconds",
      [](const Night& n, std::mt19937&) { return Keys{fmt::format("db-{}000.sql", n.epoch())}; });
  add("gitlab", [](const Night& n, std::mt19937&) {
    return Keys{fmt::format("{}_{}_16.10.0_gitlab_backup.tar", n.epoch(), n.dashed("_"))};
  });
  add("padded parts", [](const Night& n, std::mt19937&) {
    return with("site-" + n.compact() + "-", {"0001.zip", "0002.zip", "0003.zip", "0010.zip"});
  });
  add("plain parts", [](const Night& n, std::mt19937&) {
    return with("site-" + n.compact() + "-", {"1.zip", "2.zip", "10.zip"});
  });
  add("split", [](const Night& n, std::mt19937&) {
    return with("site-" + n.compact() + "-" + n.clock("") + ".7z", {".001", ".002", ".003"});
  });
  add("parts of parts", [](const Night& n, std::mt19937&) {
    return with("site_" + n.dashed("-") + "_", {"part1of3.tar", "part2of3.tar", "part3of3.tar"});
  });
  add("two a day", [](const Night& n, std::mt19937&) {
    return Keys{"db-" + n.compact() + "-0200.sql", "db-" + n.compact() + "-1400.sql"};
  });
  add("weekday and date", [](const Night& n, std::mt19937&) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    const auto weekday = std::chrono::weekday{n.day}.c_encoding();
    return Keys{fmt::format("{}-{}.tar", kDays[weekday], n.compact())};
  });
  add("a random token at the end", [=](const Night& n, std::mt19937& random) {
    return with("db-" + n.compact() + "-" + token(random, 8, hex), {".sql", ".log"});
  });
  add("home assistant", [=](const Night& n, std::mt19937& random) {
    return Keys{"Automatic_backup_2026.1.1_" + n.dashed("-") + "_" + n.clock(".", false) + "_" +
                token(random, 8, "0123456789") + ".tar"};
  });
  add(
      "weekdays",
      [](const Night& n, std::mt19937&) {
        static constexpr const char* kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
        return Keys{fmt::format("backup-{}.tar", kDays[std::chrono::weekday{n.day}.c_encoding()])};
      },
      false);
  add(
      "slugs",
      [=](const Night&, std::mt19937& random) { return Keys{token(random, 8, hex) + ".tar"}; },
      false);
  add(
      "uuids",
      [=](const Night&, std::mt19937& random) {
        return Keys{token(random, 8, hex) + "-" + token(random, 4, hex) + "-4" +
                    token(random, 3, hex) + "-a" + token(random, 3, hex) + "-" +
                    token(random, 12, hex) + ".tar"};
      },
      false);
  add(
      "hashes", [=](const Night&, std::mt19937& random) { return Keys{token(random, 64, hex)}; },
      false);
  add("cpanel", [](const Night& n, std::mt19937&) {
    const auto name = fmt::format("backup-{}.{}.{}_", n.month(), n.date(), n.year());
    return with(name + n.clock("-") + "_", {"user1.tar.gz", "user2.tar.gz"});
  });
  add("velero", [](const Night& n, std::mt19937&) {
    const auto name = "daily-" + n.compact() + n.clock("");
    return with("velero/backups/" + name + "/",
                {name + ".tar.gz", name + "-logs.gz", "velero-backup.json"});
  });
  add("pfsense", [](const Night& n, std::mt19937&) {
    return Keys{"config-pfSense.localdomain-" + n.compact() + n.clock("") + ".xml"};
  });
  add("weeks", [](const Night& n, std::mt19937&) {
    const auto week = (n.day - std::chrono::sys_days{std::chrono::year{n.year()} / 1 / 1}) / 7;
    return with(fmt::format("db-{}-W{:02}", n.year(), week.count() + 1), {".sql", ".log"});
  });
  add("versions beside dates", [](const Night& n, std::mt19937&) {
    return Keys{fmt::format("app-{}.{}.{}-{}.tar", 2, 10 + n.month() % 2, 20, n.compact())};
  });
  add(
      "plesk",
      [](const Night& n, std::mt19937&) {
        return with("backup_" + n.compact().substr(2) + n.clock("", false), {".tar", ".xml"});
      },
      false);
  add(
      "build numbers",
      [](const Night& n, std::mt19937&) {
        return Keys{fmt::format("job/builds/{}/a.tar", n.day.time_since_epoch().count())};
      },
      false);
  add(
      "telephones",
      [=](const Night&, std::mt19937& random) {
        return Keys{"49151" + token(random, 8, "0123456789") + ".vcf"};
      },
      false);
  add("forged dates", [=](const Night& n, std::mt19937& random) {
    Night forged = n;
    forged.day += std::chrono::days{static_cast<int>(random() % 4000) - 2000};
    return Keys{"db-" + forged.compact() + ".sql", "junk-" + token(random, 5, "01234567890-_.")};
  });
  return all;
}

}  // namespace naming
