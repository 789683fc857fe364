"""Lines and zones of cameras, as people change them."""

from __future__ import annotations

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of, id_of
from frametally.errors import RegionsError
from frametally.ledger import region_sets
from frametally.ledger.ledger import Ledger
from frametally.ledger.owners import owners_of
from frametally.ledger.people import log_access
from frametally.ledger.region_sets import StoredSet
from frametally.regions.shapes import MAX_NAME_CHARS, RegionSet, is_name


def save_regions(ledger: Ledger, regions: RegionSet, *, based_on: int, actor: Person | None) -> StoredSet:
    """Keep the set of a camera; `based_on` is the revision that was changed, `NEW` for a new one.

    Raises:
        AccessDenied: the person may not edit lines and zones.
        RegionsError: it has been changed since by another person.
    """
    require(actor, Action.EDIT_REGIONS)
    content = regions.to_json().decode()
    return region_sets.save(ledger, regions.camera, content, based_on=based_on, actor=id_of(actor))


def remove_regions(ledger: Ledger, camera: str, *, actor: Person | None) -> StoredSet | None:
    """Remove the set of a camera; returns it as it was, None if it is gone already.

    Raises:
        AccessDenied: the person may not edit lines and zones.
    """
    require(actor, Action.EDIT_REGIONS)
    removed = region_sets.remove(ledger, camera)
    if removed and (who := actor_of(actor)):
        log_access(ledger, f"Removed the lines and zones of {camera}.", actor=who)
    return removed


def choose_camera(ledger: Ledger, job_id: str, camera: str | None, *, actor: Person | None) -> None:
    """Record which camera took the video of a job, None that it is not known.

    Raises:
        AccessDenied: the person may not edit lines and zones, or not see the job.
        RegionsError: the name is empty or too long.
    """
    require(actor, Action.EDIT_REGIONS)
    require(actor, Action.SEE_JOB, *owners_of(ledger, [job_id]))
    if camera is not None and not (len(camera) <= MAX_NAME_CHARS and is_name(camera)):
        raise RegionsError(f"The name of a camera has 1 to {MAX_NAME_CHARS} characters.", "Change it.")
    region_sets.set_camera(ledger, job_id, camera)
