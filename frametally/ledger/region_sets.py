"""Lines and zones under the name of their camera, and which camera took the video of a job.

A change states the revision that it is based on, so that of two people who edit the same set, neither overwrites what
the other has saved.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from frametally.errors import RegionsError
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import JOB, JOB_CAMERA, REGION_SET

NEW: Final = 0
"""The revision that a new set is based on."""


class StoredSet(Struct, frozen=True, kw_only=True):
    """The lines and zones of one camera."""

    camera: str
    content: str
    """JSON."""
    revision: int
    """Counts the changes, from 1 on."""
    changed_at: datetime
    actor: str | None = None
    """Who changed it; None while there is no sign-in."""


def sets(ledger: Ledger) -> list[StoredSet]:
    """All sets, by name of the camera."""
    with ledger.reading() as connection:
        rows = connection.execute(REGION_SET.select().order_by(REGION_SET.c.camera)).mappings()
        return [StoredSet(**row) for row in rows]


def cameras(ledger: Ledger) -> list[str]:
    """The names of the cameras that have a set, sorted."""
    with ledger.reading() as connection:
        return list(connection.execute(sa.select(REGION_SET.c.camera).order_by(REGION_SET.c.camera)).scalars())


def set_of(ledger: Ledger, camera: str) -> StoredSet | None:
    """The set of a camera; None if it has none."""
    with ledger.reading() as connection:
        row = connection.execute(REGION_SET.select().where(REGION_SET.c.camera == camera)).mappings().first()
    return None if row is None else StoredSet(**row)


def save(ledger: Ledger, camera: str, content: str, *, based_on: int, actor: str | None) -> StoredSet:
    """Keep a set; returns it with its new revision.

    Args:
        ledger: of the deployment.
        camera: its name.
        content: JSON.
        based_on: the revision that was changed; `NEW` for a camera without a set.
        actor: who changed it.

    Raises:
        RegionsError: the set has been changed or removed since that revision; nothing is changed.
    """
    stored = StoredSet(camera=camera, content=content, revision=based_on + 1, changed_at=ledger.clock(), actor=actor)
    this = sa.and_(REGION_SET.c.camera == camera, REGION_SET.c.revision == based_on)
    row = msgspec.structs.asdict(stored)
    try:
        with ledger.writing() as connection:
            if based_on == NEW:
                connection.execute(REGION_SET.insert().values(row))
            elif not connection.execute(REGION_SET.update().where(this).values(row)).rowcount:
                raise _changed(camera)
    except IntegrityError:
        raise _changed(camera) from None
    return stored


def remove(ledger: Ledger, camera: str) -> StoredSet | None:
    """Remove a set; returns it as it was, or None if there is no such set."""
    with ledger.writing() as connection:
        row = connection.execute(REGION_SET.select().where(REGION_SET.c.camera == camera)).mappings().first()
        connection.execute(REGION_SET.delete().where(REGION_SET.c.camera == camera))
    return None if row is None else StoredSet(**row)


def camera_of(ledger: Ledger, job_id: str) -> str | None:
    """The camera that took the video of a job; None if that is not known."""
    with ledger.reading() as connection:
        return connection.execute(sa.select(JOB_CAMERA.c.camera).where(JOB_CAMERA.c.job_id == job_id)).scalar()


def jobs_of(ledger: Ledger, camera: str) -> list[str]:
    """The jobs on videos of a camera."""
    with ledger.reading() as connection:
        seen = [JOB_CAMERA.c.job_id.in_(sa.select(JOB.c.id).where(*ledger.visible))] if ledger.visible else []
        query = sa.select(JOB_CAMERA.c.job_id).where(JOB_CAMERA.c.camera == camera, *seen)
        return list(connection.execute(query.order_by(JOB_CAMERA.c.job_id)).scalars())


def set_camera(ledger: Ledger, job_id: str, camera: str | None) -> None:
    """Record which camera took the video of a job; None: it is not known."""
    with ledger.writing() as connection:
        connection.execute(JOB_CAMERA.delete().where(JOB_CAMERA.c.job_id == job_id))
        if camera is not None:
            connection.execute(JOB_CAMERA.insert().values(job_id=job_id, camera=camera))


def _changed(camera: str) -> RegionsError:
    what = f"The lines and zones of {camera} have been changed by another person."
    return RegionsError(what, "Load them again, or save yours under another name.")
