"""Three ways to take a file: a form whose files are read as they arrive, a small form as a whole, and a plain body."""

import os

from microdot import Microdot, send_file
from microdot.multipart import FileUpload, FormDataIter, with_form_data
from microdot.uploads import save_body

FOLDER = __file__.rsplit("app.", 1)[0]
UPLOADS = "uploads"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Upload</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="narrow">
<h1>Upload</h1>
<section>
<h2>Files of any size</h2>
<form method="post" action="/files" enctype="multipart/form-data">
<label>Files <input type="file" name="file" multiple required></label>
<button>Upload</button>
</form>
</section>
<section>
<h2>A form with a photo</h2>
<form method="post" action="/profile" enctype="multipart/form-data">
<label>Name <input name="name" required></label>
<label>Photo of up to 15 KB <input type="file" name="photo" accept="image/*" required></label>
<button>Send</button>
</form>
</section>
</main>
</body>
</html>
"""

app = Microdot()


@app.get("/")
async def index(request):
    return PAGE, {"Content-Type": "text/html; charset=utf-8"}


@app.post("/files", max_content_length=1024 * 1024)
async def upload(request):
    """Save files of any size, piece by piece."""
    saved = {}
    async for _, value in FormDataIter(request):
        if isinstance(value, FileUpload) and value.filename:
            name = value.safe_filename
            saved[name] = await value.save(UPLOADS + "/" + name)
    return saved


@app.post("/profile")
@with_form_data
async def profile(request):
    """Take a form as a whole: its fields and files can be used in any order."""
    if not request.files or "photo" not in request.files:
        return "A form with a photo, please", 400
    photo = request.files["photo"]
    return {"name": request.form.get("name"), "photo": len(await photo.read())}


@app.put("/firmware", max_content_length=1024 * 1024)
async def firmware(request):
    """The body is the file: `curl -T image.bin http://device/firmware`."""
    return {"size": await save_body(request, UPLOADS + "/firmware.bin")}


@app.get("/style.css")
async def style(request):
    return send_file(FOLDER + "style.css")  # sends style.css.gz


def make_folder():
    """Make the folder for the files, unless it exists."""
    try:
        os.mkdir(UPLOADS)
    except OSError:
        os.stat(UPLOADS)


make_folder()

if __name__ == "__main__":
    app.run(port=5000)
