#!/usr/bin/env python3
"""tests/walk_test.py WALK [HOLDFAST FAKE_S3]: the cage in which archives are opened holds, whatever is in them:
bombs, what needs too much memory, and a thousand archives that were changed at random. WALK is
build/.../tests/support/holdfast-walk; with the other two a pull and `verify --open` go through the worst of
them. Prints "ok - " and "not ok - " lines."""
import gzip
import io
import lzma
import pathlib
import random
import resource
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib

from support.world import World, end, tell

WALK = pathlib.Path(sys.argv[1]).resolve()
PLACE = tempfile.TemporaryDirectory(prefix="holdfast-walk-")
WORK = pathlib.Path(PLACE.name)
GIB = 1 << 30
random.seed(20261130)


def walks(paths, *limits):
    """(verdict, form, inner, members, bytes, tables, proved, why) of each."""
    lines = "".join(f"{path}\t{path.stat().st_size}\n" for path in paths)
    done = subprocess.run([WALK, *limits], input=lines, text=True, check=True, stdout=subprocess.PIPE)
    answers = [tuple(line.split("\t")) for line in done.stdout.splitlines()]
    assert len(answers) == len(paths) and all(len(answer) == 8 for answer in answers)
    return answers


def put(name, content):
    path = WORK / name
    path.write_bytes(content)
    return path


def check_cage():
    def attempt(what):
        done = subprocess.run([WALK, "--try", what], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=60)
        return done.returncode, done.stdout.strip()

    tell(attempt("nothing") == (0, "done"), "in the cage a process can take memory, and answer", attempt("nothing"))
    for what in ("open", "socket", "exec", "fork", "kill", "write", "read", "code", "file"):
        got = attempt(what)
        tell(got == (-signal.SIGSYS, ""), f"it dies of what it may not do: {what}", got)
    got = attempt("time")
    tell(got == (-signal.SIGXCPU, ""), "and of taking too much time", got)
    got = attempt("memory")
    if got == (0, "unbounded"):
        print("skipped - memory is not bounded where the address sanitizer is")
    else:
        tell(got == (0, "failed"), "more memory than there is for it is not given", got)
    return got != (0, "unbounded")


def zeroes(gib):
    member = gzip.compress(bytes(16 << 20), 9, mtime=0)
    return member * (gib * GIB >> 24)


def zip_bomb(files, overlapping):
    """Entries of 64 MiB of zeroes; `overlapping`: all of them name the same bytes."""
    content = bytes(64 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    crc = zlib.crc32(content)
    name = b"0"
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(packed), len(content), len(name), 0) + name
    one = local + packed
    members = one if overlapping else one * files
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(packed), len(content), len(name), 0, 0, 0,
                    0, 0, 0 if overlapping else i * len(one)) + name for i in range(files))
    end_record = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, files, files, len(directory), len(members), 0)
    return members + directory + end_record


def check_bombs():
    nested = zeroes(1)
    for _ in range(3):
        nested = gzip.compress(nested, mtime=0)
    bombs = [put("zeroes.gz", zeroes(10)), put("overlap.zip", zip_bomb(60000, True)), put("nested.gz", nested)]
    began = time.monotonic()
    answers = walks(bombs)
    took = time.monotonic() - began
    print(f"  {took:.0f} s, {[path.stat().st_size for path in bombs]} bytes: {[a[7] for a in answers]}")
    tell(answers[0][0] == "not judged" and answers[0][7] == "it unpacks to more than 8.0 GiB",
         "ten GiB of zeroes in gzip are a bomb", answers[0])
    tell(int(answers[1][4]) <= 64 << 20, "entries of a zip that are the same bytes are unpacked once", answers[1])
    tell(answers[2][0] == "sound" and int(answers[2][4]) < 64 << 20, "what is nested is opened once", answers[2])
    many = walks([put("many.zip", zip_bomb(100, False))], f"unpacked={GIB}")[0]
    tell(many[0] == "not judged" and many[7] == "it unpacks to more than 1.0 GiB", "many entries are a bomb", many)
    slow = walks([bombs[0]], "cpu=1", "each_mib=0")[0]
    tell(slow[0] == "not judged" and "of processor time" in slow[7], "and it ends when its time is over", slow)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"  the largest process took {peak >> 10} MiB")
    return bombs


def check_memory():
    text = random.randbytes(1 << 20)
    large = put("large.xz", lzma.compress(text, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}]))
    small = put("small.xz", lzma.compress(text, preset=6))
    # A frame that asks for 2 GiB, as `zstd --long=31` does, and another one that is content with 8 MiB.
    frame = b"\x28\xB5\x2F\xFD\x00%c" + struct.pack("<I", (len(b"sound") << 3) | 1)[:3] + b"sound"
    huge = put("huge.zst", frame.replace(b"%c", bytes([(31 - 10) << 3])))
    usual = put("usual.zst", frame.replace(b"%c", bytes([(23 - 10) << 3])))
    answers = walks([large, small, huge, usual])
    tell(answers[0][0] == "not judged" and "its dictionary needs" in answers[0][7],
         "a dictionary of 512 MiB in xz is not judged", answers[0])
    tell(answers[2][0] == "not judged" and answers[2][7] == "its dictionary needs 2.0 GiB",
         "nor is one of 2 GiB in zstd", answers[2])
    tell(answers[1][0] == "sound" and answers[3][0] == "sound", "and usual ones are sound", answers)
    got = walks([large], f"memory={2 * GIB}")[0]
    tell(got[0] == "sound", "where there is more memory, a large one is as well", got)


