"""Where HubSpot's batch endpoints that move an account's data are found: each template and its versions in 2026-08.

Written down from HubSpot's OpenAPI files, family by family, and apart from the rows, which are held against it.
"""

from __future__ import annotations

RELEASED, BETA, NEXT = "2025-09 2026-03 2026-09", " 2026-09-beta", " 2027-03-beta"

TEMPLATES: dict[str, list[tuple[str, str]]] = {
    "ARCHIVE": [
        ("/crm/objects/{V}/{type}/batch/archive", "v3 " + RELEASED + BETA + NEXT),
        ("/crm/{V}/objects/{type}/batch/archive", "v3"),
    ],
    "CREATE": [
        ("/crm/objects/{V}/{type}/batch/create", "v3 " + RELEASED + BETA + NEXT),
        ("/crm/{V}/objects/{type}/batch/create", "v3"),
    ],
    "READ": [
        ("/crm/objects/{V}/{type}/batch/read", "v3 " + RELEASED + BETA + NEXT),
        ("/crm/{V}/objects/{type}/batch/read", "v3"),
    ],
    "UPDATE": [
        ("/crm/objects/{V}/{type}/batch/update", "v3 " + RELEASED + BETA + NEXT),
        ("/crm/{V}/objects/{type}/batch/update", "v3"),
    ],
    "UPSERT": [
        ("/crm/objects/{V}/{type}/batch/upsert", "v3 " + RELEASED + BETA + NEXT),
        ("/crm/{V}/objects/{type}/batch/upsert", "v3"),
    ],
    "ASSOCIATIONS_ARCHIVE": [
        ("/crm/associations/{V}/{fromObjectType}/{toObjectType}/batch/archive", RELEASED + BETA),
        ("/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/archive", "v4"),
    ],
    "ASSOCIATIONS_CREATE_DEFAULT": [
        (
            "/crm/associations/{V}/{fromObjectType}/{toObjectType}/batch/associate/default",
            RELEASED + BETA,
        ),
        ("/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/associate/default", "v4"),
    ],
    "ASSOCIATIONS_CREATE": [
        ("/crm/associations/{V}/{fromObjectType}/{toObjectType}/batch/create", RELEASED + BETA),
        ("/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/create", "v4"),
    ],
    "ASSOCIATIONS_ARCHIVE_LABELS": [
        (
            "/crm/associations/{V}/{fromObjectType}/{toObjectType}/batch/labels/archive",
            RELEASED + BETA,
        ),
        ("/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/labels/archive", "v4"),
    ],
    "ASSOCIATIONS_READ": [
        ("/crm/associations/{V}/{fromObjectType}/{toObjectType}/batch/read", RELEASED + BETA),
        ("/crm/v4/associations/{fromObjectType}/{toObjectType}/batch/read", "v4"),
    ],
    "ASSOCIATIONS_V3_ARCHIVE": [
        ("/crm/v3/associations/{fromObjectType}/{toObjectType}/batch/archive", "v3"),
    ],
    "ASSOCIATIONS_V3_CREATE": [
        ("/crm/v3/associations/{fromObjectType}/{toObjectType}/batch/create", "v3"),
    ],
    "ASSOCIATIONS_V3_READ": [
        ("/crm/v3/associations/{fromObjectType}/{toObjectType}/batch/read", "v3"),
    ],
    "ASSOCIATION_LIMITS_CREATE": [
        (
            "/crm/associations/{V}/definitions/configurations/{fromObjectType}/{toObjectType}/batch/create",
            "v4 " + RELEASED + BETA,
        ),
    ],
    "ASSOCIATION_LIMITS_PURGE": [
        (
            "/crm/associations/{V}/definitions/configurations/{fromObjectType}/{toObjectType}/batch/purge",
            "v4 " + RELEASED + BETA,
        ),
    ],
    "ASSOCIATION_LIMITS_UPDATE": [
        (
            "/crm/associations/{V}/definitions/configurations/{fromObjectType}/{toObjectType}/batch/update",
            "v4 " + RELEASED + BETA,
        ),
    ],
    "PROPERTIES_ARCHIVE": [
        ("/crm/properties/{V}/{objectType}/batch/archive", RELEASED),
        ("/crm/{V}/properties/{objectType}/batch/archive", "v3"),
    ],
    "PROPERTIES_CREATE": [
        ("/crm/properties/{V}/{objectType}/batch/create", RELEASED),
        ("/crm/{V}/properties/{objectType}/batch/create", "v3"),
    ],
    "PROPERTIES_READ": [
        ("/crm/properties/{V}/{objectType}/batch/read", RELEASED),
        ("/crm/{V}/properties/{objectType}/batch/read", "v3"),
    ],
    "SCHEMAS_READ": [
        ("/crm-object-schemas/{V}/schemas/batch/read", "v3 " + RELEASED),
    ],
    "LISTS_MEMBERSHIPS_READ": [
        ("/crm/lists/{V}/records/memberships/batch/read", RELEASED + BETA),
        ("/crm/{V}/lists/records/memberships/batch/read", "v3"),
    ],
    "DEAL_SPLITS_READ": [
        ("/crm/objects/{V}/deals/splits/batch/read", "v3"),
        ("/deal-splits/{V}/batch/read", RELEASED),
    ],
    "DEAL_SPLITS_UPSERT": [
        ("/crm/objects/{V}/deals/splits/batch/upsert", "v3"),
        ("/deal-splits/{V}/batch/upsert", RELEASED),
    ],
    "PREFERENCES_READ": [
        ("/communication-preferences/{V}/statuses/batch/read", "v4 " + RELEASED),
    ],
    "PREFERENCES_UNSUBSCRIBE_ALL": [
        ("/communication-preferences/{V}/statuses/batch/unsubscribe-all", "v4 " + RELEASED),
    ],
    "PREFERENCES_UNSUBSCRIBED_READ": [
        ("/communication-preferences/{V}/statuses/batch/unsubscribe-all/read", "v4 " + RELEASED),
    ],
    "PREFERENCES_WRITE": [
        ("/communication-preferences/{V}/statuses/batch/write", "v4 " + RELEASED),
    ],
    "CAMPAIGNS_ARCHIVE": [
        ("/marketing/campaigns/{V}/batch/archive", RELEASED + BETA),
        ("/marketing/{V}/campaigns/batch/archive", "v3"),
    ],
    "CAMPAIGNS_CREATE": [
        ("/marketing/campaigns/{V}/batch/create", RELEASED + BETA),
        ("/marketing/{V}/campaigns/batch/create", "v3"),
    ],
    "CAMPAIGNS_READ": [
        ("/marketing/campaigns/{V}/batch/read", RELEASED + BETA),
        ("/marketing/{V}/campaigns/batch/read", "v3"),
    ],
    "CAMPAIGNS_UPDATE": [
        ("/marketing/campaigns/{V}/batch/update", RELEASED + BETA),
        ("/marketing/{V}/campaigns/batch/update", "v3"),
    ],
    "MARKETING_EVENTS_ARCHIVE": [
        ("/marketing/marketing-events/{V}/batch/archive", RELEASED),
        ("/marketing/{V}/marketing-events/batch/archive", "v3"),
    ],
    "MARKETING_EVENTS_UPDATE": [
        ("/marketing/marketing-events/{V}/batch/update", RELEASED),
        ("/marketing/{V}/marketing-events/batch/update", "v3"),
    ],
    "EXCHANGE_RATES_CREATE": [
        ("/settings/currencies/{V}/exchange-rates/batch/create", RELEASED),
        ("/settings/{V}/currencies/exchange-rates/batch/create", "v3"),
    ],
    "EXCHANGE_RATES_READ": [
        ("/settings/currencies/{V}/exchange-rates/batch/read", RELEASED),
        ("/settings/{V}/currencies/exchange-rates/batch/read", "v3"),
    ],
    "EXCHANGE_RATES_UPDATE": [
        ("/settings/currencies/{V}/exchange-rates/batch/update", RELEASED),
        ("/settings/{V}/currencies/exchange-rates/batch/update", "v3"),
    ],
    "EVENTS_SEND": [
        ("/events/custom/{V}/send/batch", "2025-09 2026-09"),
        ("/events/{V}/send/batch", "v3 2026-03"),
    ],
    "TIMELINE_APP_EVENTS_SEND": [
        ("/integrators/timeline/{V}/events/batch", "2026-03"),
    ],
    "TIMELINE_EVENTS_CREATE": [
        ("/integrators/timeline/{V}/events/batch/create", "v3"),
    ],
    "CONVERSATIONS_ACTORS_READ": [
        ("/conversations/conversations/{V}/actors/batch/read", "2026-09 2026-09-beta"),
        ("/conversations/{V}/conversations/actors/batch/read", "v3"),
    ],
    "BLOGS_AUTHORS_ARCHIVE": [
        ("/cms/blogs/{V}/authors/batch/archive", RELEASED),
        ("/cms/{V}/blogs/authors/batch/archive", "v3"),
    ],
    "BLOGS_AUTHORS_CREATE": [
        ("/cms/blogs/{V}/authors/batch/create", RELEASED),
        ("/cms/{V}/blogs/authors/batch/create", "v3"),
    ],
    "BLOGS_AUTHORS_READ": [
        ("/cms/blogs/{V}/authors/batch/read", RELEASED),
        ("/cms/{V}/blogs/authors/batch/read", "v3"),
    ],
    "BLOGS_AUTHORS_UPDATE": [
        ("/cms/blogs/{V}/authors/batch/update", RELEASED),
        ("/cms/{V}/blogs/authors/batch/update", "v3"),
    ],
    "BLOGS_POSTS_ARCHIVE": [
        ("/cms/blogs/{V}/posts/batch/archive", RELEASED),
        ("/cms/{V}/blogs/posts/batch/archive", "v3"),
    ],
    "BLOGS_POSTS_CREATE": [
        ("/cms/blogs/{V}/posts/batch/create", RELEASED),
        ("/cms/{V}/blogs/posts/batch/create", "v3"),
    ],
    "BLOGS_POSTS_READ": [
        ("/cms/blogs/{V}/posts/batch/read", RELEASED),
        ("/cms/{V}/blogs/posts/batch/read", "v3"),
    ],
    "BLOGS_POSTS_UPDATE": [
        ("/cms/blogs/{V}/posts/batch/update", RELEASED),
        ("/cms/{V}/blogs/posts/batch/update", "v3"),
    ],
    "BLOGS_TAGS_ARCHIVE": [
        ("/cms/blogs/{V}/tags/batch/archive", RELEASED),
        ("/cms/{V}/blogs/tags/batch/archive", "v3"),
    ],
    "BLOGS_TAGS_CREATE": [
        ("/cms/blogs/{V}/tags/batch/create", RELEASED),
        ("/cms/{V}/blogs/tags/batch/create", "v3"),
    ],
    "BLOGS_TAGS_READ": [
        ("/cms/blogs/{V}/tags/batch/read", RELEASED),
        ("/cms/{V}/blogs/tags/batch/read", "v3"),
    ],
    "BLOGS_TAGS_UPDATE": [
        ("/cms/blogs/{V}/tags/batch/update", RELEASED),
        ("/cms/{V}/blogs/tags/batch/update", "v3"),
    ],
    "HUBDB_ROWS_READ": [
        ("/cms/hubdb/{V}/tables/{tableIdOrName}/rows/batch/read", "2026-03"),
        ("/cms/{V}/hubdb/tables/{tableIdOrName}/rows/batch/read", "v3"),
    ],
    "HUBDB_DRAFTS_CLONE": [
        ("/cms/hubdb/{V}/tables/{tableIdOrName}/rows/draft/batch/clone", "2026-03"),
        ("/cms/{V}/hubdb/tables/{tableIdOrName}/rows/draft/batch/clone", "v3"),
    ],
    "HUBDB_DRAFTS_CREATE": [
        ("/cms/hubdb/{V}/tables/{tableIdOrName}/rows/draft/batch/create", "2026-03"),
        ("/cms/{V}/hubdb/tables/{tableIdOrName}/rows/draft/batch/create", "v3"),
    ],
    "HUBDB_DRAFTS_PURGE": [
        ("/cms/hubdb/{V}/tables/{tableIdOrName}/rows/draft/batch/purge", "2026-03"),
        ("/cms/{V}/hubdb/tables/{tableIdOrName}/rows/draft/batch/purge", "v3"),
    ],
    "HUBDB_DRAFTS_READ": [
        ("/cms/hubdb/{V}/tables/{tableIdOrName}/rows/draft/batch/read", "2026-03"),
        ("/cms/{V}/hubdb/tables/{tableIdOrName}/rows/draft/batch/read", "v3"),
    ],
    "HUBDB_DRAFTS_REPLACE": [
        ("/cms/hubdb/{V}/tables/{tableIdOrName}/rows/draft/batch/replace", "2026-03"),
        ("/cms/{V}/hubdb/tables/{tableIdOrName}/rows/draft/batch/replace", "v3"),
    ],
    "HUBDB_DRAFTS_UPDATE": [
        ("/cms/hubdb/{V}/tables/{tableIdOrName}/rows/draft/batch/update", "2026-03"),
        ("/cms/{V}/hubdb/tables/{tableIdOrName}/rows/draft/batch/update", "v3"),
    ],
    "PAGES_LANDING_ARCHIVE": [
        ("/cms/pages/{V}/landing-pages/batch/archive", "2026-03"),
        ("/cms/{V}/pages/landing-pages/batch/archive", "v3"),
    ],
    "PAGES_LANDING_CREATE": [
        ("/cms/pages/{V}/landing-pages/batch/create", "2026-03"),
        ("/cms/{V}/pages/landing-pages/batch/create", "v3"),
    ],
    "PAGES_LANDING_READ": [
        ("/cms/pages/{V}/landing-pages/batch/read", "2026-03"),
        ("/cms/{V}/pages/landing-pages/batch/read", "v3"),
    ],
    "PAGES_LANDING_UPDATE": [
        ("/cms/pages/{V}/landing-pages/batch/update", "2026-03"),
        ("/cms/{V}/pages/landing-pages/batch/update", "v3"),
    ],
    "PAGES_FOLDERS_ARCHIVE": [
        ("/cms/pages/{V}/landing-pages/folders/batch/archive", "2026-03"),
        ("/cms/{V}/pages/landing-pages/folders/batch/archive", "v3"),
    ],
    "PAGES_FOLDERS_CREATE": [
        ("/cms/pages/{V}/landing-pages/folders/batch/create", "2026-03"),
        ("/cms/{V}/pages/landing-pages/folders/batch/create", "v3"),
    ],
    "PAGES_FOLDERS_READ": [
        ("/cms/pages/{V}/landing-pages/folders/batch/read", "2026-03"),
        ("/cms/{V}/pages/landing-pages/folders/batch/read", "v3"),
    ],
    "PAGES_FOLDERS_UPDATE": [
        ("/cms/pages/{V}/landing-pages/folders/batch/update", "2026-03"),
        ("/cms/{V}/pages/landing-pages/folders/batch/update", "v3"),
    ],
    "PAGES_SITE_ARCHIVE": [
        ("/cms/pages/{V}/site-pages/batch/archive", "2026-03"),
        ("/cms/{V}/pages/site-pages/batch/archive", "v3"),
    ],
    "PAGES_SITE_CREATE": [
        ("/cms/pages/{V}/site-pages/batch/create", "2026-03"),
        ("/cms/{V}/pages/site-pages/batch/create", "v3"),
    ],
    "PAGES_SITE_READ": [
        ("/cms/pages/{V}/site-pages/batch/read", "2026-03"),
        ("/cms/{V}/pages/site-pages/batch/read", "v3"),
    ],
    "PAGES_SITE_UPDATE": [
        ("/cms/pages/{V}/site-pages/batch/update", "2026-03"),
        ("/cms/{V}/pages/site-pages/batch/update", "v3"),
    ],
    "PRICE_BOOKS_ITEMS_ARCHIVE": [
        (
            "/commerce/price-books/{V}/price-books/{priceBookId}/items/batch/archive",
            "2026-09-beta 2026-09",
        ),
    ],
    "PRICE_BOOKS_ITEMS_CREATE": [
        (
            "/commerce/price-books/{V}/price-books/{priceBookId}/items/batch/create",
            "2026-09-beta 2026-09",
        ),
    ],
    "PRICE_BOOKS_ITEMS_UPDATE": [
        (
            "/commerce/price-books/{V}/price-books/{priceBookId}/items/batch/update",
            "2026-09-beta 2026-09",
        ),
    ],
}
"""For each row: a path, with `{V}` for the version, and the versions in which it is found."""

