"""What MkDocs calls to build the website: it adds the API reference, the repository's own pages, and linked files."""

import pathlib
import re
import sys

from mkdocs.structure.files import File

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import names  # noqa: E402 - MkDocs does not look in this folder

STYLE = pathlib.Path(__file__).with_name("site.css")
#: Pages of the repository's root -> pages of the site.
PAGES = {"CONTRIBUTING.md": "contributing.md", "SECURITY.md": "reporting.md", "CHANGELOG.md": "changes.md"}
#: Public names that belong to the standard library -> what the reference says about them.
BORROWED = {
    "microdot.microdot.print_exception":
        "`traceback.print_exception()` on CPython, `sys.print_exception()` on MicroPython.",
}
_LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config):
    """Add the API reference to the navigation."""
    reference = [{module: f"reference/{module}.md"} for module in names.modules()]
    config.nav.append({"API reference": reference})
    return config


def on_files(files, config):
    """Add the pages and files that are not in `docs`."""
    files.append(File.generated(config, "assets/site.css", abs_src_path=str(STYLE)))
    for module, path in names.modules().items():
        files.append(File.generated(config, f"reference/{module}.md", content=reference_page(module, path)))
    for source, page in PAGES.items():
        content = rewrite((names.ROOT / source).read_text(), names.ROOT)
        files.append(File.generated(config, page, content=content))
    for target in sorted(linked_files()):
        path = names.ROOT / target
        files.append(File.generated(config, f"source/{target}", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, **kwargs):
    """Let links to files of the repository lead to their copies on the site."""
    if page.file.generated_by:
        return markdown
    return rewrite(markdown, pathlib.Path(page.file.abs_src_path).parent)


def reference_page(module, path):
    """Return the page of a module in the API reference."""
    options = ["    options:", "      members: false", "      show_root_heading: false"]
    lines = [f"# {module}", "", f"::: {module}", *options, ""]
    for name in names.names(path):
        borrowed = BORROWED.get(f"{module}.{name}")
        lines += [f"## {name}", "", borrowed, ""] if borrowed else [f"::: {module}.{name}", ""]
    return "\n".join(lines)


def linked_files():
    """Return the repository's files outside of `docs` to which pages link."""
    found = set()
    for page in [*(names.ROOT / "docs").glob("*.md"), *(names.ROOT / source for source in PAGES)]:
        for link in _LINK.finditer(page.read_text()):
            target = inside(link[1], page.parent)
            if target and target not in PAGES and not target.startswith("docs/"):
                found.add(target)
    return {target for target in found if (names.ROOT / target).is_file()}


def inside(link, folder):
    """Return the path in the repository to which a link in a page of *folder* leads, None if it leads elsewhere."""
    if "://" in link or link.startswith("mailto:"):
        return None
    try:
        return (folder / link).resolve().relative_to(names.ROOT).as_posix()
    except ValueError:
        return None


def rewrite(markdown, folder):
    """Return a page's text with links for the site."""

    def replace(link):
        target = inside(link[1], folder)
        if target is None:
            return link[0]
        anchor = link[2] or ""
        if target.startswith("docs/"):
            return f"]({target[5:]}{anchor})"
        if target in PAGES:
            return f"]({PAGES[target]}{anchor})"
        return f"](source/{target}{anchor})"

    return _LINK.sub(replace, markdown)
