"""One application for a board, `python app.py`, `uvicorn app:app` and `gunicorn app:app`, without a change."""

import asyncio

from microdot import Microdot, redirect

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Microdot</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark }
body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 0; background: Canvas; color: CanvasText }
main { max-width: 30rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.6rem }
input, button { font: inherit; padding: .5rem .8rem; box-sizing: border-box }
input, button { border: 1px solid #888; border-radius: .5rem }
button { background: #0b5cad; border-color: #0b5cad; color: #fff }
form { display: flex; gap: .5rem; align-items: end }
label { flex: 1 }
input { width: 100% }
pre { white-space: pre-wrap }
</style>
</head>
<body>
<main>
<h1>Hello from Microdot!</h1>
<p>This page comes from one file, on a board or on a server. Try its routes:</p>
<ul>
<li><a href="hello/you">a part of the path</a></li>
<li><a href="visits">a cookie that counts your visits</a></li>
<li><a href="count">a response that comes line by line</a></li>
<li><a href="old">a page that has moved, here</a></li>
</ul>
<form id="echo">
<label>Send this as JSON: <input name="text" value="grüß dich" required></label>
<button>Send</button>
</form>
<pre role="status" id="answer"></pre>
</main>
<script>
document.getElementById("echo").onsubmit = async event => {
  event.preventDefault();
  const answer = await fetch("echo", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({text: event.target.text.value}),
  });
  document.getElementById("answer").textContent = await answer.text();
};
</script>
</body>
</html>
"""

app = Microdot()


@app.get("/")
async def index(request):
    return PAGE, 200, {"Content-Type": "text/html; charset=UTF-8"}


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
    try:
        count = int(request.cookies.get("visits", "0")) + 1
    except ValueError:  # a client may send anything as a cookie
        count = 1
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
