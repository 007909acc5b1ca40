#!/usr/bin/env python3
"""tests/drills_test.py HOLDFAST FAKE_S3: the real program drills what real servers have dumped, by each of the
recipes in deploy/drills: it succeeds for what is whole, and fails for what is cut, with the reason; what hangs is
killed, with all that it started; nothing is left in the scratch, also when holdfast is killed; and whoever may ask
is told. Prints "ok - " and "not ok - " lines."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))
from world import World, end, tell  # noqa: E402

RECIPES = ROOT / "deploy/drills"
world = World(str(pathlib.Path(sys.argv[1]).resolve()), str(pathlib.Path(sys.argv[2]).resolve()))
# Whoever the command runs as has to reach the scratch directory.
world.path.chmod(0o755)
corpus = world.path / "corpus"
corpus.mkdir()
dates = iter(f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 28))


def sh(script, user=None, directory=corpus):
    as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    done = subprocess.run([*as_user, "bash", "-euo", "pipefail", "-c", script], cwd=directory, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise SystemExit(f"not ok - the dumps are made: {script}\n{done.stdout}")
    return done.stdout


def private(name, owner):
    directory = corpus / name
    directory.mkdir()
    if os.geteuid() == 0:
        shutil.chown(directory, owner, owner)
    return directory


def make_dumps():
    as_root = os.geteuid() == 0
    sh("""
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1); $bin/initdb -D d -A trust -U postgres >/dev/null
$bin/pg_ctl -D d -o "-k $PWD -c listen_addresses=" -l log -w start >/dev/null
export PGHOST=$PWD PGUSER=postgres
trap '$bin/pg_ctl -D d -m immediate stop >/dev/null' EXIT
psql -d postgres -qc 'create role shop_owner' -c 'create database shop owner shop_owner'
psql -d shop -qc 'create table orders(id int primary key, what text); insert into orders select g, md5(g::text) from generate_series(1, 50000) g;
  create table "odd ""name"(a int); create table customers(a int); insert into customers values (1); alter table orders owner to shop_owner'
pg_dump -d shop -Fc >shop.pgdump; pg_dump -d shop -Ft >shop.tar; pg_dump -d shop | gzip >shop.sql.gz; pg_dump -d shop >shop.sql
psql -d shop -qc 'truncate orders, customers'; pg_dump -d shop -Fc >empty.pgdump""", "postgres" if as_root else None, private("pg", "postgres"))
    sh("""
mariadb-install-db --no-defaults --datadir=$PWD/d --auth-root-authentication-method=normal >/dev/null 2>&1
mariadbd --no-defaults --datadir=$PWD/d --socket=$PWD/s --skip-networking --skip-grant-tables >/dev/null 2>&1 &
for _ in $(seq 300); do mariadb-admin --no-defaults -S $PWD/s ping >/dev/null 2>&1 && break; sleep 0.1; done
mariadb --no-defaults -S $PWD/s -e 'create database shop; use shop; create table orders(id int primary key, what text);
  insert into orders select seq, md5(seq) from seq_1_to_50000; create table customers(a int)'
mariadb-dump --no-defaults -S $PWD/s shop | zstd -q >shop.sql.zst; mariadb-dump --no-defaults -S $PWD/s --databases shop >all.sql
mariadb-admin --no-defaults -S $PWD/s shutdown""", "mysql" if as_root else None, private("my", "mysql"))
    sh("""
sqlite3 shop.sqlite 'create table orders(id integer primary key, what text); create index w on orders(what);
  with recursive n(i) as (select 1 union all select i+1 from n where i<20000) insert into orders select i, hex(randomblob(8)) from n'
