"""The values of the settings of `access_settings`."""

from __future__ import annotations

from enum import StrEnum


class AccessMode(StrEnum):
    """How people are identified."""

    LOCAL = "local"
    """By the connection: who uses the machine itself has all rights, everyone else looks and runs the sample."""
    OPEN = "open"
    """Not at all: everyone who can reach the dashboard has all rights."""
    OIDC = "oidc"
    """By signing in at an OpenID Connect provider."""
    PROXY = "proxy"
    """By headers of a reverse proxy that proves itself with a shared secret."""


class JobsVisible(StrEnum):
    """Whose jobs people see who are no admins."""

    TEAM = "team"
    OWN = "own"


def jobs_visible(text: str) -> JobsVisible:
    """Whose jobs they see."""
    try:
        return JobsVisible(text.lower())
    except ValueError:
        raise ValueError(", ".join(JobsVisible)) from None


def access_mode(text: str) -> AccessMode:
    """The mode."""
    try:
        return AccessMode(text.lower())
    except ValueError:
        raise ValueError(", ".join(AccessMode)) from None


def default_role(text: str) -> str:
    """The role of a person whom no admin has given one."""
    if text.lower() not in ("none", "viewer", "analyst"):
        raise ValueError("none, viewer, analyst")
    return text.lower()


def roles_of_groups(text: str) -> tuple[tuple[str, str], ...]:
    """Each group with its role."""
    pairs = [part.rpartition("=") for part in text.split(",") if part.strip()]
    found = tuple((group.strip(), role.strip().lower()) for group, _, role in pairs)
    if any(not group or role not in ("viewer", "analyst", "admin") for group, role in found):
        raise ValueError("pairs like team=viewer, lab=analyst, ops=admin")
    return found


def header_name(text: str) -> str:
    """The name of an HTTP header, in lower case."""
    if not text.replace("-", "").isalnum() or not text.isascii():
        raise ValueError("the name of an HTTP header")
    return text.lower()


def subjects(text: str) -> tuple[str, ...]:
    """Identifiers of people, as the sign-in gives them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
