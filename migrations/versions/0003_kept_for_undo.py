"""Bookings that their owners have cancelled and may take back."""

import sqlalchemy as sa
from alembic import op

revision = "0003_kept_for_undo"
down_revision = "0002_5b8e41d7"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_for_undo",
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("hold_token", sa.LargeBinary(length=32), nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_kept_for_undo_appointment_id")
        ),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_kept_for_undo")),
    )
    op.create_index(op.f("ix_kept_for_undo_until"), "kept_for_undo", ["until"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_kept_for_undo_until"), table_name="kept_for_undo")
    op.drop_table("kept_for_undo")
