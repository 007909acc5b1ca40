#!/usr/bin/env python3
"""tests/terminal_test.py PROGRAM FAKE_S3: what a person at a terminal sees, on a pseudo-terminal, and
what is printed off one. Prints "ok - " and "not ok - " lines."""
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
from world import World, bars, end, tell, without_escapes  # noqa: E402

PROGRAM, FAKE_S3 = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def commands(world):
    bare = world.run()
    tell(bare.returncode == 0 and "Usage: holdfast" in bare.stdout and "pull" in bare.stdout,
         "holdfast alone shows how it is used", bare)
    tell(world.run("help").stdout == bare.stdout, "so does help")
    helped = world.run("help", "restore")
    tell(helped.returncode == 0 and "--as-of" in helped.stdout, "help restore shows its options", helped)
    version = world.run("version")
    tell(version.returncode == 0 and version.stdout == world.run("--version").stdout
         and version.stdout.startswith("holdfast "), "version says what --version says", version)
    wrong = world.run("stauts")
    tell(wrong.returncode == 64 and 'there is no command "stauts"; did you mean "status"?' in wrong.stderr,
         "an unknown command is named, with the nearest", wrong)
    far = world.run("xyzzyplugh")
    tell(far.returncode == 64 and '"xyzzyplugh"; see holdfast --help' in far.stderr,
         "and where none is near none is guessed", far)
    option = world.run("restore", "site", "--nonsense")
    tell(option.returncode == 64 and "holdfast restore --help" in option.stderr,
         "an error of a command names the help of that command", option)
    source = world.run("list", "stie")
    tell(source.returncode == 64 and 'did you mean "site"?' in source.stderr,
         "an unknown source is named, with the nearest", source)
    for words in (["list", "site"], ["status"], ["--help"], ["list", "site", "--json"]):
        with open("/dev/full", "w") as full:
            got = world.run(*words, stdout=full)
        tell(got.returncode == 74 and "could not be written: No space left on device" in got.stderr,
             f"{' '.join(words)} into a full device is an error", got)


def folders(world):
    listed = world.run("list", "site", "db/").stdout
    tell(listed.count("\n") == 2 and "db/a.sql" in listed and "db/old/b.sql" in listed
         and "www.tar" not in listed, "a folder means what is below it in list", listed)
    target = world.path / "target"
    target.mkdir()
    restored = world.run("restore", "site", "db/", "--to", str(target))
    files = sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file())
    tell(restored.returncode == 0 and files == ["db/a.sql", "db/old/b.sql"], "and in restore", files)


def off_a_terminal(world):
    again = world.run("pull")
    tell((again.returncode, again.stdout, again.stderr) == (0, "", ""),
         "a clean pull off a terminal prints nothing", again)
    verified = world.run("verify")
    tell((verified.returncode, verified.stdout, verified.stderr) == (0, "", ""),
         "nor does a verify that finds all right", verified)
    listed = world.run("list", "site").stdout
    tell("KEY" not in listed and "copies" not in listed and len(listed.splitlines()) == 3,
         "list off a terminal is its lines alone", listed)
    archive = world.disk / "site/archives/www.tar"
    archive.chmod(0o640)
    archive.write_bytes(b"rotten!")
    found = world.run("verify")
    tell(found.returncode == 1 and "1 corrupt" in found.stdout and "www.tar" in found.stderr,
         "a verify that finds something says what", found)
    told = world.run("-v", "pull")
    tell("www.tar: repaired" in told.stderr, "-v names what was repaired", told)


def at_a_terminal(world):
    world.put("new/1.tar", b"x" * 3000)
    status, seen = world.at_terminal("pull")
    lines = [line for line in without_escapes(seen).splitlines() if line and "[" not in line]
    tell(status == 0 and len(lines) == 3 and "1 archive came (2.9 KiB)" in lines[0]
         and "4 archives" in lines[1] and "in 1 source;" in lines[1] and lines[2].endswith("nothing"),
         "a pull at a terminal ends with three lines: what came, what is held, what needs you", seen)
    tell("\x1b[32mnothing\x1b[0m" in seen, "the last of them has one word in green", seen)
    _, plain = world.at_terminal("pull", NO_COLOR="1")
    tell("\x1b[3" not in plain, "NO_COLOR is honoured", plain)
    _, dumb = world.at_terminal("pull", TERM="dumb")
    tell("\x1b" not in dumb and "nothing new" in dumb, "a dumb terminal gets no escape codes", dumb)
    _, listed = world.at_terminal("list", "site")
    lines = listed.splitlines()
    tell("BYTES" in lines[0] and lines[0].endswith("KEY") and lines[-1].startswith("4 copies, "),
         "list has a header and a total at a terminal", listed)
    world.put("new/2.tar", b"y")
    told = world.run("-v", "pull")
    tell("new/2.tar: came (1 byte, verified by " in told.stderr, "-v names what came", told)


