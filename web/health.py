"""Is it up? `/health` for load balancers (process), `/health/ready` for its dependencies."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kernel.errors import Unavailable
from web import edge
from web.guards import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
@public
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/health/ready")
@public
def ready() -> ResponseReturnValue:
    """PostgreSQL must answer; without Redis the program works on, slower."""
    try:
        with edge.transaction() as session:
            session.execute(text("SELECT 1"))
    except (SQLAlchemyError, Unavailable):
        return jsonify(status="down", database="down"), 503
    try:
        edge.parts().redis.ping()
    except RedisError:
        return jsonify(status="degraded", database="ok", redis="down")
    return jsonify(status="ok", database="ok", redis="ok")
