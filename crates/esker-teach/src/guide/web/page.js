// Draws the path anew at each answer. Without this script the button does the same.
"use strict";
(() => {
  const form = document.getElementById("answers");
  const path = document.getElementById("path");
  document.documentElement.classList.add("live");
  const told = document.getElementById("told");
  let waiting = 0;
  let newest = 0;
  const query = () => {
    const pairs = [...new FormData(form)].filter(([name, value]) => value !== "" || ["hours", "weeks", "start"].includes(name));
    return new URLSearchParams(pairs).toString();
  };
  // One line that is read out and, on a narrow screen, stays in sight while one answers.
  const tell = () => {
    told.textContent = (path.querySelector(".status") ?? path.querySelector(".refusal h2"))?.textContent ?? "";
  };
  tell();
  const draw = async () => {
    const mine = ++newest;
    const asked = query();
    // Before the reply: the address holds the answers even where there is none.
    history.replaceState(null, "", "/?" + asked);
    try {
      const reply = await fetch("/path?" + asked);
      const text = await reply.text();
      if (mine !== newest) return;
      const drawn = new DOMParser().parseFromString(text, "text/html");
      path.replaceChildren(...drawn.body.childNodes);
      tell();
    } catch {
      const note = document.createElement("p");
      note.setAttribute("role", "alert");
      note.textContent = "The guide has ended; start it again with esker guide serve.";
      path.replaceChildren(note);
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 120);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    draw();
  });
})();
