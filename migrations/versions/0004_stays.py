"""What a ticket took in each line that it has been in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_stays"
down_revision = "0003_kept_for_undo"
branch_labels = None
depends_on = None


def upgrade() -> None:
    stays = sa.Column("stays", postgresql.JSONB(), server_default="[]", nullable=False)
    op.add_column("ticket", stays)


def downgrade() -> None:
    op.drop_column("ticket", "stays")
