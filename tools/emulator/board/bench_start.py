# Serves the application over PPP, and says when it listens.

import asyncio


async def main():
    server = asyncio.create_task(app.start_server(host="0.0.0.0", port=80))
    await asyncio.sleep_ms(1)
    print("LISTENS")
    await server


asyncio.run(main())
