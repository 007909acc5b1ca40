"""Prints what tests/words.sh says: each text of the code that reads like words for a person, joined where
it stands in pieces, and the lines of the manual and the README."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LITERAL = re.compile(r'R"(\w*)\((.*?)\)\1"|"((?:[^"\\\n]|\\.)*)"', re.DOTALL)
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/', re.DOTALL)
TOKEN = re.compile(COMMENT.pattern + "|" + r"'(?:[^'\\]|\\.)'" + "|" + LITERAL.pattern, re.DOTALL)
SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|PRAGMA|WITH|ATTACH|VACUUM|ORDER BY|AND |WHERE)\b"
                 r"|\b(FROM \w+|source_id|NOT NULL|INTEGER)\b")
FOLDERS = ("agent", "store", "s3client")


def texts(source):
    """Each text with its pieces joined: those with nothing but blanks and comments between them."""
    joined, end, raw = "", None, False
    for match in TOKEN.finditer(source):
        if match.group(2) is None and match.group(3) is None:
            continue
        between = COMMENT.sub("", source[end:match.start()]) if end is not None else ""
        if end is not None and between.strip() == "":
            joined += match.group(3) if match.group(2) is None else match.group(2)
        else:
            if end is not None:
                yield joined
            joined = match.group(3) if match.group(2) is None else match.group(2)
        end = match.end()
    if end is not None:
        yield joined


def is_for_people(text):
    return bool(re.search(r"[a-z]{2,} [a-z]{2,}|[a-z]{2} \{|\} [a-z]{2}", text)) and not SQL.search(text)


def paragraphs(text):
    """Of Markdown: each paragraph, list item and row of a table on a line; without the examples."""
    line = ""
    fenced = False
    for one in text.splitlines() + [""]:
        if one.startswith("```"):
            fenced = not fenced
        begins = re.match(r"\s*([-*] |\d+\. |\||#|$)", one)
        if (begins or fenced) and line:
            yield line
            line = ""
        if not fenced and not one.startswith("```"):
            line = f"{line} {one.strip()}".strip()
    if line:
        yield line


for folder in FOLDERS:
    for path in sorted((ROOT / folder).rglob("*.*")):
        if path.suffix not in (".cc", ".h"):
            continue
        source = re.sub(r'#include[^\n]*', "", path.read_text())
        for text in texts(source):
            if is_for_people(text):
                print(f"{path.relative_to(ROOT)}: " + text.replace("\n", " "))
for path in [ROOT / "README.md", ROOT / "deploy" / "guide.md", *sorted((ROOT / "deploy" / "man").glob("*.md"))]:
    for text in paragraphs(path.read_text()):
        if is_for_people(text):
            print(f"{path.relative_to(ROOT)}: {text}")
