"""Checks the links of the built pages: files and anchors must be there, addresses elsewhere well-formed (they are not
visited).

Usage: python tools/links.py FOLDER
"""

import pathlib
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, and where it leads."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links = set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors.update(attributes[name] for name in ("id", "name") if attributes.get(name))
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name) is not None]


def main(folder):
    root = pathlib.Path(folder).resolve()
    pages = {path: Page(path) for path in sorted(root.rglob("*.html"))}
    if not pages:
        sys.exit(f"There are no pages in {folder}.")
    problems, checked = [], 0
    for path, page in pages.items():
        # The page that is shown for others' addresses has the site's own in its links.
        if path.name == "404.html":
            continue
        for link in page.links:
            checked += 1
            problem = look(root, path, link, pages)
            if problem:
                problems.append(f"{path.relative_to(root)}: {link}: {problem}")
    print("\n".join(problems + [f"{checked} links on {len(pages)} pages, {len(problems)} broken"]))
    return 1 if problems else 0


def look(root, path, link, pages):
    """What is wrong with a link on a page, or None."""
    if link != link.strip() or " " in link:
        return "has blanks"
    parts = urlsplit(link)
    if parts.scheme in ("data", "mailto"):
        return None
    if parts.scheme or parts.netloc:
        good = parts.scheme in ("http", "https", "") and "." in (parts.hostname or "")
        return None if good else "is no address"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(root) or not target.exists():
        return "leads nowhere"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "has no such anchor"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
