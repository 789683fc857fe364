"""The settings of who may use a deployment."""

from __future__ import annotations

from dataclasses import dataclass

from frametally.config.access_mode import (
    AccessMode,
    JobsVisible,
    access_mode,
    default_role,
    header_name,
    jobs_visible,
    roles_of_groups,
    subjects,
)
from frametally.config.parsers import optional_text, optional_web_url, positive_integer
from frametally.config.setting import setting


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    """How people sign in, their roles, and what they see."""

    access: AccessMode = setting(
        "FRAMETALLY_ACCESS",
        access_mode,
        default="local",
        meaning="`local`: all rights on this machine, others view; `open`: all rights; `oidc`, `proxy`: sign-in.",
    )
    access_admins: tuple[str, ...] = setting(
        "FRAMETALLY_ACCESS_ADMINS",
        subjects,
        meaning="Admins, separated by commas, by the ID that the sign-in page shows.",
    )
    access_role: str = setting(
        "FRAMETALLY_ACCESS_ROLE",
        default_role,
        default="none",
        meaning="Role of a person who has signed in and has no role yet: `none`, `viewer` or `analyst`.",
    )
    jobs_visible: JobsVisible = setting(
        "FRAMETALLY_JOBS_VISIBLE",
        jobs_visible,
        default="team",
        meaning="With a sign-in: `team`: all see all jobs; `own`: viewers and analysts see their own, admins all.",
    )
    keep_audit_days: int = setting(
        "FRAMETALLY_KEEP_AUDIT_DAYS",
        positive_integer,
        default="180",
        meaning="With a sign-in: days after which entries about roles, and the addresses of actions, are removed.",
    )
    oidc_url: str | None = setting(
        "FRAMETALLY_OIDC_URL",
        optional_web_url,
        meaning="Sign-in with `oidc`: URL of the provider's `/.well-known/openid-configuration`.",
    )
    oidc_client_id: str | None = setting(
        "FRAMETALLY_OIDC_CLIENT_ID",
        optional_text,
        meaning="Sign-in with `oidc`: client ID; its redirect URI is `<FRAMETALLY_PUBLIC_URL>/oauth2callback`.",
    )
    oidc_client_secret: str | None = setting(
        "FRAMETALLY_OIDC_CLIENT_SECRET",
        optional_text,
        meaning="Sign-in with `oidc`: client secret.",
        is_secret=True,
    )
    oidc_groups: tuple[tuple[str, str], ...] = setting(
        "FRAMETALLY_OIDC_GROUPS",
        roles_of_groups,
        meaning="Sign-in with `oidc`: roles by the claim `groups` of the ID token: `team=viewer, ops=admin`.",
    )
    proxy_secret: str | None = setting(
        "FRAMETALLY_PROXY_SECRET",
        optional_text,
        meaning="Sign-in with `proxy`: secret that the proxy sends as `X-Frametally-Proxy-Secret` with each request.",
        is_secret=True,
    )
    proxy_user_header: str = setting(
        "FRAMETALLY_PROXY_USER_HEADER",
        header_name,
        default="x-forwarded-user",
        meaning="Sign-in with `proxy`: header with the ID of the person; the proxy must remove it from requests.",
    )
