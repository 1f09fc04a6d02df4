"""An API that pages of one other site may use, with the visitor's cookies."""

from microdot import Microdot, send_file
from microdot.cors import CORS

FOLDER = __file__.rsplit("app.", 1)[0]
HTML = {"Content-Type": "text/html; charset=UTF-8"}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Heating</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Heating</h1>
<section>
<div class="value"><output id="celsius">...</output> °C</div>
<label class="switch">Heating <input id="heating" type="checkbox" role="switch"></label>
<p class="quiet">A page at https://dashboard.example may ask for the same, those of other sites may not.</p>
</section>
<script>
const $ = id => document.getElementById(id);
fetch("temperature").then(answer => answer.json()).then(data => { $("celsius").textContent = data.celsius; });
$("heating").onchange = async event => {
  const answer = await fetch("heating", {
    method: "PUT",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({on: event.target.checked}),
  });
  $("heating").checked = (await answer.json()).heating;
};
</script>
</main>
</body>
</html>
"""

app = Microdot()
CORS(app, allowed_origins=["https://dashboard.example"], allow_credentials=True, max_age=600)


@app.get("/")
async def index(request):
    return PAGE, HTML


@app.get("/temperature")
async def temperature(request):
    return {"celsius": 21.5}


@app.put("/heating")
async def heating(request):
    return {"heating": bool((request.json or {}).get("on"))}


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


if __name__ == "__main__":
    app.run(port=5000)
