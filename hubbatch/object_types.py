"""HubSpot's own object types and their ids, as constants for whoever would rather not spell `"0-3"`.

Names and nothing else. Any text is an object type for the client: a name, an alias, or `2-…` of a custom one.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ObjectType", "scope_name"]


class ObjectType(StrEnum):
    """The object types that HubSpot has; each is the text of its id, so `ObjectType.DEALS == "0-3"`.

    Ids always work, names only for some types (CRM API guides, "Object type IDs"). CONTRACTS, PARTNER_CLIENTS and
    PARTNER_SERVICES are names: HubSpot's specifications do not tell their ids.
    """

    CONTACTS = "0-1"
    COMPANIES = "0-2"
    DEALS = "0-3"
    TICKETS = "0-5"
    PRODUCTS = "0-7"
    LINE_ITEMS = "0-8"
    QUOTES = "0-14"
    COMMUNICATIONS = "0-18"
    FEEDBACK_SUBMISSIONS = "0-19"
    TASKS = "0-27"
    NOTES = "0-46"
    MEETINGS = "0-47"
    CALLS = "0-48"
    EMAILS = "0-49"
    INVOICES = "0-53"
    SUBSCRIPTIONS = "0-69"
    GOAL_TARGETS = "0-74"
    DISCOUNTS = "0-84"
    FEES = "0-85"
    TAXES = "0-86"
    PAYMENTS = "0-101"
    COMMERCE_PAYMENTS = "0-101"
    USERS = "0-115"
    POSTAL_MAIL = "0-116"
    ORDERS = "0-123"
    LEADS = "0-136"
    CARTS = "0-142"
    SERVICES = "0-162"
    COURSES = "0-410"
    LISTINGS = "0-420"
    APPOINTMENTS = "0-421"
    PROJECTS = "0-970"
    CONTRACTS = "contracts"
    PARTNER_CLIENTS = "partner_clients"
    PARTNER_SERVICES = "partner_services"


def scope_name(object_type: str) -> str:
    """Return what the scopes of an object type are named by, as in `crm.schemas.contacts.read`."""
    name = object_type.lower()
    if name in set(ObjectType):
        return ObjectType(name).name.lower()
    return "custom" if name.startswith(("2-", "p_")) else name
