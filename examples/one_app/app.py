"""One application for a board, `python app.py`, `uvicorn app:app` and `gunicorn app:app`, without a change."""

import asyncio

from microdot import Microdot, redirect

app = Microdot()


@app.get("/")
async def index(request):
    return "Hello from Microdot!"


@app.get("/hello/<name>")
async def hello(request, name):
    return "Hello, " + name + "!"


@app.post("/echo")
async def echo(request):
    if request.json is None:
        return {"error": "JSON, please"}, 415
    return {"you sent": request.json}


@app.get("/visits")
async def visits(request):
    count = int(request.cookies.get("visits", "0")) + 1
    return "Visit " + str(count), 200, {"Set-Cookie": "visits=%d; Path=/" % count}


@app.get("/old")
def old(request):
    return redirect("/")


@app.get("/count")
async def count(request):
    async def numbers():
        for number in range(1, 6):
            yield str(number) + "\n"
            await asyncio.sleep(0.1)

    return numbers()


if __name__ == "__main__":
    app.run(port=5000)
