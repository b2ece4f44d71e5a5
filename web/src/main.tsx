import { options, render } from "preact";
import { App } from "./app";
import { Connection } from "./net/socket";
import { Chat } from "./state/chat";
import { loadIdentity } from "./state/identity";

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

const chat = new Chat(loadIdentity(), (credentials, listener) => new Connection(credentials, listener));
render(<App chat={chat} />, document.getElementById("app")!);
chat.connect();