def progress(world):
    for number in range(6):
        world.put(f"big/with-a-long-name-for-narrow-terminals-{number}.tar", os.urandom(120_000))
    for columns in (40, 60, 80, 200):
        world.put(f"big/of-{columns}-columns.tar", os.urandom(150_000))
        status, seen = world.at_terminal("pull", columns=columns)
        drawn = bars(seen)
        longest = max(map(len, drawn), default=0)
        tell(status == 0 and drawn and longest < columns,
             f"the bar fits a terminal of {columns} columns ({len(drawn)} drawn, up to {longest} wide)", seen)
        tell(any("tar" in bar for bar in drawn), "and names the archive at work", drawn)
    for number in range(16):
        world.put(f"count/{number}.tar", os.urandom(60_000))
    _, seen = world.at_terminal("pull", columns=120)
    counts = {bar.split("] ")[1].split("/")[0] for bar in bars(seen)}
    tell(len(counts) > 2, f"what has been received is counted as it comes: {sorted(counts)}", seen)
    status, seen = world.at_terminal("verify", "--all")
    tell(status == 0 and "all are right" in seen, "verify at a terminal says that all is right", seen)


def shape(line):
    """What stays of a line when its figures, names and paths are others."""
    line = re.sub(r"\[[#.]+\]", "[]", without_escapes(line))
    line = re.sub(r"holdfast on \S+:", "holdfast on HOST:", line)
    line = re.sub(r"(?<= )/\S+ \(\w+\)", "PATH", line)
    line = re.sub(r"\d+(\.\d+)?( (bytes?|[KMGT]iB))?", "N", line)
    return re.sub(r"\.\.\.\S+|db/\S+", "KEY", line).rstrip()


def recording(world):
    """The README's session at a terminal, once more."""
    for day in (21, 22, 23):
        world.put(f"db/shop-2026-11-{day}.sql.zst", os.urandom(300_000))
    seen = []
    for words in (["pull", "--dry-run"], ["pull"], ["status"]):
        seen += [f"$ holdfast {' '.join(words)}"]
        seen += re.split(r"[\r\n]+", world.at_terminal(*words)[1])
    shapes = {shape(line) for line in seen}
    readme = pathlib.Path(__file__).resolve().parent.parent / "README.md"
    recorded = re.search(r"```console\n(.*?)```", readme.read_text(), re.S).group(1).splitlines()
    strange = [line for line in recorded if shape(line) not in shapes]
    tell(len(recorded) > 20 and not strange, "a pull at a terminal looks as the README shows it", strange, seen)


def questions(world):
    world.configure(source="tripwire = off\n")
    for key in ("db/a.sql", "db/old/b.sql"):
        world.put(key, b"another content")
    tell(world.run("pull").returncode == 1, "two archives changed")
    status, seen = world.at_terminal("accept", "site", "db/", answer="n\n")
    tell(status == 64 and "quarantined content of 2 archives" in seen and "nothing was changed" in seen,
         "accept of a folder says how many, and asks", seen)
    status, seen = world.at_terminal("ack", "site", "db/old/*", answer="y\n")
    tell(status == 0 and "acknowledge 1 alarm?" in seen and "1 alarm acknowledged" in seen,
         "ack takes a glob, says how many, and asks", seen)
    status, seen = world.at_terminal("accept", "site", "db/**", answer="y\n")
    tell(status == 0 and "2 archives accepted" in seen, "a yes accepts them", seen)
    tell((world.disk / "site/archives/db/a.sql").read_bytes() == b"another content",
         "and the new content is the trusted one")
    tell(world.run("pull").returncode == 0, "then all is well again")
    none = world.run("accept", "site", "nothing/**")
    tell(none.returncode == 64 and "nothing in quarantine matches" in none.stderr, "a glob that matches nothing is refused", none)


def overlap(world):
    world.put("slow.tar", os.urandom(500_000))
    first = world.start("pull")
    time.sleep(1.5)
    second = world.run("pull")
    tell((second.returncode, second.stdout, second.stderr) == (75, "", ""),
         "a second pull says nothing off a terminal, and ends with 75", second)
    status, seen = world.at_terminal("pull")
    tell(status == 75 and f"(pid {first.pid})" in seen and "since 2" in seen,
         "at a terminal it says which process is at work, and since when", seen)
    for words in (["status"], ["list", "site"], ["restore", "site", "**", "--to", str(world.path), "--list"]):
        got = world.run(*words)
        tell(got.returncode in (0, 64) and "another holdfast" not in got.stderr,
             f"{words[0]} works beside a pull", got)
    tell(first.poll() is None, "(the first pull was at work all the while)")
    acked = world.run("ack", "site")
    tell(acked.returncode == 0 and first.poll() is not None, "ack waits for its turn", acked)
    first.wait()


def everything(world):
    for key in ("db/a.sql", "db/old/b.sql", "www.tar"):
        world.put(key)
    first = world.run("pull")
    tell(first.returncode == 0, "the first pull", first)
    commands(world)
    folders(world)
    off_a_terminal(world)
    at_a_terminal(world)
    questions(world)
    progress(world)
    relative = world.path / "other"
    relative.mkdir()
    made = subprocess.run([PROGRAM, "init", "other"], cwd=world.path, capture_output=True, text=True, check=False)
    tell(made.returncode == 0 and f"path = {relative.resolve()}" in made.stdout, "init takes a relative path", made)


for scene, rate in ((everything, 200_000), (overlap, 100_000), (recording, 400_000)):
    place = World(PROGRAM, FAKE_S3, "--bytes-per-second", str(rate))
    try:
        scene(place)
    finally:
        place.close()
end()
