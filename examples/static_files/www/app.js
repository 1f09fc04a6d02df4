fetch("/api/time")
  .then((response) => response.json())
  .then((data) => { document.querySelector("output").textContent = data.uptime; });
