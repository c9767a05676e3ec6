"""One connection to Redis for each thread: what a client does around a command costs more than that."""

import threading
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import ResponseError


class RedisLine:
    """Short commands without pool, retries and metrics. A connection that broke is made anew, once a command.

    Whoever answers late is not asked again: `answer_seconds` is the longest wait for an answer.
    """

    def __init__(self, redis: Redis, *, answer_seconds: float) -> None:
        self._redis, self._answer_seconds = redis, answer_seconds
        self._own = threading.local()

    def execute(self, *words: Any) -> Any:
        """The answer to one command.

        Raises:
            RedisError: the server said no, does not answer in time, or cannot be reached.
        """
        if hasattr(self._own, "connection"):
            try:
                return self._ask(words)
            except Unconnected:
                pass  # the server was restarted, or closed what had rested too long
        self._own.connection = self._connection()
        return self._ask(words)

    def _connection(self) -> Any:
        made: Any = self._redis.connection_pool.make_connection()
        made.socket_timeout = self._answer_seconds  # it connects with the first command
        return made

    def _ask(self, words: tuple[Any, ...]) -> Any:
        connection = self._own.connection
        try:
            connection.send_packed_command(_packed(words), check_health=False)
            return connection.read_response()
        except ResponseError:
            raise
        except BaseException:
            connection.disconnect()  # an answer may still come, and must not be taken for the next one's
            del self._own.connection
            raise


def _packed(words: tuple[Any, ...]) -> list[bytes]:
    """The words as Redis reads them; a client's own packing looks at each of them a dozen times."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        text = str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(text), text))
    return [b"".join(parts)]
