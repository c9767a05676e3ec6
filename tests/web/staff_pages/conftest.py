import pytest

from people.models import Staff
from tests.web.hall_faces import token


class Pages:
    """A signed-in person with hands: reads pages, sends their forms."""

    def __init__(self, client):
        self.client = client

    def get(self, path, status=200):
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text[:2000]
        return answer.text

    def send(self, path, status=303, **fields):
        facts = {"csrf_token": token(self.client.get("/admin/").text), **fields}
        answer = self.client.post(path, data=facts)
        assert answer.status_code == status, answer.text[:2000]
        return answer


@pytest.fixture
def chief(faces):
    """An administrator of the whole city."""
    client = faces.officer(roles=("admin",))
    with faces.parts.database.transaction() as session:
        session.get(Staff, faces.officers[-1].id).hall_ids = None
    return Pages(client)


@pytest.fixture
def hall_chief(faces):
    """An administrator of one hall."""
    return Pages(faces.officer(roles=("admin",)))
