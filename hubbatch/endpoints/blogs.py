"""Blogs: authors, posts and tags.

HubSpot: "CMS", blog.
"""

from __future__ import annotations

from hubbatch.endpoints._content import archive_row, create_row, read_row, update_row
from hubbatch.endpoints._paths import DATED, Path

__all__ = [
    "BLOGS_AUTHORS_ARCHIVE",
    "BLOGS_AUTHORS_CREATE",
    "BLOGS_AUTHORS_READ",
    "BLOGS_AUTHORS_UPDATE",
    "BLOGS_POSTS_ARCHIVE",
    "BLOGS_POSTS_CREATE",
    "BLOGS_POSTS_READ",
    "BLOGS_POSTS_UPDATE",
    "BLOGS_TAGS_ARCHIVE",
    "BLOGS_TAGS_CREATE",
    "BLOGS_TAGS_READ",
    "BLOGS_TAGS_UPDATE",
]


def _paths(rest: str) -> tuple[Path, ...]:
    return (
        Path(f"/cms/v3/blogs/{rest}", ("v3",)),
        Path(f"/cms/blogs/{{version}}/{rest}", (DATED,)),
    )


BLOGS_AUTHORS_CREATE = create_row(
    "blogs-authors", _paths("authors/batch/create"), "authors of blogs", called="fullName"
)
BLOGS_AUTHORS_READ = read_row("blogs-authors", _paths("authors/batch/read"), "authors of blogs")
BLOGS_AUTHORS_UPDATE = update_row(
    "blogs-authors", _paths("authors/batch/update"), "authors of blogs"
)
BLOGS_AUTHORS_ARCHIVE = archive_row(
    "blogs-authors", _paths("authors/batch/archive"), "authors of blogs"
)

BLOGS_POSTS_CREATE = create_row("blogs-posts", _paths("posts/batch/create"), "posts of blogs")
BLOGS_POSTS_READ = read_row("blogs-posts", _paths("posts/batch/read"), "posts of blogs")
BLOGS_POSTS_UPDATE = update_row("blogs-posts", _paths("posts/batch/update"), "posts of blogs")
BLOGS_POSTS_ARCHIVE = archive_row("blogs-posts", _paths("posts/batch/archive"), "posts of blogs")

BLOGS_TAGS_CREATE = create_row("blogs-tags", _paths("tags/batch/create"), "tags of blogs")
BLOGS_TAGS_READ = read_row("blogs-tags", _paths("tags/batch/read"), "tags of blogs")
BLOGS_TAGS_UPDATE = update_row("blogs-tags", _paths("tags/batch/update"), "tags of blogs")
BLOGS_TAGS_ARCHIVE = archive_row("blogs-tags", _paths("tags/batch/archive"), "tags of blogs")