sqlite3 shop.sqlite .dump >lite.sql; gzip -k shop.sqlite
mkdir -p var/www/site; head -c 3000000 /dev/urandom >var/www/site/picture.jpg; echo '<?php' >var/www/site/index.php
: >var/www/site/empty.php; ln -s /etc/passwd var/www/site/link; tar cf site.tar var; zstd -q site.tar; gzip -k site.tar
mkdir -m 700 gnupg; export GNUPGHOME=$PWD/gnupg
gpg --batch -q --passphrase '' --quick-gen-key t@example.org default default never 2>/dev/null
gpg --list-keys --with-subkey-fingerprint --with-colons 2>/dev/null | grep -m1 '^sub' | cut -d: -f5 >keyid
gpg --batch -q --trust-model always -r t@example.org -o site.tar.gpg -e site.tar.gz 2>/dev/null
gpgconf --kill gpg-agent
age-keygen -o age.key 2>/dev/null; age -r "$(age-keygen -y age.key)" -o site.tar.age site.tar.gz""")


def configure(**drills):
    """NAME = {key: value}; all of the one source."""
    text = f"metrics_file = {world.path}/metrics.prom\n"
    world.configure(agent=text)
    sections = "".join(f"[drill {name}]\nsource = site\nstream = {name}-*\n" +
                       "".join(f"{key} = {value}\n" for key, value in keys.items())
                       for name, keys in drills.items())
    with open(world.path / "holdfast.conf", "a") as file:
        file.write(sections)


def pull():
    done = world.run("pull")
    assert done.returncode in (0, 1), done.stderr


def put(name, content, suffix):
    world.put(f"{name}-{next(dates)}{suffix}", content)
    pull()


def scratches():
    return sorted(path.name for path in world.disk.iterdir() if path.name.startswith(".holdfast-drill-"))


def drill(name):
    done = world.run("drill", name, "--json")
    told = json.loads(done.stdout) if done.stdout else {}
    return done.returncode, told


def status_of(name):
    status = json.loads(world.run("status", "--json").stdout)
    return next(one for one in status["drills"] if one["name"] == name)


def recipe(script, *arguments):
    return " ".join([str(RECIPES / f"{script}.sh"), *arguments])


def tries_recipe(name, command, good, suffix, cut_says, succeeds_with, cuts=(0.5,)):
    """One recipe: what is whole, and what is cut, told everywhere."""
    configure(**{name: {"command": command}})
    content = (corpus / good).read_bytes()
    put(name, content, suffix)
    exit_status, told = drill(name)
    tell(exit_status == 0 and told["succeeded"] and succeeds_with in told["printed"], f"{name}: what is whole is restored",
         exit_status, told)
    for cut in cuts:
        put(name, content[:int(len(content) * cut)], suffix)
        exit_status, told = drill(name)
        tell(exit_status == 1 and not told["succeeded"] and cut_says in told["message"],
             f"{name}: what is cut at {cut:.0%} fails, and says so", exit_status, told)
    put(name, content, suffix)
    exit_status, told = drill(name)
    tell(exit_status == 0, f"{name}: and is over with the next one", told)
    tell(scratches() == [], f"{name}: nothing is left in the scratch", scratches())


def fails(name, command, good, suffix, says):
    configure(**{name: {"command": command}})
    put(name, (corpus / good).read_bytes(), suffix)
    exit_status, told = drill(name)
    tell(exit_status == 1 and says in told["message"], f"{name} fails: {says}", exit_status, told)


def recipes():
    too_early = "ends too early"
    tries_recipe("pgc", recipe("postgresql", "orders", "customers"), "pg/shop.pgdump", ".pgdump", "cannot be restored", "3 tables with 50001 rows", (0.3, 0.95))
    tries_recipe("pgt", recipe("postgresql", "orders"), "pg/shop.tar", ".tar", too_early, "50001 rows")
    tries_recipe("pgz", recipe("postgresql", "orders"), "pg/shop.sql.gz", ".sql.gz", too_early, "50001 rows")
    tries_recipe("pgp", recipe("postgresql", "orders"), "pg/shop.sql", ".sql", too_early, "50001 rows", (0.2, 0.97))
    fails("pge", recipe("postgresql"), "pg/empty.pgdump", ".pgdump", "no row in them")
    fails("pgm", recipe("postgresql", "invoices"), "pg/shop.pgdump", ".pgdump", "the table invoices is empty, or missing")
    tries_recipe("my", recipe("mariadb", "orders"), "my/shop.sql.zst", ".sql.zst", "", "2 tables with 50000 rows", (0.4, 0.99))
    tries_recipe("myall", recipe("mariadb", "orders"), "my/all.sql", ".sql", "", "50000 rows")
    fails("mye", recipe("mariadb", "customers"), "my/shop.sql.zst", ".sql.zst", "the table customers is empty, or missing")
    tries_recipe("lite", recipe("sqlite", "orders"), "shop.sqlite", ".sqlite", "", "1 tables with 20000 rows", (0.3, 0.8))
    tries_recipe("litez", recipe("sqlite"), "shop.sqlite.gz", ".sqlite.gz", "cannot be uncompressed", "20000 rows")
    tries_recipe("lited", recipe("sqlite", "orders"), "lite.sql", ".sql", too_early, "20000 rows")
    index = "var/www/site/index.php"
    tries_recipe("web", recipe("website", index), "site.tar.gz", ".tar.gz", "cannot be unpacked", "3 files")
    tries_recipe("webz", recipe("website", index), "site.tar.zst", ".tar.zst", "cannot be unpacked", "KiB")
    fails("webe", recipe("website", "var/www/site/empty.php"), "site.tar.gz", ".tar.gz", "empty.php is empty")
    fails("webl", recipe("website", "var/www/site/link"), "site.tar.gz", ".tar.gz", "is empty, or not in the archive")
    tries_recipe("age", recipe("encrypted", "age:1", "2900000"), "site.tar.age", ".tar.age", "not the 2900000", "only the key can tell")
    fails("ageo", recipe("encrypted", "age:2"), "site.tar.age", ".tar.age", "has this many recipients: 1, and not 2")
    key = (corpus / "keyid").read_text().strip()
    tries_recipe("gpg", recipe("encrypted", key, "2900000"), "site.tar.gpg", ".tar.gpg", "not the 2900000", "only the key can tell")
    fails("gpgo", recipe("encrypted", "0123456789ABCDEF"), "site.tar.gpg", ".tar.gpg", "is not encrypted to 0123456789ABCDEF")
    fails("gpgn", recipe("encrypted", key), "site.tar.gz", ".tar.gz", "not encrypted by age or gpg")


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


def what_hangs():
    pids = world.path / "pids"
    pids.mkdir()
    pids.chmod(0o777)
    script = pids / "hang.sh"
    script.write_text(f"""trap '' TERM
