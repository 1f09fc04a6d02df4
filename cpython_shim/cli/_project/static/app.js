const lamp = document.getElementById("lamp");
const button = document.getElementById("switch");
const message = document.getElementById("message");
let light = { on: false };

// Show what the board says; without an answer the page says so and the switch rests.
async function ask(options) {
  try {
    const response = await fetch("api/light", options);
    light = await response.json();
    lamp.classList.toggle("on", light.on);
    lamp.setAttribute("aria-label", light.on ? "The light is on" : "The light is off");
    button.textContent = light.on ? "Switch off" : "Switch on";
    message.textContent = "";
    button.disabled = false;
  } catch {
    message.textContent = "No answer: is it switched on, and in this network?";
    button.disabled = true;
  }
}

button.addEventListener("click", () => ask({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ on: !light.on }),
}));

ask();
setInterval(ask, 3000); // others may use the switch
