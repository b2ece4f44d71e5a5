/** How many times as long as a drawing took nothing is drawn after it, and for how long at most. */
const restFactor = 2;
const maxRest = 150;

/**
 * paced decides when the page is drawn: once per frame, however many events come in a
 * burst, and less often where drawing takes long, so that keys and clicks find their
 * turn in between. What a click or a command key asks for does not wait. A hidden page
 * has no frames, but its title still counts what is new.
 */
export function paced(): (draw: () => void) => void {
  let restsUntil = 0;
  let resting: { timer: ReturnType<typeof setTimeout>; draw: () => void } | undefined;
  const inTheNextFrame = (draw: () => void) => {
    const once = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      const began = performance.now();
      draw();
      const ended = performance.now();
      restsUntil = ended + Math.min(maxRest, restFactor * (ended - began));
    };
    const frame = requestAnimationFrame(once);
    const timer = setTimeout(once, 100);
  };
  const wake = () => {
    restsUntil = 0;
    if (resting === undefined) return;
    clearTimeout(resting.timer);
    inTheNextFrame(resting.draw);
    resting = undefined;
  };
  addEventListener("click", wake, { capture: true });
  // What is typed shows by itself.
  addEventListener("keydown", ({ key }) => (key ?? "").length !== 1 && wake(), { capture: true });
  return (draw) => {
    const rest = restsUntil - performance.now();
    // What is less than a frame passes anyway until the next one.
    if (rest < 16) inTheNextFrame(draw);
    else resting = { timer: setTimeout(wake, rest), draw };
  };
}
