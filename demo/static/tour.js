const PAUSE = 900;
const stops = [...document.querySelectorAll(".stop")];
let signedIn = null;

const signIn = () => (signedIn ??= fetch("/tour/sign-in", { method: "POST" }));

function form() {
  const data = new FormData();
  data.append("cover", new Blob(["a small picture"], { type: "image/png" }), "cover.png");
  return data;
}

async function play(stop) {
  const { method, path, status } = stop.dataset;
  const output = stop.querySelector("output");
  if (path.startsWith("/admin")) await signIn();
  stop.classList.add("playing");
  output.textContent = "…";
  const begun = performance.now();
  let answer;
  try {
    answer = await fetch(path, { method, redirect: "manual", body: method === "POST" && path.endsWith("upload") ? form() : undefined });
    await answer.arrayBuffer();
    const shown = answer.type === "opaqueredirect" ? status : answer.status;
    output.textContent = `${shown} in ${Math.round(performance.now() - begun)} ms`;
    output.className = Number(shown) >= 400 ? "failed" : "";
  } catch {
    // Where the server gave up after the headers, the body is missing.
    output.textContent = answer === undefined ? "no answer" : `${answer.status}, and no body`;
    output.className = "failed";
  } finally {
    stop.classList.remove("playing");
  }
}

for (const stop of stops) stop.addEventListener("click", () => play(stop));

document.querySelector("#all").addEventListener("click", async (event) => {
  event.currentTarget.disabled = true;
  const button = event.currentTarget;
  for (const stop of stops) {
    stop.scrollIntoView({ block: "nearest", behavior: "smooth" });
    await play(stop);
    await new Promise((resume) => setTimeout(resume, PAUSE));
  }
  button.disabled = false;
});