def archives():
    members = [(f"f{i}", random.randbytes(300) + b"text " * 200) for i in range(8)]
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    made = {"tar": tar.getvalue(), "zip": packed.getvalue(), "tar.gz": gzip.compress(tar.getvalue(), mtime=0),
            "tar.xz": lzma.compress(tar.getvalue())}
    (WORK / "in.tar").write_bytes(tar.getvalue())
    for name, tool in (("7z", "7z a -bd out.7z in.tar"), ("tar.zst", "zstd -qf in.tar -o out.tar.zst"),
                       ("tar.bz2", "bzip2 -kc in.tar >out.tar.bz2"), ("tar.lz4", "lz4 -qf in.tar out.tar.lz4"),
                       ("cpio", "echo in.tar | cpio -o -H newc --quiet >out.cpio")):
        subprocess.run(tool, shell=True, cwd=WORK, check=True, stdout=subprocess.DEVNULL)
        made[name] = (WORK / f"out.{name}").read_bytes()
    return made


def mutated(content):
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        at = random.randrange(len(content))
        kind = random.randrange(4)
        if kind == 0:
            content[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            content[at:at + 4] = random.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", random.randbytes(4)))
        elif kind == 2:
            other = random.randrange(len(content))
            content[at:at + 64] = content[other:other + 64]
        else:
            del content[at:at + random.randrange(1, 64)]
    return bytes(content)


def check_mutations():
    made = archives()
    whole = walks([put(f"whole.{name}", content) for name, content in made.items()])
    tell(all(answer[0] == "sound" for answer in whole), "archives are sound before they are changed", whole)
    names = list(made)
    paths = [put(f"m{i}.{names[i % len(names)]}", mutated(made[names[i % len(names)]])) for i in range(1000)]
    began = time.monotonic()
    answers = walks(paths)
    took = time.monotonic() - began
    verdicts = {verdict: sum(answer[0] == verdict for answer in answers) for verdict in ("sound", "unsound", "not judged")}
    died = [(path.name, answer) for path, answer in zip(paths, answers) if "died" in answer[7]]
    print(f"  {took:.0f} s: {verdicts}, {len(died)} died: {[one[1][7] for one in died[:5]]}")
    tell(sum(verdicts.values()) == 1000 and took < 300, "a thousand archives that were changed are each answered")
    tell(verdicts["unsound"] > 700, "and most of them are unsound", verdicts)
    packed = [(path.name, answer) for path, answer in zip(paths, answers)
              if answer[0] == "sound" and answer[6] and path.name.endswith((".gz", ".xz", ".bz2"))]
    tell(len(packed) < 20, "of those with a check sum of all next to none passes", packed)
    return paths


def check_program(holdfast, fake_s3, bombs, mutations):
    world = World(holdfast, fake_s3)
    world.configure(source="soundness = full\n")
    for path in [*bombs, *mutations[:100]]:
        world.put(f"night/{path.name}", path.read_bytes())
    done = world.run("pull")
    tell(done.returncode in (0, 1), "a pull of all that ends with an alarm at most", done.returncode, done.stderr[-500:])
    held = len([path for path in (world.disk / "site/archives").rglob("*") if path.is_file()])
    tell(held == len(bombs) + 100, "and all of it is held", held)
    done = world.run("verify", "--open", "--json")
    tell(done.returncode == 1 and '"interrupted":false' in done.stdout, "verify --open goes through it",
         done.returncode, done.stdout, done.stderr[-500:])
    tell(world.run("verify", "--all").returncode == 0, "and nothing of it was touched")
    world.put("good/2026-11-30.tar.gz", (WORK / "whole.tar.gz").read_bytes())
    world.put("dump/2026-11-30.tar.gz", (WORK / "whole.tar.gz").read_bytes()[:-9])
    done = world.run("pull")
    tell(done.returncode == 1 and "dump/2026-11-30.tar.gz" in done.stderr and "good/" not in done.stderr,
         "an archive that does not open is named, and a sound one is not", done.stderr[-800:])


def check_without_library(holdfast):
    """What walks says so where its library is not there any more."""
    if "static" in subprocess.run([holdfast, "--version", "-v"], check=True, stdout=subprocess.PIPE, text=True).stdout:
        return
    broken = WORK / "broken"
    broken.mkdir()
    (broken / "libarchive.so.13").write_bytes(b"")
    with open(WORK / "whole.tar.gz", "rb") as content:
        size = (WORK / "whole.tar.gz").stat().st_size
        done = subprocess.run([holdfast, "(walk)", str(size), str(64 << 20), str(GIB), "1000", "30"], stdin=content,
                              stdout=subprocess.PIPE, text=True, env={"LD_LIBRARY_PATH": str(broken)})
    tell(done.returncode == 0 and "verdict 2\ncause 3\n" in done.stdout and "libarchive.so.13 cannot be opened" in done.stdout and "install" in done.stdout,
         "without libarchive nothing is called unsound, and it is said what is missing", done.returncode, done.stdout)


bounded = check_cage()
the_bombs = check_bombs()
if bounded:
    check_memory()
the_mutations = check_mutations()
if len(sys.argv) > 3:
    check_without_library(sys.argv[2])
    check_program(*(str(pathlib.Path(one).resolve()) for one in sys.argv[2:4]), the_bombs, the_mutations)
end()
