async function show() {
  const answer = await fetch("api/time");
  document.querySelector("output").textContent = (await answer.json()).uptime;
  setTimeout(show, 1000);
}
show();