setsid sh -c "trap '' TERM; echo \\$\\$ >{pids}/apart; sleep 1000" &
(sh -c "echo \\$\\$ >{pids}/orphan; exec sleep 1000" &)
mkdir -p deep/er; chmod 0 deep/er; ln -s /etc link; mkfifo fifo
echo 'still at it'; echo $$ >{pids}/main; sleep 1000""")

    def all_gone():
        return all(not is_running(path.read_text().strip()) for path in pids.glob("[!h]*") if path.read_text().strip())

    configure(hang={"command": f"sh {script}", "timeout": "2s"})
    put("hang", b"x" * 1000, ".bin")
    begun = time.monotonic()
    exit_status, told = drill("hang")
    took = time.monotonic() - begun
    tell(exit_status == 1 and took < 15 and told["message"] == 'the command was still running after 2 s, its "timeout", and was '
         "killed; it said: still at it", "what hangs is killed at its limit", exit_status, told, took)
    tell(len(list(pids.glob("[!h]*"))) == 3 and all_gone(), "with all that it started, in whatever session")
    tell(scratches() == [], "and its scratch is removed, whatever was made of it", scratches())

    configure(hang={"command": f"sh {script}", "timeout": "1h"})
    for path in pids.glob("[!h]*"):
        path.unlink()
    for how, removed_by in ((signal.SIGKILL, "pull"), (signal.SIGKILL, "drill"), (signal.SIGTERM, "")):
        process = world.start("drill", "hang")
        wait_for(lambda: (pids / "main").exists() and (pids / "main").read_text().strip())
        tell(len(scratches()) == 1, "a drill under way has its scratch")
        if how == signal.SIGKILL:
            pull()
            tell(len(scratches()) == 1, "which a pull leaves alone")
        process.send_signal(how)
        _, said = process.communicate(timeout=30)
        name = signal.Signals(how).name
        tell(wait_for(all_gone), f"after {name} nothing of the command is left")
        if removed_by == "pull":
            # Its guard may still be about to end.
            tell(wait_for(lambda: world.run("pull").returncode in (0, 1) and scratches() == []), "and the next pull removes the scratch", scratches())
        elif removed_by == "drill":
            configure(hang={"command": "true"})
            tell(wait_for(lambda: world.run("drill", "hang").returncode == 0 and scratches() == []), "and the next drill likewise", scratches())
            configure(hang={"command": f"sh {script}", "timeout": "1h"})
        else:
            tell(process.returncode == 2 and "was interrupted, and nothing is recorded" in said and scratches() == [],
                 "a drill that is told to stop is not taken for one that failed", process.returncode, said)
        for path in pids.glob("[!h]*"):
            path.unlink()


def what_is_told():
    configure(one={"command": "echo good"}, two={"command": "echo 'no such table' >&2; false" if False else "sh -c 'echo no such table >&2\nfalse'".replace("\n", " && ")})
    put("one", b"1" * 1000, ".bin")
    put("two", b"2" * 1000, ".bin")
    status = world.run("status").stdout
    tell("one: never ran, and is configured since" in status, "a drill that never ran is said so", status)
    tell(world.run("status", "--check").returncode == 0 or "drill" not in world.run("status", "--check").stdout.split("|")[0],
         "which is no alarm at once")
    done = world.run("drill")
    tell(done.returncode == 1 and 'the restore drill "two" failed: the command ended with status 1; it said: no such table' in done.stderr,
         "a failed drill is a line on stderr, with what its command said, and status 1", done.returncode, done.stderr)
    check = world.run("status", "--check")
    tell(check.returncode == 1 and "1 drill" in check.stdout, "--check warns", check.stdout)
    tell(status_of("one")["succeeded"] and status_of("one")["printed"] == "good\\x0A" and not status_of("two")["succeeded"],
         "the status has both", status_of("one"), status_of("two"))
    status = world.run("status").stdout
    tell("two: FAILED" in status and "one: ok" in status and "ALARM" in status, "and in words", status)
    page = world.path / "page.html"
    world.run("status", "--html", str(page))
    text = page.read_text()
    tell("Restore drills" in text and "<dt>two</dt><dd>FAILED" in text, "the page has them")
    history = world.run("history").stdout
    tell("  drill         one: 1 archive (1000 bytes) restored" in history and
         "  drill failed  two: the command ended with status 1; it said: no such table" in history, "the history has them", history[-800:])
    metrics = (world.path / "metrics.prom").read_text()
    tell('holdfast_drill_failed{drill="two",source="site"} 1' in metrics and
         'holdfast_drill_failed{drill="one",source="site"} 0' in metrics, "the metrics have them", metrics[-1500:])
    due = world.run("drill", "--due")
    tell(due.returncode == 0 and due.stdout + due.stderr == "", "neither is due at once", due)
    configure(one={"command": "true"}, two={"command": "true"})
    world.run("drill", "two")
    check = world.run("status", "--check")
    tell("drill" not in check.stdout.split("|")[0], "a success ends the alarm", check.stdout)


def who_it_runs_as():
    (world.path / "secrets").mkdir()
    configure(who={"command": "env; id; ls /proc/self/fd; cat /dev/stdin; nice; ls -l ."})
    put("who", b"w" * 1000, ".bin")
    done = world.run("drill", "who", "--json", AWS_SESSION_TOKEN="token", HOLDFAST_OTHER="other")
    printed = json.loads(done.stdout)["printed"].encode().decode("unicode_escape")
    tell("AWS" not in printed and "HOLDFAST_OTHER" not in printed and "HOLDFAST_CONFIG" not in printed and "secret" not in printed,
         "the command knows no credentials, and nothing of ours", printed)
    if os.geteuid() == 0:
        tell("uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)" in printed, "it is nobody", printed)
    tell("\n0\n1\n2\n3\n" in printed and "\n4\n" not in printed, "it has no file of ours open", printed)
    tell("\n19\n" in printed, "everything else comes first", printed)
    configure(who={"command": "true", "scratch": "/no/such/place"})
    exit_status, told = drill("who")
    tell(exit_status == 1 and "/no/such/place" in told["message"], "a scratch that is not there fails the drill", told)
    configure(who={"command": "true"}, min={"command": "true"})
    path = world.path / "holdfast.conf"
    path.write_text(path.read_text().replace("min_free = 0", "min_free = 100000T"))
    exit_status, told = drill("who")
    tell(exit_status == 1 and "there is no room for it" in told["message"], "min_free stays free", told)


try:
    what_is_told()
    who_it_runs_as()
    what_hangs()
    make_dumps()
    recipes()
finally:
    world.close()
end()
