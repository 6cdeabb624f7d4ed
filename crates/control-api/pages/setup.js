// The token stands behind the #, which browsers send to no server and into no log.
const token = location.hash.slice(1);
const isInvited = new URLSearchParams(location.search).has("invited");
const form = document.getElementById("form");
const said = document.getElementById("said");
const button = form.querySelector("button");
history.replaceState(null, "", location.pathname + location.search);

if (isInvited) {
  document.getElementById("who").hidden = true;
  document.getElementById("lead").textContent = "Choose the password that you will sign in with.";
}

function say(text, isWrong) {
  said.textContent = text;
  said.classList.toggle("wrong", isWrong);
}

if (!token) {
  say("This link is not whole: open it as it was printed.", true);
} else if (!isSecureContext) {
  say("A password is not sent over a connection that others can read: open this page with https.", true);
} else {
  button.disabled = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  say("Setting the password …", false);
  const fields = new FormData(form);
  const body = { token, password: fields.get("password") };
  if (!isInvited) {
    body.name = fields.get("name");
    body.email = fields.get("email");
  }
  try {
    const answer = await fetch("/v1/auth/password", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const told = await answer.json();
    if (answer.ok) {
      form.querySelectorAll("label, input, #hint, button").forEach((part) => { part.hidden = true; });
      say(`Done. You can sign in as ${told.email}.`, false);
      return;
    }
    say(told.detail, true);
  } catch {
    say("Runwatch does not answer. Try again in a moment.", true);
  }
  button.disabled = false;
});
