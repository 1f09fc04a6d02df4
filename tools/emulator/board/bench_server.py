# Serves the measured application, or the bare program, over PPP. With `obedient` set, which costs time, it obeys single
# lines from the serial port:
#   heap       collects, prints the heap in use
#   leave N    fills the heap but for N ballast blocks, prints what is free
#   release    frees the ballast

import asyncio
import gc
import sys

BLOCK = 64
ballast = []


def release():
    for at in range(len(ballast)):
        ballast[at] = None
    gc.collect()


def leave(blocks):
    global ballast
    release()
    if not ballast:
        ballast = [None] * (gc.mem_free() // (BLOCK + 16))
    filled = 0
    try:
        while filled < len(ballast):
            ballast[filled] = bytearray(BLOCK)
            filled += 1
    except MemoryError:
        pass
    middle = filled // 2
    for at in range(middle, middle + blocks):
        ballast[at] = None
    gc.collect()


async def obey():
    commands = asyncio.StreamReader(sys.stdin)
    while True:
        line = (await commands.readline()).split()
        if line[0] == b"leave":
            leave(int(line[1]))
            print("=", gc.mem_free())
        else:
            release()
            print("=", gc.mem_alloc(), gc.mem_free())


async def main():
    asyncio.create_task(serve())
    await asyncio.sleep_ms(50)
    print("READY")
    if obedient:
        await obey()
    await asyncio.sleep(3600)


asyncio.run(main())
