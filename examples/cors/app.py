"""An API that pages of one other site may use, with the visitor's cookies."""

from microdot import Microdot
from microdot.cors import CORS

app = Microdot()
CORS(app, allowed_origins=["https://dashboard.example"], allow_credentials=True, max_age=600)


@app.get("/temperature")
async def temperature(request):
    return {"celsius": 21.5}


@app.put("/heating")
async def heating(request):
    return {"heating": bool((request.json or {}).get("on"))}


if __name__ == "__main__":
    app.run(port=5000)
