// The output of a run, as it comes. It may be hostile, so it is only ever text.

const MOST = 1_000_000;

const place = document.getElementById("output");
const state = document.getElementById("output-state");

if (place) {
  const decoder = new TextDecoder();
  let shown = 0;
  const events = new EventSource(place.dataset.source);
  state.textContent = "Waiting for output …";
  events.addEventListener("output", (event) => {
    const bytes = Uint8Array.from(atob(event.data), (letter) => letter.charCodeAt(0));
    const atEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
    if (shown < MOST) place.append(decoder.decode(bytes, { stream: true }));
    shown += bytes.length;
    state.textContent = shown < MOST ? "" : "Only the beginning is shown; download it for the rest.";
    if (atEnd) place.scrollTop = place.scrollHeight;
  });
  events.addEventListener("ended", () => {
    events.close();
    if (shown === 0) state.textContent = "It put nothing out.";
  });
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED && shown === 0) state.textContent = "There is no output to show.";
  };
}
