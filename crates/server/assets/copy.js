// Copying: buttons that copy what stands at another place, and what is shown
// once, which is not to be left by accident before it is copied.

// What is shown once and was not copied yet.
const once = new Set();

// Asks before the page is left, until what stands here is copied or saved.
export const guard = (place) => once.add(place);
export const saved = (...places) => places.forEach((place) => once.delete(place));

window.addEventListener("beforeunload", (event) => {
  if (once.size > 0) event.preventDefault();
});

const copied = (source) => saved(...Array.from(once).filter((place) => place.contains(source) || source.contains(place)));

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    copied(source);
    setTimeout(() => (button.textContent = "Copy"), 2000);
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected: copy it by Ctrl+C";
  }
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-copy]");
  if (button) copy(button);
});

document.addEventListener("copy", () => {
  const { anchorNode } = getSelection();
  if (anchorNode) copied(anchorNode);
});
