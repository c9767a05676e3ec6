"""`youhao drive`: a day file played against a running server, through HTTP only (docs/drive.md)."""
