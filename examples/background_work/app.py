"""Work that goes on after the response, links made from routes, and the client's address behind a proxy."""

import asyncio

from microdot import Microdot, send_file
from microdot.proxies import ProxyHeaders
from microdot.reverse import url_for

FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Background work</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Background work</h1>
<section>
<p>The server answers at once, and does the work then.</p>
<button id="start">Start a job</button>
<p><output id="log" class="log"></output></p>
</section>
<script>
document.getElementById("start").onclick = async () => {
  const line = document.createElement("div");
  document.getElementById("log").prepend(line);
  const answer = await fetch("jobs", {method: "POST"});
  const job = answer.headers.get("Location");
  for (let state = "accepted"; state !== "done"; state = await (await fetch(job)).text()) {
    line.textContent = `${job}: ${state}`;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  line.textContent = `${job}: done`;
};
</script>
</main>
</body>
</html>
"""

app = Microdot()
ProxyHeaders(app, trusted=["127.0.0.1", "10.0.0.0/8"])
jobs = {}


async def work(number):
    await asyncio.sleep(1)
    jobs[number] = "done"


@app.get("/")
async def index(request):
    return PAGE, HTML


@app.post("/jobs")
async def start(request):
    """Answer at once with the URL of the job, and then do it."""
    number = len(jobs) + 1
    jobs[number] = "running"
    request.background(work(number))
    return {"client": request.client_addr[0]}, 202, {"Location": url_for(request, "job", number=number)}


@app.get("/jobs/<int:number>", name="job")
async def job(request, number):
    return jobs.get(number, "unknown")


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
