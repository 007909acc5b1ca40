#!/usr/bin/env python3
"""tests/soundness_test.py LOOK [WALK]: what the look at a content, and the walk to its end, say of what the
real tools make: nothing against what is whole, in any of their formats; and of the same cut at twenty
places, overwritten or replaced, what the table below says. LOOK is build/.../tests/support/holdfast-look,
WALK holdfast-walk beside it. Prints "ok - " and "not ok - " lines."""
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

LOOK = pathlib.Path(sys.argv[1]).resolve()
WALK = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
WORK = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-sound-"))
failed = False
random.seed(20261129)


def tell(good, claim, details=()):
    global failed
    print(f"{'ok' if good else 'not ok'} - {claim}", flush=True)
    for detail in list(details)[:20]:
        print(f"  {detail}")
    failed = failed or not good


def sh(script, **environment):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=WORK, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment})
    if done.returncode != 0:
        raise SystemExit(f"not ok - the corpus is made: {script}\n{done.stdout}")


def looks(cases):
    """cases: (path, size, key); returns (form, is_cut, verdict) for each."""
    lines = "".join(f"{path}\t{size}\t{key}\n" for path, size, key in cases)
    done = subprocess.run([LOOK], input=lines, text=True, check=True, stdout=subprocess.PIPE)
    answers = [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases)
    return [(form, cut == "cut", verdict) for form, cut, verdict in answers]


def walks(cases):
    """Likewise; returns (verdict, form, inner form, members, bytes, tables, what is proved, why) for each."""
    lines = "".join(f"{path}\t{size}\t{key}\n" for path, size, key in cases)
    done = subprocess.run([WALK], input=lines, text=True, check=True, stdout=subprocess.PIPE)
    answers = [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases) and all(len(answer) == 8 for answer in answers)
    return answers


