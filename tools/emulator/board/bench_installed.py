# Serves the application over PPP, and prints again and again what its heap is like.

import asyncio
import gc

import micropython


async def main():
    asyncio.create_task(app.start_server(host="0.0.0.0", port=80))
    while True:
        await asyncio.sleep_ms(200)
        gc.collect()
        micropython.mem_info()


asyncio.run(main())