BESIDE: dict[str, list[tuple[str, str]]] = {
    "OBJECTS_GDPR_DELETE": [
        ("/crm/objects/{V}/{type}/gdpr-delete", RELEASED + BETA),
        ("/crm/{V}/objects/{type}/gdpr-delete", "v3"),
    ],
    "OBJECTS_MERGE": [
        ("/crm/objects/{V}/{type}/merge", RELEASED + BETA),
        ("/crm/{V}/objects/{type}/merge", "v3"),
    ],
    "LISTS_ADD": [
        ("/crm/lists/{V}/{listId}/memberships/add", RELEASED + BETA),
        ("/crm/{V}/lists/{listId}/memberships/add", "v3"),
    ],
    "LISTS_REMOVE": [
        ("/crm/lists/{V}/{listId}/memberships/remove", RELEASED + BETA),
        ("/crm/{V}/lists/{listId}/memberships/remove", "v3"),
    ],
    "LISTS_ADD_AND_REMOVE": [
        ("/crm/lists/{V}/{listId}/memberships/add-and-remove", RELEASED + BETA),
        ("/crm/{V}/lists/{listId}/memberships/add-and-remove", "v3"),
    ],
}
"""The same for what is no batch endpoint by its path."""

OTHER_METHODS = {"LISTS_ADD": "PUT", "LISTS_REMOVE": "PUT", "LISTS_ADD_AND_REMOVE": "PUT"}
"""All others are posted."""