def make_archives():
    (WORK / "src").mkdir()
    for i in range(1, 6):
        words = " ".join(str(random.random()) for _ in range(4000 * i))
        (WORK / "src" / f"f{i}.txt").write_text(words)
    (WORK / "src/empty").touch()
    sh("""
tar cf a.tar src; tar --format=v7 -cf v7.tar src; tar --format=pax -cf pax.tar src; tar --format=ustar -cf ustar.tar src
tar cf empty.tar -T /dev/null; tar cf blocks.tar -b1 src; tar cf padded.tar -b20 src/f1.txt
gzip -k -c a.tar >a.tar.gz; pigz -c a.tar >pigz.tar.gz; cat a.tar.gz pigz.tar.gz >two.tar.gz; gzip -nc a.tar >a.tgz
bzip2 -c a.tar >a.tar.bz2; pbzip2 -c a.tar >pbzip2.tar.bz2
xz -c a.tar >a.tar.xz; cat a.tar.xz a.tar.xz >two.tar.xz; xz -T2 --block-size=50000 -c a.tar >blocks.tar.xz; pixz <a.tar >pixz.tar.xz
zstd -qc a.tar >a.tar.zst; zstd -qc --long=27 a.tar >long.tar.zst; cat a.tar.zst long.tar.zst >two.tar.zst
lz4 -qc a.tar >a.tar.lz4; lz4 -qc --no-frame-crc a.tar >nocrc.tar.lz4; cat a.tar.lz4 nocrc.tar.lz4 >two.tar.lz4
zip -qr a.zip src; zip -qr comment.zip src -z <<<'a comment'; zip -qr -fz- zip64.zip src; zip -q stream.zip - <src/f1.txt; zip -qr -s 100k split.zip src
7z a -bd a.7z src; 7z a -bd -mhe=on -psecret locked.7z src
find src | cpio -o -H newc --quiet >a.cpio; find src | cpio -o -H odc --quiet >odc.cpio; find src | cpio -o --quiet >bin.cpio
mksquashfs src a.squashfs -quiet -no-progress
sqlite3 a.sqlite 'create table t(a); insert into t values(1),(2); create table u(b)'; sqlite3 a.sqlite .dump >lite.sql
qemu-img create -q -f qcow2 a.qcow2 1G; truncate -s 64M raw; qemu-img convert -f raw -O qcow2 raw b.qcow2; rm raw
for s in 0 1 511 512; do
  head -c "$s" a.tar >in; gzip -c in >"s$s.gz"; zstd -qc in >"s$s.zst"; xz -c in >"s$s.xz"; bzip2 -c in >"s$s.bz2"; lz4 -qc in >"s$s.lz4"
  tar cf "s$s.tar" in; zip -q "s$s.zip" in; 7z a -bd "s$s.7z" in >/dev/null
done
tar -c --label=backup -f label.tar src; tar -c --listed-incremental=snapshot -f incremental.tar src; rm snapshot
cat a.tar empty.tar >joined.tar; python3 -c "import tarfile; tar = tarfile.open('python.tar', 'w'); tar.add('src'); tar.close()"
gzip --rsyncable -c a.tar >rsyncable.tar.gz; pigz -11 -I1 -c src/f1.txt >pigz11.gz; pigz -z -c src/f1.txt >zlib.zz
pbzip2 -p2 -b1 -c a.tar >pbzip2-b1.tar.bz2; cat a.tar.bz2 pbzip2.tar.bz2 >two.tar.bz2; xz --check=none -c a.tar >none.tar.xz
zstd -qc --no-check a.tar >nocheck.tar.zst; zstd -qc -19 -T2 --rsyncable a.tar >rsyncable.tar.zst; zstd -qc --stream-size=99999999 a.tar >/dev/null 2>&1 || true
zstd -q -c <a.tar >stdin.tar.zst; cat a.tar.zst a.tar.zst a.tar.zst >three.tar.zst
lz4 -qc -BD -B4 a.tar >linked.tar.lz4; lz4 -qc --content-size a.tar >sized.tar.lz4; lz4 -qc -l a.tar >legacy.tar.lz4; lz4 -qc -BX a.tar >checked.tar.lz4
zip -qr -e -P x secret.zip src; zip -qr -0 stored.zip src; python3 -c "import zipfile; zipfile.ZipFile('none.zip', 'w').close()"
find src | cpio -o -H crc --quiet >crc.cpio
sqlite3 wal.sqlite 'pragma journal_mode=wal; create table t(a); insert into t values(1);' >/dev/null
sqlite3 large.sqlite 'pragma page_size=65536; create table t(a)'; sqlite3 paged.sqlite 'pragma page_size=512; pragma auto_vacuum=full; create table t(a); insert into t values(zeroblob(90000)); delete from t'
sqlite3 none.sqlite3 'vacuum'; [ -s none.sqlite3 ] || rm -f none.sqlite3; sqlite3 empty.db .dump >nothing.sql; rm -f empty.db
qemu-img create -q -f qcow2 -o compat=0.10 old.qcow2 1G; qemu-img convert -c -f qcow2 -O qcow2 b.qcow2 packed.qcow2
python3 - <<'END'
import pathlib, struct
# As Akeeba and vzdump write them: a header, and what is packed.
pathlib.Path("a.jpa").write_bytes(b"JPA" + struct.pack("<HBBIII", 19, 1, 2, 1, 900, 500) + b"JPF" + bytes(range(256)) * 2)
pathlib.Path("a.vma").write_bytes(b"VMA" + bytes(1) + struct.pack(">I", 1) + bytes(range(256)) * 48)
END
truncate -s 5G sparse; tar cSf sparse.tar sparse; gzip -c <sparse.tar >sparse.tar.gz; rm sparse in
""")


def make_encrypted():
    home = WORK / "gnupg"
    home.mkdir(mode=0o700)
    sh("""
gpg --batch -q --passphrase x --pinentry-mode loopback -c -o sym.gpg a.tar.gz
gpg --batch -q --passphrase x --pinentry-mode loopback -a -c -o armoured.gpg a.tar.gz
gpg --batch -q --passphrase '' --quick-gen-key t@example.org default default never
gpg --batch -q --trust-model always -r t@example.org -e -o public.gpg a.tar.gz
age-keygen -o key.txt 2>/dev/null; to=$(sed -n 's/^# public key: //p' key.txt)
age -r "$to" -o a.age a.tar.gz; age -a -r "$to" -o armoured.age a.tar.gz
gpg --batch -q --passphrase '' --pinentry-mode loopback -s -o signed.gpg a.tar.gz; gpg --batch -q --export -o keys.gpg
gpg --batch -q --passphrase '' --pinentry-mode loopback --export-secret-keys -o secret.gpg
gpg --batch -q -a --export -o keys-armoured.gpg; gpg --batch -q --passphrase '' --pinentry-mode loopback --clearsign -o clear.gpg src/f1.txt
gpg --batch -q --store -o stored.gpg a.tar.gz; gpg --batch -q --trust-model always -r t@example.org -a -e -o public-armoured.gpg a.tar.gz
openssl enc -aes-256-cbc -pbkdf2 -a -k x -in a.tar.gz -out base64.enc; openssl enc -aes-256-cbc -pbkdf2 -k x -in a.tar.gz -out openssl.enc
gpgconf --kill all
""", GNUPGHOME=str(home))
    shutil.rmtree(home)


