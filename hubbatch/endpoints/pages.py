"""Pages of websites: landing pages, their folders, site pages.

HubSpot: "CMS", pages.
"""

from __future__ import annotations

from hubbatch.endpoints._content import archive_row, create_row, read_row, update_row
from hubbatch.endpoints._paths import Path

__all__ = [
    "PAGES_FOLDERS_ARCHIVE",
    "PAGES_FOLDERS_CREATE",
    "PAGES_FOLDERS_READ",
    "PAGES_FOLDERS_UPDATE",
    "PAGES_LANDING_ARCHIVE",
    "PAGES_LANDING_CREATE",
    "PAGES_LANDING_READ",
    "PAGES_LANDING_UPDATE",
    "PAGES_SITE_ARCHIVE",
    "PAGES_SITE_CREATE",
    "PAGES_SITE_READ",
    "PAGES_SITE_UPDATE",
]


def _paths(rest: str) -> tuple[Path, ...]:
    return (
        Path(f"/cms/v3/pages/{rest}", ("v3",)),
        Path(f"/cms/pages/{{version}}/{rest}", ("2026-03",)),
    )


PAGES_LANDING_CREATE = create_row(
    "pages-landing", _paths("landing-pages/batch/create"), "landing pages"
)
PAGES_LANDING_READ = read_row("pages-landing", _paths("landing-pages/batch/read"), "landing pages")
PAGES_LANDING_UPDATE = update_row(
    "pages-landing", _paths("landing-pages/batch/update"), "landing pages"
)
PAGES_LANDING_ARCHIVE = archive_row(
    "pages-landing", _paths("landing-pages/batch/archive"), "landing pages"
)

PAGES_FOLDERS_CREATE = create_row(
    "pages-folders", _paths("landing-pages/folders/batch/create"), "folders of landing pages"
)
PAGES_FOLDERS_READ = read_row(
    "pages-folders", _paths("landing-pages/folders/batch/read"), "folders of landing pages"
)
PAGES_FOLDERS_UPDATE = update_row(
    "pages-folders", _paths("landing-pages/folders/batch/update"), "folders of landing pages"
)
PAGES_FOLDERS_ARCHIVE = archive_row(
    "pages-folders", _paths("landing-pages/folders/batch/archive"), "folders of landing pages"
)

PAGES_SITE_CREATE = create_row("pages-site", _paths("site-pages/batch/create"), "site pages")
PAGES_SITE_READ = read_row("pages-site", _paths("site-pages/batch/read"), "site pages")
PAGES_SITE_UPDATE = update_row("pages-site", _paths("site-pages/batch/update"), "site pages")
PAGES_SITE_ARCHIVE = archive_row("pages-site", _paths("site-pages/batch/archive"), "site pages")
