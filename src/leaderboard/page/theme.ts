// Light, dark, or as the system has it: remembered where the browser allows, and the same in all pages that are open.

const stored = "handheld-theme";

/** Follows the menu of the page, and those of others. */
export function startTheme(menu: HTMLSelectElement): void {
  menu.value = document.documentElement.dataset.theme ?? "system";
  menu.addEventListener("change", () => {
    show(menu.value);
    try {
      localStorage.setItem(stored, menu.value);
    } catch {
      // storage is off: the choice lasts as long as the page
    }
  });
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== stored) return;
    menu.value = newValue === "light" || newValue === "dark" ? newValue : "system";
    show(menu.value);
  });
}

function show(theme: string): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Runs before anything is drawn, so that nothing flashes; text, because it stands in the page's head. */
export const earlyTheme = `try{const t=localStorage.getItem("${stored}");if(t==="light"||t==="dark")document.documentElement.dataset.theme=t}catch{}`;
