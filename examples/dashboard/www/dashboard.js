// The page shows what the server sends, even what is changed here: all viewers see the same.
const $ = id => document.getElementById(id);
const READINGS = 120;
let readings = [];
let limit = 0;

function showReadings() {
  if (!readings.length) return;
  const now = readings[readings.length - 1];
  const low = Math.min(...readings), high = Math.max(...readings);
  const bottom = Math.min(low, limit) - 0.5, top = Math.max(high, limit) + 0.5;
  const y = value => (100 * (top - value) / (top - bottom)).toFixed(1);
  const step = 100 / Math.max(readings.length - 1, 1);
  const points = readings.map((value, i) => `${(i * step).toFixed(1)},${y(value)}`).join(" ");
  $("curve").setAttribute("points", points);
  $("area").setAttribute("points", `0,100 ${points} 100,100`);
  $("limit-line").setAttribute("y1", y(limit));
  $("limit-line").setAttribute("y2", y(limit));
  $("now").textContent = now.toFixed(1);
  $("range").textContent = `${low.toFixed(1)} to ${high.toFixed(1)} °C, the limit is ${limit} °C`;
  $("chart").setAttribute("aria-label", `Temperature over time: ${$("range").textContent}`);
}

function showSwitches(switches) {
  const inputs = $("switches").querySelectorAll("input");
  if (inputs.length) return inputs.forEach((input, number) => { input.checked = switches[number][1]; });
  $("switches").append(...switches.map(([name, on], number) => {
    const label = document.createElement("label");
    label.className = "switch";
    label.innerHTML = '<span></span><input type="checkbox" role="switch">';
    label.firstChild.textContent = name;
    label.lastChild.checked = on;
    label.lastChild.onchange = event => {
      const wanted = event.target.checked;
      event.target.checked = !wanted; // until the server says so
      post(`switches/${number}`, { on: wanted ? 1 : 0 });
    };
    return label;
  }));
}

function showLine([seconds, text]) {
  const item = document.createElement("div");
  const two = number => String(Math.floor(number)).padStart(2, "0");
  item.textContent = `${two(seconds / 3600)}:${two(seconds / 60 % 60)}:${two(seconds % 60)}  ${text}`;
  $("log").prepend(item);
  while ($("log").children.length > 40) $("log").lastChild.remove();
}

function showSettings(settings) {
  $("title").textContent = document.title = settings.name;
  limit = settings.limit;
  const form = $("settings");
  if (!form.contains(document.activeElement)) // not while somebody types
    for (const name of ["name", "interval", "limit"]) form.elements[name].value = settings[name];
  if (settings.file) {
    const link = document.createElement("a");
    link.href = "file";
    link.download = link.textContent = settings.file.name;
    $("file").replaceChildren(link, `, ${settings.file.size.toLocaleString("en")} bytes`);
  }
  showReadings();
}

function showViewers(count) {
  $("connection").textContent = count === 1 ? "Live, 1 viewer" : `Live, ${count} viewers`;
}

function showState(state) {
  readings = state.readings;
  showSettings(state.settings);
  showSwitches(state.switches);
  $("log").replaceChildren();
  state.log.forEach(showLine);
}

async function post(path, values) {
  try {
    const response = await fetch(path, { method: "POST", body: new URLSearchParams(values) });
    if (response.ok) return "";
    const { fields } = await response.json(); // what is wrong with each field
    return Object.entries(fields).map(field => field.join(" ")).join(", ");
  } catch {
    return "The server does not answer";
  }
}

function connect() {
  const source = new EventSource("events");
  const on = (name, show) => source.addEventListener(name, event => show(event.data && JSON.parse(event.data)));
  on("state", showState);
  on("settings", showSettings);
  on("viewers", showViewers);
  on("log", showLine);
  on("switch", ([number, on]) => { $("switches").querySelectorAll("input")[number].checked = on; });
  on("reading", value => {
    readings = [...readings, value].slice(-READINGS);
    showReadings();
  });
  on("full", () => { // other viewers have taken all places for events
    source.close();
    ask();
  });
  source.onerror = () => {
    $("connection").textContent = "Connection lost, trying again ...";
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  };
}

async function ask() {
  try {
    showState(await (await fetch("state")).json());
    $("connection").textContent = "Updated every 5 seconds: there are many viewers";
  } catch {
    $("connection").textContent = "Connection lost, trying again ...";
  }
  setTimeout(connect, 5000);
}

$("settings").onsubmit = async event => {
  event.preventDefault();
  $("settings-message").textContent = await post("settings", new FormData(event.target)) || "Saved.";
};

$("upload").onsubmit = event => {
  event.preventDefault();
  const file = $("chosen").files[0];
  const request = new XMLHttpRequest(); // fetch() does not tell how far an upload is
  request.open("PUT", "file?name=" + encodeURIComponent(file.name));
  request.upload.onprogress = event => { $("progress").value = event.loaded / event.total; };
  request.onloadend = () => {
    $("progress").hidden = true;
    $("upload").querySelector("button").disabled = false;
    const answer = request.status ? request.responseText : "The connection was lost";
    $("upload-message").textContent = request.status === 204 ? "Uploaded." : answer;
    if (request.status === 204) $("upload").reset();
  };
  $("progress").value = 0;
  $("progress").hidden = false;
  $("upload").querySelector("button").disabled = true;
  $("upload-message").textContent = "";
  request.send(file);
};

connect();