def run_as(user, directory, script):
    directory.mkdir()
    if os.geteuid() == 0:
        shutil.chown(directory, user, user)
        WORK.chmod(0o755)
        script = f"cd {directory}; runuser -u {user} -- bash -euo pipefail -c '{script}'"
    else:
        script = f"cd {directory}; {script}"
    sh(script)


def make_dumps():
    run_as("postgres", WORK / "pg", """
bin=$(echo /usr/lib/postgresql/*/bin); $bin/initdb -D d -A trust >/dev/null
$bin/pg_ctl -D d -o "-k $PWD -c listen_addresses=" -w start >/dev/null
trap "$bin/pg_ctl -D d -m immediate stop >/dev/null" EXIT
psql -h $PWD -d postgres -qc "create table t(a int); insert into t select generate_series(1,20000)"
pg_dump -h $PWD -d postgres >pg.sql; pg_dumpall -h $PWD >all.sql; pg_dump -h $PWD -d postgres -Fc >a.pgdump
pg_dump -h $PWD -d postgres -Ft >pg.tar; pg_dump -h $PWD -d postgres -Fd -f directory; cp directory/toc.dat toc.pgdump""")
    sh("cp pg/pg.sql pg/all.sql pg/a.pgdump pg/pg.tar pg/toc.pgdump .")
    run_as("mysql", WORK / "my", """
mariadb-install-db --no-defaults --datadir=$PWD/d --auth-root-authentication-method=normal >/dev/null 2>&1
mariadbd --no-defaults --datadir=$PWD/d --socket=$PWD/s --skip-networking --skip-grant-tables >/dev/null 2>&1 &
trap "kill %1; wait" EXIT
for i in $(seq 300); do mariadb-admin --no-defaults -S $PWD/s ping >/dev/null 2>&1 && break; sleep 0.1; done
mariadb-dump --no-defaults -S $PWD/s mysql >my.sql
mariadb-dump --no-defaults -S $PWD/s --skip-comments mysql >plain.sql
mariadb-dump --no-defaults -S $PWD/s --skip-dump-date mysql >undated.sql""")
    sh("cp my/my.sql my/plain.sql my/undated.sql .")
    sh("""
redis-server --port 0 --unixsocket "$PWD/r" --dir "$PWD" --dbfilename a.rdb --daemonize yes --logfile r.log >/dev/null
for i in $(seq 100); do redis-cli -s r ping >/dev/null 2>&1 && break; sleep 0.1; done
redis-cli -s r set a b >/dev/null; redis-cli -s r save >/dev/null; redis-cli -s r shutdown nosave; rm -f r r.log
""")


# By the end of the name: what the quick look finds of it cut short ("always", "often", "never"), with its
# beginning overwritten, and with its end overwritten. What is replaced as a whole is always found.
TABLE = {
    ".gz": ("often", True, "often"),
    ".tgz": ("often", True, "often"),
    ".bz2": ("always", True, True),
    ".xz": ("always", True, True),
    ".zst": ("small", True, "small"),
    ".lz4": ("small", True, True),
    ".zip": ("always", False, True),   # its directory is at its end, and what goes before may be anything
    ".7z": ("always", True, False),
    ".tar": ("always", True, True),
    ".cpio": ("always", True, True),
    ".squashfs": ("always", True, False),
    ".sqlite": ("always", True, False),
    ".qcow2": ("often", True, False),
    ".rdb": ("always", True, True),
    ".sql": ("dump", False, "dump"),   # whoever writes no closing line leaves nothing to look for
    ".pgdump": ("never", True, False),
    ".gpg": ("armour", True, "armour"),
    ".age": ("armour", True, "armour"),
}
# And what the look and the walk find together, likewise. None: what the bytes alone do not tell.
WALK_TABLE = {
    ".gz": (True, True, True),
    ".tgz": (True, True, True),
    ".bz2": (True, True, True),
    ".xz": (True, True, True),
    ".zst": (True, True, True),
    ".lz4": (True, True, True),
    ".zip": (True, None, True),
    ".7z": (True, True, True),
    ".tar": (True, True, True),
    ".cpio": (True, True, True),
    ".squashfs": (True, True, None),
    ".sqlite": (True, True, None),
    ".qcow2": (None, True, None),
    ".rdb": (True, True, True),
    ".sql": ("dump", None, "dump"),
    ".pgdump": (True, True, None),
    ".gpg": (True, True, None),
    ".age": (None, True, None),
}
KEPT_FREE = 68 * 1024  # see agent/proof/content_form.h


