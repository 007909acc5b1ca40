#!/usr/bin/env python3
"""The rules of the house that a compiler does not see: who may include whom, which foreign API comes
in by which door, and that no header includes itself by a detour. Prints "ok - " and "not ok - " lines."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAY_SEE = {"store": {"store"}, "s3client": {"s3client"}, "agent": {"agent", "store", "s3client"}}
DOORS = {
    "curl/": {"s3client/curl_transport.cc"},
    "expat.h": {"s3client/xml_reader.cc"},
    "xxhash.h": {"store/content/xxhash.cc"},
    "nlohmann/": {"store/json.cc"},
    "sqlite3.h": {"store/ledger/database.cc", "store/ledger/database_error.cc", "store/ledger/database_vfs.cc"},
    "ini.h": {"agent/config/config_file.cc"},
    "regex.h": {"agent/config/series_expression.cc", "agent/config/series_expression.h"},
    "spawn.h": {"agent/base/child_process.cc"},
    "seccomp.h": {"agent/walk/walk_cage.cc"},
    "archive.h": {"agent/walk/archive_library.h"},
    "dlfcn.h": {"agent/walk/archive_library.cc"},
    "zlib.h": {"agent/walk/walk_gzip.cc", "store/content/crc.cc"},
    "zstd.h": {"agent/walk/walk_zstd.cc", "agent/walk/walk_libraries.cc"},
    "lzma.h": {"agent/walk/walk_xz.cc", "agent/walk/walk_libraries.cc"},
    "bzlib.h": {"agent/walk/walk_bzip2.cc", "agent/walk/walk_libraries.cc"},
    "lz4frame.h": {"agent/walk/walk_lz4.cc"},
    "openssl/": {"s3client/sigv4.cc", "store/content/digest.cc"},
}
INCLUDE = re.compile(r'^\s*#include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
failed = False


def tell(good, claim, offenders=()):
    global failed
    print(f"{'ok' if good else 'not ok'} - {claim}")
    for offender in offenders:
        print(f"  {offender}")
    failed = failed or not good


files = {
    str(path.relative_to(ROOT)): [match.group(2) for match in INCLUDE.finditer(path.read_text())]
    for folder in MAY_SEE for path in sorted((ROOT / folder).rglob("*.*"))
    if path.suffix in (".cc", ".h")
}
tell(len(files) > 100, f"{len(files)} files were looked at")

# The design card, and what every project has. A clean checkout has nothing else.
TOP = {"CMakeLists.txt", "agent", "s3client", "store", "cross", "tests", "deploy", "README.md",
       "ARCHITECTURE.md", "LICENSE", "CHANGELOG.md"}
listed = subprocess.run(["git", "-C", str(ROOT), "ls-tree", "--name-only", "HEAD"], capture_output=True,
                        text=True, check=False)
tracked = listed.stdout.split("\n") if listed.returncode == 0 else [
    path.name for path in ROOT.iterdir() if path.name != "build"]
extra = [name for name in tracked if name and not name.startswith(".") and name not in TOP]
tell(TOP <= set(tracked) and not extra, "the top level has what the design card names", extra)



def sees(top):
    """What each folder of `top` may include besides itself, out of its CMakeLists.txt."""
    direct = {}
    for path in sorted((ROOT / top).glob("*/CMakeLists.txt")):
        text = path.read_text()
        match = re.search(top + r"_library\((\w+)\n(?:\s+SEES ([\w ]+)\n)?", text)
        direct[match.group(1)] = set((match.group(2) or "").split())
    order = [name for name in re.findall(r"add_subdirectory\((\w+)\)", (ROOT / top / "CMakeLists.txt").read_text())]
    closed = {}
    for name in order:  # one that sees what comes later is a KeyError
        closed[name] = {name}.union(*(closed[other] for other in direct[name]))
    return closed


for top in ("agent", "store"):
    allowed = sees(top)
    climbers = [
        f"{name} includes {included}" for name, includes in files.items() for included in includes
        if name.startswith(top + "/") and included.startswith(top + "/") and included.count("/") == 2
        and included.split("/")[1] not in allowed[name.split("/")[1]]]
    tell(len(allowed) > 3 and not climbers,
         f"the {len(allowed)} folders of {top} include only what their libraries see", climbers)

strangers = [
    f"{name} includes {included}" for name, includes in files.items() for included in includes
    if included.split("/")[0] in {*MAY_SEE, "tests"}
    and included.split("/")[0] not in MAY_SEE[name.split("/")[0]]
]
tell(not strangers, "store and s3client know nothing but themselves, and nobody knows the tests", strangers)

for door, allowed in DOORS.items():
    users = {name for name, includes in files.items() for included in includes
             if included == door or (door.endswith("/") and included.startswith(door))}
    tell(users <= allowed and users, f"{door} comes in by its door only", sorted(users - allowed))


# What could write upstream is asked in one file, which only the audit reaches.
WRITES = re.compile(r'"(PUT|POST|DELETE|PATCH)"')
writers = {name for name in files if WRITES.search((ROOT / name).read_text())}
tell(writers == {"s3client/leash.cc", "s3client/curl_transport.cc", "s3client/transport.h"},
     "one file makes requests that are no GET or HEAD", sorted(writers))
askers = {name for name, includes in files.items()
          if {"s3client/leash.h", "agent/commands/audit_leash.h"} & set(includes)}
tell(askers == {"s3client/leash.cc", "agent/commands/audit_leash.h", "agent/commands/audit_leash.cc",
                "agent/commands/audit_command.cc"}, "only the audit asks them", sorted(askers))
linkers = [str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/CMakeLists.txt")
           for line in path.read_text().splitlines()
           if "s3client_leash" in line and "_link_libraries(" in line
           and not line.startswith("target_link_libraries(s3client_leash")]
tell([name for name in linkers if name != "tests/CMakeLists.txt"] == ["agent/commands/CMakeLists.txt"],
     "and only the audit links them", linkers)


# What unpacks is linked by the program, which shuts it in; what may not be shut in never sees it.
CODECS = {"archive.h", "archive_entry.h", "zstd.h", "lzma.h", "bzlib.h", "lz4frame.h"}
unpackers = {name for name, includes in files.items() if CODECS & set(includes)}
tell(unpackers and all(name.startswith("agent/walk/") for name in unpackers),
     "what unpacks is only in the library of the cage", sorted(unpackers))


def circle(name, path):
    if name in path:
        return path[path.index(name):] + [name]
    if name in done:
        return None
    for included in files.get(name, []):
        found = circle(included, path + [name])
        if found:
            return found
    done.add(name)
    return None


done = set()
circles = [found for found in (circle(name, []) for name in files) if found]
tell(not circles, "no header includes itself by a detour", [" > ".join(c) for c in circles])

# What lies on a disk is written down.
pages = (ROOT / "store/FORMAT.md").read_text()
schema = "".join(path.read_text() for path in sorted((ROOT / "store/ledger").glob("migrations_*.h")))
tables = set(re.findall(r"CREATE TABLE (\w+)", schema)) - set(re.findall(r"DROP TABLE (\w+)", schema)) | {"pending"}
untold = sorted(table for table in tables if f"`{table}`" not in pages)
tell(len(tables) > 20 and not untold, f"store/FORMAT.md tells of all {len(tables)} tables", untold)
kinds = re.findall(r'Kind::k\w+, "(\w+)"', (ROOT / "store/custody/manifest_line.cc").read_text())
untold = [kind for kind in kinds if f'"what":"{kind}"' not in pages]
tell(len(kinds) > 5 and not untold, f"and of all {len(kinds)} kinds of manifest lines", untold)

# The linker takes either of two types of one name, without a word.
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: :[^;{]*)?\s*\{", re.MULTILINE)
owners = {}
for name in files:
    if name.endswith(".h"):
        for match in TYPE.finditer((ROOT / name).read_text()):
            owners.setdefault((name.split("/")[0], match.group(1)), []).append(name)
twins = [f"{folder}: {name} is in {', '.join(where)}" for (folder, name), where in owners.items()
         if len(where) > 1]
tell(owners and not twins, "no two headers of a library give one name to two types", twins)

# One name, one type, in the whole program: s3::Time beside store::Time had to be read twice. What the
# two libraries that never see each other both need is meant to be alike.
ALIKE = {"Error", "ErrorKind"}
ALIAS = re.compile(r"^using (\w+) = (?:\w+::)*(\w+);", re.MULTILINE)
everywhere = {}
for (folder, name), where in owners.items():
    everywhere.setdefault(name, []).extend(where)
for name in files:
    if name.endswith(".h"):
        for alias, meant in ALIAS.findall((ROOT / name).read_text()):
            if alias != meant:
                everywhere.setdefault(alias, []).append(name)
twins = [f"{name} is in {', '.join(where)}" for name, where in everywhere.items()
         if len(where) > 1 and name not in ALIKE]
tell(not twins, "and no two of the program", twins)

# ARCHITECTURE.md, "Words": what once stood for several things does not come back, neither as a name nor in one.
WORDS = {
    "kMost, kLeast": re.compile(r"\bk(?:Most|Least)(?:[A-Z]\w*)?\b"),
    "take": re.compile(r"\btake(?:_\w+)?\s*(?=[(<])|\b\w*Takes?r?(?:[A-Z]\w*)?\b(?=[ &*(>{;:])"),
    "judge": re.compile(r"\b\w*(?:judge_|_judge|[a-z]Judge|Judge[a-z]*)\w*\b|\bjudged?\b|\bjudgement\b"),
    "beside": re.compile(r"\b(?:\w*_)?besides?(?:_\w*)?\b|\b\w*Beside\w*\b"),
    "keeper": re.compile(r"\b\w*[Kk]eeper\w*\b"),
    "freshness, housekeeping": re.compile(r"\b(?:freshness|housekeeping|expiry_watch|ExpiryWatch)\w*\b"),
}
JUDGE = re.compile(r"\bjudge(?:_guess|_doubt)?\(")  # agent/proof/judge.h, and who asks it
NOT_CODE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"')
COMMENT = re.compile(r"//[^\n]*")
strays = []
for name in files:
    code = NOT_CODE.sub("", JUDGE.sub("", re.sub(r"^#include.*$", "", (ROOT / name).read_text(), flags=re.MULTILINE)))
    strays += [f"{name}: {match.group(0)}" for word in WORDS.values() for match in word.finditer(code)]
tell(not strays, f"{len(WORDS)} words that had several meanings have not come back", strays)

# Nor in what headers say. "take" and "beside" are words of English too; a series is what the key of that name says.
SAID = {
    **{word: WORDS[word] for word in ("kMost, kLeast", "judge", "keeper", "freshness, housekeeping")},
    "series": re.compile(r"\bseries\b"),
}
NAMED = re.compile(r"`[^`\n]*`")
strays = []
for name in files:
    if name.endswith(".h"):
        said = JUDGE.sub("", NAMED.sub("", "\n".join(COMMENT.findall((ROOT / name).read_text()))))
        strays += [f"{name}: {match.group(0)}" for word in SAID.values() for match in word.finditer(said)]
tell(not strays, f"and {len(SAID)} of them not in the comments of headers", strays)

# Who renames a function finds its name in no comment by himself.
FOREIGN = {"exec", "openat2", "install"}  # exec(3), openat2(2), CMake's
HOUSES = ("agent", "store", "s3client", "tests")
sources = {path: path.read_text() for house in HOUSES for path in sorted((ROOT / house).rglob("*.*"))
           if path.suffix in (".cc", ".h")}
code = "\n".join(NOT_CODE.sub("", text) for text in sources.values())
functions = set(re.findall(r"\b(\w+)\s*(?:<[^;{}()]*>)?\(", code)) | FOREIGN
scopes = set(re.findall(r"\b(?:class|struct|namespace|using)\s+((?:\w+::)*\w+)", code))
scopes = {part for scope in scopes for part in scope.split("::")}
pages_and_comments = {"ARCHITECTURE.md": (ROOT / "ARCHITECTURE.md").read_text(), "store/FORMAT.md": pages}
pages_and_comments |= {str(path.relative_to(ROOT)): "\n".join(COMMENT.findall(text)) for path, text in sources.items()}
mentioned = [(name, match) for name, text in pages_and_comments.items()
             for match in re.finditer(r"((?:\w+::)*)(\w+)\(\)", text)]
gone = [f"{name}: {match.group(0)}" for name, match in mentioned
        if match.group(2) not in functions or not set(match.group(1).split("::")) <= scopes | {""}]
tell(len(mentioned) > 200 and not gone,
     f"there is each of the {len(mentioned)} functions that pages and comments name", gone)

# Who has to scroll through more reads it in pieces.
LONGEST = 400
lengths = {name: (ROOT / name).read_text().count("\n") for name in files}
long = [f"{name} has {lines}" for name, lines in lengths.items() if lines > LONGEST]
tell(not long, f"no file has more than {LONGEST} lines", long)

# A map that names what is not there is worse than none.
PLACE = re.compile(r"`((?:agent|store|s3client|tests|deploy|cross)/[\w/.*-]+)`")
lost = sorted({place for page in ("ARCHITECTURE.md", "README.md", "store/FORMAT.md")
               for place in PLACE.findall((ROOT / page).read_text()) if not any(ROOT.glob(place.rstrip("/")))})
tell(not lost, "every file and folder that ARCHITECTURE.md, README.md and store/FORMAT.md name is there", lost)

unnamed = [name for name in MAY_SEE
           for source in sorted((ROOT / name).rglob("*.cc"))
           if source.name not in "".join(path.read_text() for path in (ROOT / name).rglob("CMakeLists.txt"))]
tell(not unnamed, "every source file is built", unnamed)
sys.exit(failed)
