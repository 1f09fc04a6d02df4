# A connection in memory, for `app.handle_request(reader, writer)`.


class Connection:
    """Reader and writer of one connection: gives out a request, counts what is written."""

    out_buf = b""  # as MicroPython's streams have it: what write() could not send

    def __init__(self, request):
        self.request = memoryview(request)
        self.lines = request
        self.again()

    def again(self):
        self.at = 0
        self.written = 0

    async def read(self, n=-1):
        return self.take(len(self.lines) - self.at if n < 0 else n)

    async def readinto(self, buffer):
        data = self.request[self.at : self.at + len(buffer)]
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)

    async def readexactly(self, n):
        return self.take(n)

    async def readline(self):
        end = self.lines.find(b"\n", self.at)
        return self.take(end + 1 - self.at)

    def take(self, n):
        data = bytes(self.request[self.at : self.at + n])
        self.at += len(data)
        return data

    def write(self, data):
        self.written += len(data)

    async def awrite(self, data, off=0, sz=-1):
        self.written += len(data)

    async def drain(self):
        pass

    async def aclose(self):
        pass

    def close(self):
        pass

    async def wait_closed(self):
        pass

    def get_extra_info(self, name):
        return ("10.64.0.1", 40000)
