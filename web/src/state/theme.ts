import { local, names, read, write } from "./storage";

/** What the page looks like; system follows the machine. */
export type Theme = "system" | "light" | "dark";

/** themes are all there are, in the order in which they are offered. */
export const themes: readonly Theme[] = ["system", "light", "dark"];

/** loadTheme is the user's choice. */
export function loadTheme(): Theme {
  const kept = read(local, names.theme);
  return themes.find((theme) => theme === kept) ?? "system";
}

/** saveTheme keeps the user's choice. */
export function saveTheme(theme: Theme): void {
  write(local, names.theme, theme === "system" ? "" : theme);
}

/** The colour of the page's upper edge, which the browser's own bar takes on. */
const edges = { light: "#ffffff", dark: "#1a1e22" };

/** paint makes the page look so; the style sheet does the rest. */
export function paint(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const systems = meta.media.includes("dark") ? "dark" : "light";
    meta.content = edges[theme === "system" ? systems : theme];
  }
}
