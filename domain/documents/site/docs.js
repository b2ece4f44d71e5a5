// Search in the menu, buttons to copy, this server's address in the examples, and the look
// that was chosen in the chat page. The pages work without it.
try {
  const theme = localStorage.getItem("parley.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* a private window keeps nothing: the system's look stays */ }

const fold = document.querySelector(".menu .fold");
const narrow = matchMedia("(max-width: 52rem)");
const settle = () => { fold.open = !narrow.matches; };
narrow.addEventListener("change", settle);
settle();

const search = document.getElementById("search");
const found = document.getElementById("found");
const groups = [...document.querySelectorAll(".menu .group")];
const opened = new Map(groups.map((group) => [group, group.open]));
document.querySelector(".find").hidden = false;

/** Shows only what has every word of the text in its name, description or paths. */
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const group of groups) {
    let some = false;
    for (const item of group.querySelectorAll("li")) {
      const link = item.firstElementChild;
      const text = `${link.textContent} ${link.dataset.words}`.toLowerCase();
      const fits = words.every((word) => text.includes(word));
      item.hidden = !fits;
      some ||= fits;
      if (fits) count++;
    }
    group.hidden = !some;
    group.open = words.length > 0 ? some : opened.get(group);
  }
  found.textContent = words.length === 0 ? "" : `${count} found`;
}

search.addEventListener("input", filter);
search.addEventListener("keydown", (event) => {
  const links = [...document.querySelectorAll(".menu li:not([hidden]) a")];
  if (event.key === "Enter" && search.value) links[0]?.click();
  if (event.key === "ArrowDown" && search.value) {
    event.preventDefault();
    links[0]?.focus();
  }
  if (event.key === "Escape") {
    search.value = "";
    filter();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
  event.preventDefault();
  fold.open = true;
  search.focus();
});

// The examples are written for a server at its default address; here they name this one.
for (const code of document.querySelectorAll(".code code")) {
  code.textContent = code.textContent.replaceAll("http://localhost:3000", location.origin);
}

for (const block of document.querySelectorAll(".code pre")) {
  if (!navigator.clipboard) break; // only over https and on this machine
  const button = document.createElement("button");
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.closest(".snippet").append(button);
}
