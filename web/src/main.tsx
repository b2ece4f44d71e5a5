import { options, render } from "preact";
import { App } from "./app";
import { Connection } from "./net/socket";
import { Chat } from "./state/chat";
import { loadIdentity } from "./state/identity";
import { loadTheme, paint } from "./state/theme";
import { loadReader } from "./ui/markdown";
import { paced } from "./ui/pace";
import { watchTouch } from "./ui/touch";

options.debounceRendering = paced();
paint(loadTheme());
watchTouch();
const chat = new Chat(loadIdentity(), (credentials, listener) => new Connection(credentials, listener));
render(<App chat={chat} />, document.getElementById("app")!);
chat.connect();
loadReader().catch(() => undefined); // The first text that needs it tries again.
