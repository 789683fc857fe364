"""A preset belongs to a service, and its name is unique there."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add `preset.service`: the only service that has run the model, or empty (any service) if that is not known."""
    connection = op.get_bind()
    presets = connection.execute(sa.text("SELECT name, model FROM preset")).all()
    services = _services_of_models(connection)
    op.drop_table("preset")
    table = op.create_table(
        "preset",
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
    )
    rows = []
    for name, model in presets:
        ran_on = services.get(_key(json.loads(model)), set())
        rows.append({"service": next(iter(ran_on)) if len(ran_on) == 1 else "", "name": name, "model": model})
    op.bulk_insert(table, rows)


def _services_of_models(connection: sa.Connection) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for service, models in connection.execute(sa.text("SELECT DISTINCT service, models FROM job")):
        for model in json.loads(models):
            found.setdefault(_key(model), set()).add(service)
    return found


def _key(model: dict[str, str]) -> tuple[str, str]:
    return model["model_id"], model["version"]
