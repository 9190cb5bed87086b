"""A model that answers after a second, as many at once as ask: `python -m tests.bench.lento PORT`.

GET anything: how many it has answered, and how many at once at the most since it was last asked.
"""

import asyncio
import json
import sys

SEGUNDOS = 1.0
_LEIDO = {
    "acto": "otro",
    "items": [],
    "opciones": [],
    "datos_cliente": dict.fromkeys("nombre telefono documento direccion email".split()),
    "tema": None,
    "condicional": False,
    "aplaza": False,
    "ajeno": False,
}
_DICE = {
    "id": "x",
    "object": "chat.completion",
    "created": 0,
    "model": "lento",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": json.dumps(_LEIDO)},
        }
    ],
    "usage": {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960},
}


class Lento:
    def __init__(self) -> None:
        self.contestadas = self.ahora = self.maximo = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if head.startswith(b"GET"):
            body = json.dumps({"contestadas": self.contestadas, "maximo": self.maximo}).encode()
            self.contestadas = self.maximo = 0
        else:
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            body = await self._think()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(body)
            + body
        )
        await writer.drain()

    async def _think(self) -> bytes:
        self.ahora += 1
        self.maximo = max(self.maximo, self.ahora)
        await asyncio.sleep(SEGUNDOS)
        self.ahora -= 1
        self.contestadas += 1
        return json.dumps(_DICE).encode()


async def main(port: int) -> None:
    server = await asyncio.start_server(Lento().serve, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
