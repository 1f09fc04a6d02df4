const lamp = document.getElementById("lamp");
const button = document.getElementById("switch");
const message = document.getElementById("message");

// Show what the board says; without an answer the page says so and the switch rests.
async function ask(options) {
  try {
    const response = await fetch("api/light", options);
    const light = await response.json();
    lamp.classList.toggle("on", light.on);
    button.setAttribute("aria-checked", light.on);
    button.textContent = light.on ? "Switch off" : "Switch on";
    message.textContent = "";
    button.disabled = false;
  } catch {
    message.textContent = "No answer: is it switched on, and in this network?";
    button.disabled = true;
  }
}

button.addEventListener("click", () => {
  const on = button.getAttribute("aria-checked") !== "true";
  ask({
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ on }),
  });
});

ask();
setInterval(ask, 3000); // others may use the switch
