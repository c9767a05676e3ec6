"""The floor of `push`: a bare socket server that writes the same bytes to all who listen, once it is told.

`python bench/push_floor.py PORT`. Who sends "listen" is kept, whoever sends "push" sets it off. It imports
nothing of ours.
"""

import asyncio
import sys

NUDGE = b'id: 0123abcd-1\nevent: nudge\ndata: {"topic": "hall:1", "id": 1}\n\n'
_DONE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_LISTENERS: list[asyncio.StreamWriter] = []


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    said = (await reader.readline()).strip()
    if said == b"listen":
        _LISTENERS.append(writer)
        writer.write(b"ok\n")
        return
    for each in _LISTENERS if said == b"push" else ():
        each.write(NUDGE)
    writer.write(_DONE)
    await writer.drain()
    writer.close()


async def _main(port: int) -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
