import { options, render } from "preact";
import { App } from "./app";
import { Connection } from "./net/socket";
import { Chat } from "./state/chat";
import { loadIdentity } from "./state/identity";
import { loadTheme, paint } from "./state/theme";
import { loadReader } from "./ui/markdown";
import { watchTouch } from "./ui/touch";

// However many events come in a burst, the page is drawn once per frame; a hidden page
// has no frames, but its title still counts what is new.
options.debounceRendering = (draw) => {
  const once = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    draw();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, 100);
};

paint(loadTheme());
watchTouch();
const chat = new Chat(loadIdentity(), (credentials, listener) => new Connection(credentials, listener));
render(<App chat={chat} />, document.getElementById("app")!);
chat.connect();
loadReader().catch(() => undefined); // The first text that needs it tries again.