def wanted(path, rule):
    """None: either."""
    if path.name.startswith("legacy."):  # that frame has no end
        return None
    if rule in (True, False):
        return rule
    text = path.read_bytes()[:2048] if path.stat().st_size < 1 << 30 else b""
    return {"always": True, "never": False, "often": None,
            "small": True if path.stat().st_size <= KEPT_FREE else None,
            "dump": says_what_it_is(text),
            "armour": text.startswith(b"-----BEGIN")}[rule]


def says_what_it_is(text):
    return re.search(rb"^-- (PostgreSQL database|MySQL|MariaDB) (cluster )?dump|^BEGIN TRANSACTION;", text,
                     re.M) is not None


def ending(path):
    return re.search(r"\.[a-z0-9]+$", path.name).group(0)


def cut_places(size):
    places = {size * i // 21 for i in range(1, 21)} | {size - 1}
    return sorted(place for place in places if 0 <= place < size)


# What the cut leaves out is nothing, or is what a reader does without.
def is_padding(path, place):
    if path.name.startswith("three.") and place > 0 and place * 3 % path.stat().st_size == 0:
        return True  # it is one or two of the three, and whole
    with path.open("rb") as file:
        file.seek(place)
        rest = file.read(1 << 20)
    if ending(path) in (".tar", ".cpio"):
        with path.open("rb") as file:
            file.seek(max(0, place - 512))
            before = file.read(512 if place >= 512 else place)
        if ending(path) == ".tar" and place % 512 == 0 and not before.strip(b"\0"):
            return True
        return ending(path) == ".cpio" and not rest.strip(b"\0")
    return not rest.strip(b"\0\n") and ending(path) in (".squashfs", ".sql", ".gpg", ".age")


def main():
    began = time.monotonic()
    make_archives()
    make_encrypted()
    make_dumps()
    files = sorted(path for path in WORK.iterdir() if path.is_file() and ending_of_corpus(path))
    print(f"{len(files)} files, made in {time.monotonic() - began:.0f} s")
    tell(len(files) > 80, "the corpus has more than 80 files")

    answers = looks([(path, path.stat().st_size, path.name) for path in files])
    wrong = [f"{path.name}: {answer}" for path, answer in zip(files, answers)
             if answer[2] != "sound" and ending(path) in TABLE or answer[2] == "unsound"]
    tell(not wrong, "what the tools made is sound, and nothing is said against it", wrong)
    unnamed = looks([(path, path.stat().st_size, "backup") for path in files])
    tell(all(answer[2] != "unsound" for answer in unnamed), "nor where its name says nothing")

    if WALK:
        check_walks(files)
    check_cuts([path for path in files if ending(path) in TABLE and path.stat().st_size < 1 << 30])
    check_damage([path for path in files if ending(path) in TABLE and 1024 < path.stat().st_size < 1 << 24])


def ending_of_corpus(path):
    return re.search(r"\.[a-z0-9]+$", path.name) and path.suffix not in (".txt", ".log") and \
        not re.fullmatch(r"split\.z\d+", path.name)


# What there is no end of, and what cannot be opened without its key or its parts. What the first 512 bytes of a
# tar are packed in is whole, and does not say that they should be.
NOT_JUDGED = re.compile(r"split\.zip|locked\.7z|plain\.sql|a\.jpa|a\.vma|(signed|stored)\.gpg|zlib\.zz|legacy\.tar\.lz4|s512\.(gz|bz2|xz|zst|lz4)")


def check_walks(files):
    cases = [(path, path.stat().st_size, path.name) for path in files]
    began = time.monotonic()
    answers = walks(cases)
    print(f"walked in {time.monotonic() - began:.0f} s")
    wrong = [f"{path.name}: {answer}" for path, answer in zip(files, answers)
             if answer[0] == "unsound" or (answer[0] != "sound") != bool(NOT_JUDGED.fullmatch(path.name))]
    tell(not wrong, "what the tools made is walked to its end, and nothing is said against it", wrong)
    unnamed = walks([(path, size, "backup") for path, size, _ in cases])
    wrong = [f"{path.name}: {answer}" for path, answer in zip(files, unnamed) if answer[0] == "unsound"]
    tell(not wrong, "nor where its name says nothing", wrong)
    of = {path.name: answer for path, answer in zip(files, answers)}
    counts = {name: of[name][3] for name in ("a.tar", "a.tar.gz", "pigz.tar.gz", "a.tar.bz2", "blocks.tar.xz", "a.tar.zst",
                                             "a.tar.lz4", "a.zip", "a.7z", "a.cpio", "odc.cpio", "v7.tar")}
    tell(len(set(counts.values())) == 1 and int(of["a.tar"][3]) == 7, "the same members are found in all of them", [counts])
    sums = {name: of[name][6] for name in ("a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst", "a.tar.lz4", "a.zip", "a.7z",
                                           "a.rdb")}
    tell(all(sums.values()), "and their check sums are proved", [sums])
    tell((of["pg.sql"][5], of["lite.sql"][5]) == ("1", "1") and int(of["my.sql"][5]) > 5 and
         of["a.pgdump"][3] == "1", "tables with rows are counted", [of["pg.sql"], of["lite.sql"], of["my.sql"], of["a.pgdump"]])


def walk_wants(path, rule):
    if rule == "dump":
        return says_what_it_is(path.read_bytes()[:2048]) if path.stat().st_size < 1 << 30 else None
    return True if rule is True and not NOT_JUDGED.fullmatch(path.name) else None


def check_cuts(files):
    cases = [(path, place) for path in files for place in cut_places(path.stat().st_size)
             if not is_padding(path, place)]
    answers = looks([(path, place, path.name) for path, place in cases])
    wrong, found, all_of = [], {}, {}
    for (path, place), answer in zip(cases, answers):
        end = ending(path)
        want = True if place == 0 else wanted(path, TABLE[end][0])
        if TABLE[end][0] == "dump" and not says_what_it_is(path.read_bytes()[:min(place, 512)]):
            want = None
        is_found = answer[2] == "unsound"
        all_of[end] = all_of.get(end, 0) + 1
        found[end] = found.get(end, 0) + is_found
        if want is True and not is_found:
            wrong.append(f"{path.name} of {path.stat().st_size} bytes, cut to {place}: {answer}")
    tell(len(cases) > 1000 and not wrong, f"of {len(cases)} cuts those are found that can be", wrong)
    for end in sorted(all_of):
        print(f"  {end}: {found[end]} of {all_of[end]} found")
    tell(found[".gz"] * 2 > all_of[".gz"], "and of gzip more than half")
    if WALK:
        check_walked_cuts(cases, answers, found, all_of)


def check_walked_cuts(cases, looks_of, looked, all_of):
    wrong, found = [], {}
    walked = walks([(path, place, path.name) for path, place in cases])
    for (path, place), look, answer in zip(cases, looks_of, walked):
        end = ending(path)
        # What is walked was looked at before.
        is_found = "unsound" in (answer[0], look[2])
        want = walk_wants(path, WALK_TABLE[end][0])
        if end == ".sql" and not says_what_it_is(path.read_bytes()[:min(place, 512)]):
            want = None
        found[end] = found.get(end, 0) + is_found
        if want and not is_found:
            wrong.append(f"{path.name} of {path.stat().st_size} bytes, cut to {place}: {answer}")
    tell(not wrong, f"the walk finds each of {len(cases)} cuts that has an end to be missed", wrong)
    print("  of the cuts   looked  walked")
    for end in sorted(all_of):
        print(f"  {end:10} {all_of[end]:5} {looked[end]:5} {found[end]:5}")


def check_damage(files):
    bad = WORK / "bad"
    wrong, missed, count = [], [], 0
    page = b"<html><head><title>302 Found</title></head></html>\n"
    for path in files:
        content = path.read_bytes()
        junk = random.randbytes(512)
        whole = random.randbytes(len(content))
        rules = TABLE[ending(path)]
        for what, damaged, want in (
                ("overwritten at its beginning", junk + content[512:], rules[1]),
                ("overwritten at its end", content[:-512] + junk, wanted(path, rules[2])),
                ("a web page", page, True), ("zeroes", bytes(max(len(content), 20000)), True), ("random", whole, True),
                ("encrypted", b"Salted__" + whole, True), ("empty", b"", True)):
            bad.write_bytes(damaged)
            answer = looks([(bad, len(damaged), path.name)])[0]
            count += 1
            if want is True and answer[2] != "unsound":
                wrong.append(f"{path.name}, {what}: {answer}")
            walk_rule = {"overwritten at its end": WALK_TABLE[ending(path)][2]}.get(what)
            if WALK and walk_wants(path, walk_rule):
                walked = walks([(bad, len(damaged), path.name)])[0]
                if "unsound" not in (walked[0], answer[2]):
                    missed.append(f"{path.name}, {what}: {walked}")
    bad.unlink()
    if WALK:
        tell(not missed, "the walk finds an end that is overwritten, where there is anything to compare", missed)
    tell(count > 300 and not wrong, f"of {count} contents that are damaged or replaced those are found that can be", wrong)


try:
    main()
finally:
    shutil.rmtree(WORK, ignore_errors=True)
sys.exit(failed)
