"""Three ways to take a file: a form whose files are read as they arrive, a small form as a whole, and a plain body."""

import os

from microdot import Microdot
from microdot.multipart import FileUpload, FormDataIter, with_form_data
from microdot.uploads import save_body

FOLDER = "uploads"
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Upload</title>
<form method="post" action="/files" enctype="multipart/form-data">
  <input type="file" name="file" multiple> <button>Upload</button>
</form>
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
            saved[name] = await value.save(FOLDER + "/" + name)
    return saved


@app.post("/profile")
@with_form_data
async def profile(request):
    """A form as a whole: fields and files can be used in any order."""
    if not request.files or "photo" not in request.files:
        return "A form with a photo, please", 400
    photo = request.files["photo"]
    return {"name": request.form.get("name"), "photo": len(await photo.read())}


@app.put("/firmware", max_content_length=1024 * 1024)
async def firmware(request):
    """The body is the file: `curl -T image.bin http://device/firmware`."""
    return {"size": await save_body(request, FOLDER + "/firmware.bin")}


def make_folder():
    """Make the folder for the files, unless it is there."""
    try:
        os.mkdir(FOLDER)
    except OSError:
        os.stat(FOLDER)


make_folder()

if __name__ == "__main__":
    app.run(port=5000)
