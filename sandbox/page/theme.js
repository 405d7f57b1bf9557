// Light and dark: the system's wish until the person chooses, and the choice is remembered.
import { lasting } from "./memory.js";

const wish = matchMedia("(prefers-color-scheme: dark)");

/** "light" or "dark", whichever is shown now. */
export const theme = () => document.documentElement.dataset.theme ?? (wish.matches ? "dark" : "light");

/** Show what was chosen before. */
export function restoreTheme() {
  const chosen = lasting.read("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}

/** Switch, and remember it. */
export function toggleTheme() {
  const next = theme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  lasting.write("theme", next);
}
