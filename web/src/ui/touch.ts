/** Whether the last press was by a finger. */
const last = { byFinger: false };

/** watchTouch notes with what the page is pressed. */
export function watchTouch(): void {
  addEventListener("pointerdown", (event) => (last.byFinger = event.pointerType === "touch"), { capture: true, passive: true });
}

/**
 * byTouch says that texts are typed on the glass: there Enter starts a new line, and the
 * button sends. A device with a touch screen that is worked with a mouse has real keys.
 */
export function byTouch(): boolean {
  return last.byFinger && matchMedia("(pointer: coarse)").matches;
}
