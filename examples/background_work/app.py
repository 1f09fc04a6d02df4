"""Work that goes on after the response, links made from routes, and the client's address behind a proxy."""

import asyncio

from microdot import Microdot
from microdot.proxies import ProxyHeaders
from microdot.reverse import url_for

app = Microdot()
ProxyHeaders(app, trusted=["127.0.0.1", "10.0.0.0/8"])
jobs = {}


async def work(number):
    await asyncio.sleep(0.1)
    jobs[number] = "done"


@app.post("/jobs")
async def start(request):
    """Answer at once where the job can be seen, and do it then."""
    number = len(jobs) + 1
    jobs[number] = "running"
    request.background(work(number))
    return {"client": request.client_addr[0]}, 202, {"Location": url_for(request, "job", number=number)}


@app.get("/jobs/<int:number>", name="job")
async def job(request, number):
    return jobs.get(number, "unknown")


if __name__ == "__main__":
    app.run(port=5000)
