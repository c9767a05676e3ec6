"""A booking keeps the place that was booked: its slot may be held elsewhere once nobody has a number there."""

import sqlalchemy as sa
from alembic import op

revision = "0002_5b8e41d7"
down_revision = "0001_c27d5916"
branch_labels = None
depends_on = None

_TAKE_OVER = """
UPDATE appointment SET place_zh = slot.place_zh, place_en = slot.place_en
FROM slot WHERE slot.id = appointment.slot_id AND slot.place_zh <> ''
"""


def upgrade() -> None:
    for name, length in (("place_zh", 120), ("place_en", 160)):
        column = sa.Column(name, sa.String(length=length), server_default="", nullable=False)
        op.add_column("appointment", column)
    op.execute(_TAKE_OVER)


def downgrade() -> None:
    op.drop_column("appointment", "place_en")
    op.drop_column("appointment", "place_zh")
