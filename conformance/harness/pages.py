"""The pages of `docs/clients`: every block of code on them is a region of a file that a suite runs.

Above a block stands `<!-- FILE#REGION -->`. In FILE the region begins after a line with `docs: REGION` in a comment and
ends before one with `docs: end`.
"""
import pathlib
import re
import textwrap

from .claims import Broken

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = ROOT / "docs" / "clients"
FENCED = re.compile(r"^(?:<!-- (?P<file>[^\s#]+)#(?P<region>[\w-]+) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.S | re.M)


def pages():
    return sorted(PAGES.glob("*.md"))


def region(file, name):
    """The lines of a region, without the indentation that they share."""
    lines = (ROOT / file).read_text().splitlines(keepends=True)
    begins = [n for n, line in enumerate(lines) if re.search(rf"\bdocs: {name}\s*$", line)]
    if len(begins) != 1:
        raise Broken(f"{file} has {len(begins)} regions `{name}`")
    ends = [n for n, line in enumerate(lines) if n > begins[0] and re.search(r"\bdocs: end\s*$", line)]
    if not ends:
        raise Broken(f"the region `{name}` of {file} does not end")
    return textwrap.dedent("".join(lines[begins[0] + 1:ends[0]])).strip("\n") + "\n"  # gofmt sets an empty line before the end


def blocks(page):
    """Every block of code on a page: its file and region (None where it does not say), and its text."""
    return [(b["file"], b["region"], b["code"]) for b in FENCED.finditer(page.read_text())]


def written(page):
    """The page's text with every block as its file has it."""
    def renewed(block):
        if not block["file"]:
            return block[0]
        return f"<!-- {block['file']}#{block['region']} -->\n```{block['language']}\n{region(block['file'], block['region'])}```"
    return FENCED.sub(renewed, page.read_text())
